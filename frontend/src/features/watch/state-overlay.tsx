// What lies over the picture: why there is none, or the invitation to turn the sound on.
import { Play, Volume2 } from 'lucide-react';
import type { LivePlayer } from '../../hls/live-player';
import type { PlayerPhase, PlayerState } from '../../hls/player-state';

const SENTENCES: Record<Exclude<PlayerPhase, 'playing'>, { title: string; detail: string }> = {
  waiting: { title: 'Waiting for the first picture', detail: 'It starts by itself as soon as the room goes live.' },
  reconnecting: { title: 'Reconnecting', detail: 'The picture goes on as soon as the connection is back.' },
  ended: { title: 'The broadcast has ended', detail: 'If the room goes live again, the picture comes back here.' },
};

interface Props {
  state: PlayerState;
  unsupported: boolean;
  player?: LivePlayer;
}

export function StateOverlay({ state, unsupported, player }: Props) {
  const sentence = unsupported
    ? { title: 'This browser cannot play the broadcast', detail: 'Open this page in a current version of any browser.' }
    : state.phase === 'playing' || state.needsGesture
      ? undefined
      : SENTENCES[state.phase];

  return (
    <>
      <div aria-live="polite" className="pointer-events-none absolute inset-0">
        {sentence && (
          <div className="absolute inset-0 flex flex-col items-center justify-center gap-2 bg-black/60 p-6 text-center backdrop-blur-[2px]">
            {!unsupported && state.phase !== 'ended' && (
              <span aria-hidden className="mb-2 size-7 animate-spin rounded-full border-2 border-white/20 border-t-accent" />
            )}
            <p className="text-lg font-semibold tracking-tight sm:text-2xl">{sentence.title}</p>
            <p className="max-w-sm text-sm text-soft">{sentence.detail}</p>
          </div>
        )}
        {state.phase === 'playing' && <span className="sr-only">Live picture is playing</span>}
      </div>
      {player && state.needsGesture && (
        <button
          type="button"
          aria-label="Play"
          onClick={() => player.goLive()}
          className="absolute inset-0 m-auto grid size-20 place-items-center rounded-full bg-accent text-ink shadow-2xl hover:bg-accent-strong"
        >
          <Play size={34} fill="currentColor" />
        </button>
      )}
      {player && state.phase === 'playing' && state.muted && (
        <button
          type="button"
          data-testid="unmute"
          onClick={() => player.setMuted(false)}
          className="absolute top-3 right-3 inline-flex items-center gap-2 rounded-full bg-white/90 px-4 py-2 text-sm font-semibold text-ink shadow-lg hover:bg-white sm:top-4 sm:right-4"
        >
          <Volume2 size={18} aria-hidden /> Tap for sound
        </button>
      )}
    </>
  );
}
