// What lies over the picture: why there is none, or the invitation to start it or to turn the sound on.
import { Play, Volume2 } from 'lucide-react';
import type { LivePlayer } from '../../hls/live-player';
import type { PlayerPhase, PlayerState } from '../../hls/player-state';

interface Sentence {
  title: string;
  detail: string;
}

const SENTENCES: Record<Exclude<PlayerPhase, 'playing'>, Sentence> = {
  waiting: {
    title: 'Waiting for the first picture',
    detail: 'It starts by itself as soon as the room goes live. If it never does, check the link.',
  },
  reconnecting: { title: 'Reconnecting', detail: 'The picture goes on as soon as the connection is back.' },
  ended: { title: 'The broadcast has ended', detail: 'If the room goes live again, the picture comes back here.' },
};

const UNSUPPORTED: Sentence = {
  title: 'This browser cannot play the broadcast',
  detail: 'Open this page in a current Chrome, Edge, Firefox or Safari.',
};

interface Props {
  state: PlayerState;
  unsupported: boolean;
  player?: LivePlayer;
}

export function StateOverlay({ state, unsupported, player }: Props) {
  const { phase, muted, needsGesture } = state;
  const sentence = unsupported ? UNSUPPORTED : phase === 'playing' || needsGesture ? undefined : SENTENCES[phase];

  return (
    <>
      <div aria-live="polite" className="pointer-events-none absolute inset-0">
        {sentence && (
          // The room below belongs to the controls.
          <div className="absolute inset-0 flex flex-col items-center justify-center gap-1.5 bg-black/75 px-4 pt-3 pb-13 text-center backdrop-blur-xl sm:gap-2">
            {!unsupported && phase !== 'ended' && (
              <span aria-hidden className="mb-1.5 size-6 animate-spin rounded-full border-2 border-white/20 border-t-accent sm:size-7" />
            )}
            <p className="text-lg font-semibold tracking-tight sm:text-2xl">{sentence.title}</p>
            <p className="max-w-sm text-sm text-balance text-soft">{sentence.detail}</p>
          </div>
        )}
        {phase === 'playing' && <span className="sr-only">Live picture is playing</span>}
      </div>
      {player && needsGesture && (
        <button
          type="button"
          aria-label="Play"
          onClick={() => player.goLive()}
          className="absolute inset-0 m-auto grid size-20 place-items-center rounded-full bg-accent text-ink shadow-2xl hover:bg-accent-strong"
        >
          <Play size={34} fill="currentColor" aria-hidden />
        </button>
      )}
      {player && phase === 'playing' && muted && (
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
