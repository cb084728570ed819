// The start page as a person meets it.
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { MemoryRouter, Route, Routes } from 'react-router';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LobbyPage } from './lobby-page';

const getUserMedia = vi.fn(() => Promise.reject(new DOMException('', 'NotAllowedError')));

function renderLobby() {
  render(
    <MemoryRouter>
      <Routes>
        <Route path="/" element={<LobbyPage />} />
        <Route path="/room/:roomId" element={<p>The room</p>} />
      </Routes>
    </MemoryRouter>,
  );
}

beforeEach(() => {
  localStorage.clear();
  getUserMedia.mockClear();
  Object.defineProperty(navigator, 'mediaDevices', { configurable: true, value: { getUserMedia } });
});

describe('LobbyPage', () => {
  it('asks the browser for nothing before the person clicks', async () => {
    renderLobby();
    expect(getUserMedia).not.toHaveBeenCalled();

    getUserMedia.mockRejectedValueOnce(new DOMException('', 'NotAllowedError'));
    await userEvent.click(screen.getByTestId('open-preview'));
    expect(getUserMedia).toHaveBeenCalledTimes(1);
    expect(screen.getByText(/You can be in the room without them/)).toBeVisible();
    expect(screen.getByTestId('create-room')).toBeEnabled();
  });

  it('says that the page needs HTTPS where the browser hides its devices', () => {
    Reflect.deleteProperty(navigator, 'mediaDevices');
    renderLobby();

    expect(screen.getByText(/Open it over HTTPS or on localhost/)).toBeVisible();
    expect(screen.getByRole('button', { name: 'Camera', pressed: false })).toBeDisabled();
    expect(screen.getByRole('button', { name: 'Microphone', pressed: false })).toBeDisabled();
    expect(screen.getByTestId('create-room')).toBeEnabled();
  });

  it('goes to the room of a pasted link', async () => {
    renderLobby();
    await userEvent.type(screen.getByTestId('join-room-input'), 'https://example.org/room/k3v9');
    await userEvent.click(screen.getByTestId('join-room'));

    expect(screen.getByText('The room')).toBeVisible();
  });

  it('explains what to paste when the text is neither a link nor an id', async () => {
    renderLobby();
    await userEvent.type(screen.getByTestId('join-room-input'), 'what is this');
    await userEvent.click(screen.getByTestId('join-room'));

    expect(screen.getByTestId('join-room-input')).toBeInvalid();
    expect(screen.getByTestId('join-room-input')).toHaveAccessibleDescription(/neither a link to a room nor a room id/);
    await userEvent.type(screen.getByTestId('join-room-input'), '!');
    expect(screen.getByTestId('join-room-input')).toBeValid();
  });

  it('remembers the name for the next time', async () => {
    renderLobby();
    await userEvent.type(screen.getByTestId('display-name'), 'Ada');

    expect(localStorage.getItem('displayName')).toBe('Ada');
  });
});
