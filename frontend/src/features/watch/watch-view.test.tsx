// What the Watch page shows for each state of the player.
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import { initialPlayerState, type PlayerPhase, type PlayerState } from '../../hls/player-state';
import { LiveBadge } from './live-badge';
import { StateOverlay } from './state-overlay';

const playing: PlayerState = { ...initialPlayerState, phase: 'playing', latency: 1.24 };

describe('LiveBadge', () => {
  it('is live at the edge, with the delay and without a way to get there', () => {
    render(<LiveBadge state={playing} onGoLive={vi.fn()} />);

    expect(screen.getByTestId('live-badge')).toHaveTextContent('LIVE');
    expect(screen.getByTestId('latency')).toHaveTextContent('1.2 s');
    expect(screen.queryByTestId('go-live')).not.toBeInTheDocument();
  });

  it('tells how far behind it is and offers to go live', async () => {
    const onGoLive = vi.fn();
    render(<LiveBadge state={{ ...playing, atEdge: false, behindSeconds: 7 }} onGoLive={onGoLive} />);

    expect(screen.getByTestId('live-badge')).toHaveTextContent('behind 7 s');
    await userEvent.click(screen.getByTestId('go-live'));
    expect(onGoLive).toHaveBeenCalledTimes(1);
  });
});

describe('StateOverlay', () => {
  it.each<[PlayerPhase, string]>([
    ['waiting', 'Waiting for the first picture'],
    ['reconnecting', 'Reconnecting'],
    ['ended', 'The broadcast has ended'],
  ])('announces %s as "%s"', (phase, sentence) => {
    render(<StateOverlay state={{ ...initialPlayerState, phase }} unsupported={false} />);

    expect(screen.getByText(sentence).closest('[aria-live="polite"]')).toBeInTheDocument();
  });

  it('leaves the picture alone while it plays', () => {
    render(<StateOverlay state={playing} unsupported={false} />);

    expect(screen.queryByText(/Waiting|Reconnecting|ended/)).not.toBeInTheDocument();
  });
});
