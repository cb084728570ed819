// The mark of a live picture, small in its corner: red at the live edge, grey with the distance when behind it.
import type { PlayerState } from '../../hls/player-state';

interface Props {
  state: PlayerState;
  /** The viewer is at the controls, and may want to know the delay. */
  detailed: boolean;
}

export function LiveMark({ state, detailed }: Props) {
  const { atEdge, paused, behindSeconds, latency } = state;
  const live = atEdge && !paused;
  return (
    <div className="absolute top-3 left-3 flex items-center gap-1.5 text-xs sm:top-4 sm:left-4">
      <span
        data-testid="live-badge"
        data-live={live}
        className={`rounded-md px-1.5 py-0.5 font-bold tracking-wide ${live ? 'bg-live text-ink' : 'bg-black/70 text-white'}`}
      >
        {atEdge ? 'LIVE' : `${distance(behindSeconds)} behind`}
      </span>
      {detailed && live && latency !== undefined && (
        <span
          data-testid="latency"
          data-seconds={latency.toFixed(2)}
          title="Delay between the end of the stream and this picture"
          className="rounded-md bg-black/70 px-1.5 py-0.5 text-white/90 tabular-nums"
        >
          {latency.toFixed(1)} s
        </span>
      )}
    </div>
  );
}

function distance(seconds: number): string {
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min`;
}
