// The page of viewers: one live picture that waits, plays and comes back by itself.
import { useRef } from 'react';
import { useParams } from 'react-router';
import { Brand } from '../../components/brand';
import { useLivePlayer } from '../../hooks/use-live-player';
import { usePageTitle } from '../../hooks/use-page-title';
import { Controls } from './controls';
import { LiveMark } from './live-mark';
import { StateOverlay } from './state-overlay';
import { controlsAreVisible, useAttention } from './use-attention';
import { usePlayerKeys } from './use-player-keys';

export default function WatchPage() {
  const { roomId = '' } = useParams();
  usePageTitle('Watch');
  const frame = useRef<HTMLDivElement>(null);
  const { video, still, player, state, unsupported } = useLivePlayer(roomId);
  usePlayerKeys(player, frame, video);
  const playing = state.phase === 'playing';
  const { attentive, ofFrame } = useAttention(frame, playing && !state.paused);
  const controlsVisible = controlsAreVisible(state, attentive);

  return (
    <>
      <header className="mx-auto flex w-full max-w-5xl items-center justify-between px-5 py-4 sm:px-8">
        <Brand />
        <span className="hidden truncate font-mono text-xs text-faint sm:inline">{roomId}</span>
      </header>
      {/* Not so large that a low window would cut the picture off. */}
      <main className="mx-auto flex w-full max-w-[max(20rem,min(64rem,(100dvh-8.5rem)*16/9+4rem))] flex-1 flex-col justify-center pb-10 sm:px-8">
        <h1 className="sr-only">Live broadcast</h1>
        <div
          ref={frame}
          data-testid="watch-state"
          data-state={state.phase}
          className={`relative aspect-video w-full overflow-hidden bg-black sm:rounded-3xl sm:shadow-2xl sm:shadow-black/60 sm:ring-1 sm:ring-line [&:fullscreen]:rounded-none ${
            controlsVisible ? '' : '[&:fullscreen]:cursor-none'
          }`}
          {...ofFrame}
        >
          <canvas ref={still} aria-hidden className="upscaled absolute inset-0 size-full object-contain" />
          {/* Without data a video is transparent, so the last picture behind it shows through. */}
          <video
            ref={video}
            data-testid="watch-video"
            aria-label="Live picture"
            playsInline
            muted
            className="upscaled absolute inset-0 size-full object-contain"
          />
          <StateOverlay state={state} unsupported={unsupported} player={player} />
          {playing && <LiveMark state={state} detailed={controlsVisible} />}
          {player && <Controls player={player} state={state} visible={controlsVisible} frame={frame} video={video} />}
        </div>
        <p className="mt-4 hidden text-center text-xs text-faint sm:pointer-fine:block">
          <kbd>Space</kbd> pause · <kbd>M</kbd> sound · <kbd>L</kbd> go live · <kbd>F</kbd> full screen · <kbd>P</kbd> picture in picture
        </p>
      </main>
    </>
  );
}
