// Red at the live edge; grey with the distance, and a way back, when behind it.
import type { PlayerState } from '../../hls/player-state';

export function LiveBadge({ state, onGoLive }: { state: PlayerState; onGoLive: () => void }) {
  const live = state.atEdge && !state.paused;
  return (
    <div className="flex items-center gap-2 pl-1.5 text-xs whitespace-nowrap sm:text-sm">
      <span
        data-testid="live-badge"
        data-live={live}
        className={`rounded-md px-2 py-0.5 text-xs font-bold tracking-wide ${live ? 'bg-live text-ink' : 'bg-white/20 text-white'}`}
      >
        {live || state.behindSeconds === 0 ? 'LIVE' : `behind ${state.behindSeconds} s`}
      </span>
      {!live && (
        <button
          type="button"
          data-testid="go-live"
          onClick={onGoLive}
          className="rounded-full bg-white/15 px-3 py-1 text-xs font-semibold hover:bg-white/25"
        >
          Go live
        </button>
      )}
      {state.latency !== undefined && (
        <span data-testid="latency" data-seconds={state.latency.toFixed(2)} title="Delay between the end of the stream and this picture" className="text-white/70 tabular-nums">
          {state.latency.toFixed(1)} s
        </span>
      )}
    </div>
  );
}
