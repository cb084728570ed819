// What the Watch page shows for each state of the player.
import { cleanup, render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import type { LivePlayer } from '../../hls/live-player';
import { initialPlayerState, type PlayerPhase, type PlayerState } from '../../hls/player-state';
import { Controls } from './controls';
import { LiveMark } from './live-mark';
import { StateOverlay } from './state-overlay';

const playing: PlayerState = { ...initialPlayerState, phase: 'playing', latency: 1.24 };

describe('LiveMark', () => {
  it('is live at the edge, with the delay for a viewer at the controls', () => {
    const { rerender } = render(<LiveMark state={playing} detailed />);
    expect(screen.getByTestId('live-badge')).toHaveTextContent('LIVE');
    expect(screen.getByTestId('latency')).toHaveTextContent('1.2 s');

    rerender(<LiveMark state={playing} detailed={false} />);
    expect(screen.getByTestId('live-badge')).toHaveTextContent('LIVE');
    expect(screen.queryByTestId('latency')).not.toBeInTheDocument();
  });

  it.each([
    [7, '7 s behind'],
    [59, '59 s behind'],
    [150, '2 min behind'],
  ])('tells a viewer who is %i s behind so: "%s"', (behindSeconds, text) => {
    render(<LiveMark state={{ ...playing, atEdge: false, behindSeconds }} detailed={false} />);

    expect(screen.getByTestId('live-badge')).toHaveTextContent(text);
    expect(screen.getByTestId('live-badge')).toHaveAttribute('data-live', 'false');
  });
});

describe('Controls', () => {
  const player = { goLive: vi.fn(), togglePaused: vi.fn(), setMuted: vi.fn() };
  const show = (state: PlayerState, visible = true) =>
    render(
      <Controls player={player as unknown as LivePlayer} state={state} visible={visible} frame={{ current: null }} video={{ current: null }} />,
    );

  it('offer to go live behind the live edge and while paused, and only then', async () => {
    show({ ...playing, atEdge: false, behindSeconds: 7 });
    await userEvent.click(screen.getByTestId('go-live'));
    expect(player.goLive).toHaveBeenCalledTimes(1);
    cleanup();

    show({ ...playing, paused: true });
    expect(screen.getByTestId('go-live')).toBeVisible();
    cleanup();

    show(playing);
    expect(screen.queryByTestId('go-live')).not.toBeInTheDocument();
  });

  it('can be reached with the keyboard while they are not to be seen', async () => {
    show(playing, false);
    await userEvent.tab();

    expect(screen.getByRole('button', { name: 'Pause' })).toHaveFocus();
  });

  it('have nothing to pause before there is a picture', () => {
    show(initialPlayerState);

    expect(screen.queryByRole('button', { name: 'Pause' })).not.toBeInTheDocument();
    expect(screen.getByRole('button', { name: 'Turn the sound on' })).toBeVisible();
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
