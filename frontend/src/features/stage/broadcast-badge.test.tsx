// What the badge says of the broadcast.
import { render, screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { BroadcastStatus } from '../../signaling/generated';
import { BroadcastBadge } from './broadcast-badge';

const playlistUrl = '/hls/room/index.m3u8';
const names: Record<string, string> = { a: 'Ada', b: 'Ben' };
const nameOf = (peerId: string) => names[peerId];

describe('BroadcastBadge', () => {
  it.each<[BroadcastStatus, string]>([
    [{ phase: 'idle' }, 'Off air'],
    [{ phase: 'starting', playlistUrl }, 'Going live'],
    [{ phase: 'live', playlistUrl }, 'LIVE'],
    [{ phase: 'reconnecting', reason: 'The composer is away.' }, 'Broadcast reconnecting'],
    [{ phase: 'refused', reason: 'No capacity.' }, 'Not broadcast'],
    [{ phase: 'ended', playlistUrl }, 'Broadcast ended'],
  ])('shows %o as "%s"', (broadcast, label) => {
    render(<BroadcastBadge nameOf={nameOf} broadcast={broadcast} />);

    expect(screen.getByText(label)).toBeInTheDocument();
    expect(screen.getByTestId('broadcast-phase')).toHaveAttribute('data-phase', broadcast.phase);
  });

  it('gives the reason when viewers will not see the picture', () => {
    render(<BroadcastBadge nameOf={nameOf} broadcast={{ phase: 'refused', reason: 'the core has no capacity left' }} />);

    expect(screen.getByText('The core has no capacity left. The call goes on.')).toBeVisible();
  });

  it('says that nothing is to be done while viewers wait, and keeps the reason for who looks for it', () => {
    render(<BroadcastBadge nameOf={nameOf} broadcast={{ phase: 'reconnecting', reason: 'tcp connect error' }} />);

    expect(screen.getByText(/comes back by itself\. The call goes on\./)).toHaveAttribute('title', 'tcp connect error');
  });

  it('names whom viewers do not get, and keeps the reasons for who looks for them', () => {
    const missing = [
      { peerId: 'a', screen: false, reason: 'no port' },
      { peerId: 'b', screen: true, reason: 'FFmpeg did not start' },
      { peerId: 'c', screen: false, reason: 'no port' },
    ];
    render(<BroadcastBadge nameOf={nameOf} broadcast={{ phase: 'live', playlistUrl, missing }} />);

    const said = screen.getByText(/^Viewers do not get Ada, the screen of Ben, and a guest at the moment;/);
    expect(said).toHaveAttribute('title', 'no port\nFFmpeg did not start\nno port');
  });
});
