// One person's tile.
import { render, screen } from '@testing-library/react';
import { describe, expect, it, vi } from 'vitest';
import { Tile } from './tile';

const track = {} as MediaStreamTrack;

describe('Tile', () => {
  it('shows initials and no video while the camera is off', () => {
    render(<Tile peerId="p1" displayName="Ada Lovelace" muted={false} speaking={false} />);

    expect(screen.getByText('AL')).toBeInTheDocument();
    expect(screen.queryByLabelText('Camera of Ada Lovelace')).not.toBeInTheDocument();
  });

  it('attaches the camera’s track and says so', () => {
    const onAttached = vi.fn();
    render(<Tile peerId="p1" displayName="Ada" track={track} muted={false} speaking={false} onAttached={onAttached} />);

    expect(screen.getByLabelText<HTMLVideoElement>('Camera of Ada').srcObject).toBeInstanceOf(MediaStream);
    expect(onAttached).toHaveBeenCalledTimes(1);
  });

  it('marks a muted person, and only a muted one', () => {
    const { rerender } = render(<Tile peerId="p1" muted speaking={false} />);
    expect(screen.getByLabelText('Muted')).toBeInTheDocument();

    rerender(<Tile peerId="p1" muted={false} speaking={false} />);
    expect(screen.queryByLabelText('Muted')).not.toBeInTheDocument();
  });

  it('tells which tile is one’s own and who speaks', () => {
    render(<Tile self peerId="me" displayName="Ada" muted={false} speaking />);
    const tile = screen.getByTestId('tile');

    expect(tile).toHaveAttribute('data-peer-id', 'me');
    expect(tile).toHaveAttribute('data-self', 'true');
    expect(tile).toHaveAttribute('data-speaking', 'true');
    expect(tile).toHaveTextContent('Ada (you)');
  });

  it('says once that somebody comes back, and keeps the last picture', () => {
    render(<Tile peerId="p1" displayName="Ada" track={track} muted={false} speaking={false} reconnecting weak />);

    expect(screen.getByRole('status')).toHaveTextContent('Reconnecting…');
    expect(screen.getByLabelText('Camera of Ada')).toBeInTheDocument();
    expect(screen.queryByLabelText('Weak connection')).not.toBeInTheDocument();
  });

  it('marks a weak connection, and says it of one’s own', () => {
    const { rerender } = render(<Tile peerId="p1" muted={false} speaking={false} weak />);
    expect(screen.getByLabelText('Weak connection')).toBeInTheDocument();
    expect(screen.queryByRole('status')).not.toBeInTheDocument();

    rerender(<Tile self peerId="me" muted={false} speaking={false} weak />);
    expect(screen.getByRole('status')).toHaveTextContent('Your connection is weak');
  });

  it('tells who is pinned', () => {
    render(<Tile peerId="p1" muted speaking={false} pinned />);

    expect(screen.getByLabelText('Pinned in the broadcast')).toBeInTheDocument();
  });
});
