// What the badge says of the broadcast.
import { render, screen } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { BroadcastStatus } from '../../signaling/generated';
import { BroadcastBadge } from './broadcast-badge';

const playlistUrl = '/hls/room/index.m3u8';

describe('BroadcastBadge', () => {
  it.each<[BroadcastStatus, string]>([
    [{ phase: 'idle' }, 'Off air'],
    [{ phase: 'starting', playlistUrl }, 'Going live'],
    [{ phase: 'live', playlistUrl }, 'LIVE'],
    [{ phase: 'reconnecting', reason: 'The composer is away.' }, 'Broadcast reconnecting'],
    [{ phase: 'refused', reason: 'No capacity.' }, 'Not broadcast'],
    [{ phase: 'ended', playlistUrl }, 'Broadcast ended'],
  ])('shows %o as "%s"', (broadcast, label) => {
    render(<BroadcastBadge broadcast={broadcast} />);

    expect(screen.getByText(label)).toBeInTheDocument();
    expect(screen.getByTestId('broadcast-phase')).toHaveAttribute('data-phase', broadcast.phase);
  });

  it('gives the reason when viewers will not see the picture', () => {
    render(<BroadcastBadge broadcast={{ phase: 'refused', reason: 'the core has no capacity left' }} />);

    expect(screen.getByText('The core has no capacity left. The call goes on.')).toBeVisible();
  });

  it('says that nothing is to be done while viewers wait, and keeps the reason for who looks for it', () => {
    render(<BroadcastBadge broadcast={{ phase: 'reconnecting', reason: 'tcp connect error' }} />);

    expect(screen.getByText(/comes back by itself\. The call goes on\./)).toHaveAttribute('title', 'tcp connect error');
  });
});
