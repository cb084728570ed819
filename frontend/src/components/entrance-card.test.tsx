// The card before a room, for whoever is let in and whoever is not.
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { newSession } from '../sfu/current-session';
import type { Session } from '../sfu/session';
import { SignalingError } from '../signaling/signaling-error';
import { EntranceCard, type Entrance } from './entrance-card';

vi.mock('../sfu/current-session');

const session = { leave: vi.fn(() => Promise.resolve()), startDevices: vi.fn(() => Promise.resolve()) };
const onEntered = vi.fn();

function renderCard(enter: () => Promise<void>) {
  const asked = vi.fn<(session: Session, entrance: Entrance) => Promise<void>>(enter);
  render(<EntranceCard action="Join" acting="Joining…" actionTestId="join" enter={asked} onEntered={onEntered} />);
  return asked;
}

beforeEach(() => {
  localStorage.clear();
  vi.clearAllMocks();
  vi.mocked(newSession).mockReturnValue(session as unknown as Session);
  Object.defineProperty(navigator, 'mediaDevices', { configurable: true, value: {} });
});

describe('EntranceCard', () => {
  it('enters under the given name and starts the devices that are wanted', async () => {
    const asked = renderCard(() => Promise.resolve());
    await userEvent.type(screen.getByTestId('display-name'), 'Ada');
    await userEvent.click(screen.getByRole('button', { name: 'Microphone' }));
    await userEvent.click(screen.getByTestId('join'));

    expect(asked).toHaveBeenCalledWith(session, { displayName: 'Ada' }, expect.any(Function));
    expect(session.startDevices).toHaveBeenCalledWith({ camera: true, microphone: false });
    expect(onEntered).toHaveBeenCalledWith(session);
  });

  it('says why nobody is let in, drops the attempt, and can be used again', async () => {
    const scrolledTo = vi.spyOn(Element.prototype, 'scrollIntoView');
    const asked = renderCard(() => Promise.reject(new Error('This room is full.')));
    await userEvent.click(screen.getByTestId('join'));

    expect(screen.getByRole('alert')).toHaveTextContent('This room is full.');
    expect(scrolledTo).toHaveBeenCalledTimes(1);
    expect(scrolledTo.mock.contexts[0]).toBe(screen.getByRole('alert'));
    expect(session.leave).toHaveBeenCalledTimes(1);
    expect(onEntered).not.toHaveBeenCalled();

    asked.mockResolvedValue();
    await userEvent.click(screen.getByTestId('join'));
    expect(screen.getByRole('alert')).toBeEmptyDOMElement();
    expect(onEntered).toHaveBeenCalledTimes(1);
  });

  it('asks for the password of a room that has one, and for another when it was wrong', async () => {
    const refused = () => Promise.reject(new SignalingError('wrong_password', 'This room is protected by a password.'));
    const asked = renderCard(refused);
    expect(screen.queryByTestId('room-password')).not.toBeInTheDocument();
    await userEvent.click(screen.getByTestId('join'));
    expect(screen.getByRole('alert')).toHaveTextContent('protected by a password');
    expect(screen.getByLabelText('Password of the room')).toHaveFocus();

    await userEvent.type(screen.getByTestId('room-password'), 'sesame');
    await userEvent.click(screen.getByTestId('join'));
    expect(asked).toHaveBeenLastCalledWith(session, { displayName: '', password: 'sesame' }, expect.any(Function));
    expect(screen.getByRole('alert')).toHaveTextContent('not the password of this room');
  });

  it('asks whoever only watches for no device', async () => {
    render(
      <EntranceCard action="Join" acting="Joining…" actionTestId="join" devices={false} enter={() => Promise.resolve()} onEntered={onEntered} />,
    );
    expect(screen.queryByTestId('open-preview')).not.toBeInTheDocument();
    await userEvent.click(screen.getByTestId('join'));

    expect(session.startDevices).not.toHaveBeenCalled();
    expect(onEntered).toHaveBeenCalledTimes(1);
  });
});
