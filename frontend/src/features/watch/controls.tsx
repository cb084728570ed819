// The bar under the picture: pause, sound, how live it is, picture in picture, full screen.
import { Maximize, Pause, PictureInPicture2, Play, Volume2, VolumeX } from 'lucide-react';
import type { ReactNode, RefObject } from 'react';
import type { LivePlayer } from '../../hls/live-player';
import type { PlayerState } from '../../hls/player-state';
import { LiveBadge } from './live-badge';
import { toggleFullScreen, togglePictureInPicture } from './picture-size';

interface Props {
  player: LivePlayer;
  state: PlayerState;
  frame: RefObject<HTMLDivElement | null>;
  video: RefObject<HTMLVideoElement | null>;
}

export function Controls({ player, state, frame, video }: Props) {
  return (
    <div className="absolute inset-x-0 bottom-0 flex items-center gap-1 bg-linear-to-t from-black/85 to-transparent px-2 pt-10 pb-2 sm:gap-1.5 sm:px-4 sm:pb-3">
      {state.phase === 'playing' && (
        <Control label={state.paused ? 'Play' : 'Pause'} onClick={() => player.togglePaused()}>
          {state.paused ? <Play size={20} /> : <Pause size={20} />}
        </Control>
      )}
      <Control label={state.muted ? 'Turn the sound on' : 'Mute'} onClick={() => player.setMuted(!state.muted)}>
        {state.muted ? <VolumeX size={20} /> : <Volume2 size={20} />}
      </Control>
      <input
        type="range"
        aria-label="Volume"
        min={0}
        max={1}
        step={0.05}
        value={state.muted ? 0 : state.volume}
        onChange={(event) => player.setVolume(event.target.valueAsNumber)}
        className="hidden w-24 accent-accent sm:block"
      />
      {state.phase === 'playing' && <LiveBadge state={state} onGoLive={() => player.goLive()} />}
      <span className="ml-auto" />
      <Control label="Picture in picture" onClick={() => togglePictureInPicture(video.current)}>
        <PictureInPicture2 size={20} />
      </Control>
      <Control label="Full screen" onClick={() => toggleFullScreen(frame.current, video.current)}>
        <Maximize size={20} />
      </Control>
    </div>
  );
}

function Control({ label, onClick, children }: { label: string; onClick: () => void; children: ReactNode }) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      onClick={onClick}
      className="grid size-10 shrink-0 place-items-center rounded-full text-white/90 transition-colors hover:bg-white/15 hover:text-white"
    >
      {children}
    </button>
  );
}
