// What a host may do about a person and about the room.
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { HostControls } from '../../sfu/host-controls';
import type { Person } from '../../sfu/session-state';
import { HostMenu } from './host-menu';
import { RoomMenu } from './room-menu';

const controls = { mute: vi.fn(), remove: vi.fn(), pin: vi.fn(), unpin: vi.fn(), lock: vi.fn(), setLayout: vi.fn(), end: vi.fn() };
const asControls = controls as unknown as HostControls;

const ada: Person = {
  peerId: 'ada',
  displayName: 'Ada',
  role: 'publisher',
  host: false,
  reconnecting: false,
  camera: { producerId: 'v', track: {} as MediaStreamTrack },
  cameraPaused: false,
  muted: false,
};

beforeEach(() => vi.clearAllMocks());

describe('HostMenu', () => {
  const show = (parts: Partial<Parameters<typeof HostMenu>[0]> = {}) =>
    render(<HostMenu controls={asControls} person={ada} peerId="ada" name="Ada" source="camera" pinned={false} {...parts} />);
  const open = () => userEvent.click(screen.getByRole('button', { name: 'Manage Ada' }));

  it('mutes, turns the camera off, and pins, each with one choice', async () => {
    show();
    await open();
    await userEvent.click(screen.getByTestId('mute-peer'));
    expect(controls.mute).toHaveBeenLastCalledWith('ada', 'microphone');
    expect(screen.queryByRole('menu')).not.toBeInTheDocument();

    await open();
    await userEvent.click(screen.getByTestId('camera-off-peer'));
    expect(controls.mute).toHaveBeenLastCalledWith('ada', 'camera');
    await open();
    await userEvent.click(screen.getByTestId('pin-peer'));
    expect(controls.pin).toHaveBeenCalledWith('ada', 'camera');
  });

  it('offers no muting of whoever is mute, and unpins who is pinned', async () => {
    show({ person: { ...ada, muted: true, cameraPaused: true }, pinned: true });
    await open();
    expect(screen.getByTestId('mute-peer')).toBeDisabled();
    expect(screen.getByTestId('camera-off-peer')).toBeDisabled();
    await userEvent.click(screen.getByTestId('pin-peer'));

    expect(controls.unpin).toHaveBeenCalledTimes(1);
  });

  it('asks once before it removes anybody', async () => {
    show();
    await open();
    await userEvent.click(screen.getByTestId('remove-peer'));
    expect(controls.remove).not.toHaveBeenCalled();
    expect(screen.getByRole('group', { name: 'Remove Ada from the room?' })).toBeVisible();
    await userEvent.click(screen.getByText('Cancel'));
    expect(controls.remove).not.toHaveBeenCalled();

    await open();
    await userEvent.click(screen.getByTestId('remove-peer'));
    await userEvent.click(screen.getByTestId('confirm'));
    expect(controls.remove).toHaveBeenCalledWith('ada');
  });

  it('is used with the keyboard alone', async () => {
    show();
    await userEvent.tab();
    await userEvent.keyboard('{Enter}');
    expect(screen.getByTestId('mute-peer')).toHaveFocus();
    await userEvent.keyboard('{ArrowDown}{ArrowDown}{ArrowDown}{ArrowDown}{ArrowUp}');
    expect(screen.getByTestId('remove-peer')).toHaveFocus();
    await userEvent.keyboard('{Enter}');
    expect(screen.getByTestId('confirm')).toHaveFocus();
    await userEvent.keyboard('{Escape}');

    expect(screen.queryByRole('menu')).not.toBeInTheDocument();
    expect(screen.getByTestId('host-menu')).toHaveFocus();
  });

  it('closes when something else is pressed', async () => {
    show();
    await open();
    await userEvent.click(document.body);

    expect(screen.queryByRole('menu')).not.toBeInTheDocument();
  });

  it('only pins oneself', async () => {
    show({ person: undefined });
    await open();

    expect(screen.getAllByRole('menuitem').map((item) => item.dataset['testid'])).toEqual(['pin-peer']);
  });
});

describe('RoomMenu', () => {
  const show = async (locked = false) => {
    render(<RoomMenu controls={asControls} settings={{ locked, hasPassword: false, layout: 'grid' }} />);
    await userEvent.click(screen.getByTestId('room-menu'));
  };

  it('locks a room that is open, and unlocks one that is locked', async () => {
    await show(true);
    await userEvent.click(screen.getByRole('menuitem', { name: 'Unlock the room' }));

    expect(controls.lock).toHaveBeenCalledWith(false);
  });

  it('shows the layout of the broadcast and changes it', async () => {
    await show();
    expect(screen.getByRole('menuitemradio', { name: 'Grid' })).toBeChecked();
    await userEvent.click(screen.getByTestId('layout-spotlight'));

    expect(controls.setLayout).toHaveBeenCalledWith('spotlight');
  });

  it('asks once before it ends the call for everybody', async () => {
    await show();
    await userEvent.click(screen.getByTestId('end-room'));
    expect(controls.end).not.toHaveBeenCalled();
    await userEvent.click(screen.getByTestId('confirm'));

    expect(controls.end).toHaveBeenCalledTimes(1);
  });
});
