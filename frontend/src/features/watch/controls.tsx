// The bar at the picture's lower edge: pause, sound, the way back to the live edge, picture in picture, full screen.
import { Maximize, Minimize, Pause, PictureInPicture2, Play, Volume2, VolumeX } from 'lucide-react';
import type { ReactNode, RefObject } from 'react';
import type { LivePlayer } from '../../hls/live-player';
import type { PlayerState } from '../../hls/player-state';
import { fullScreenIsPossible, pictureInPictureIsPossible, toggleFullScreen, togglePictureInPicture } from './picture-size';
import { useFullScreen } from './use-full-screen';

interface Props {
  player: LivePlayer;
  state: PlayerState;
  visible: boolean;
  frame: RefObject<HTMLDivElement | null>;
  video: RefObject<HTMLVideoElement | null>;
}

export function Controls({ player, state, visible, frame, video }: Props) {
  const playing = state.phase === 'playing';
  const live = state.atEdge && !state.paused;
  const fullScreen = useFullScreen();

  return (
    <div
      role="group"
      aria-label="Player controls"
      // Faded out they stay in the tab order, and the focus brings them back; only a finger must not press what it does not see.
      className={`absolute inset-x-0 bottom-0 flex items-center gap-1 px-2 pt-10 pb-2 transition-opacity duration-300 sm:gap-1.5 sm:px-4 sm:pb-3 ${
        playing || state.needsGesture ? 'bg-linear-to-t from-black/85 to-transparent' : ''
      } ${visible ? '' : 'pointer-events-none opacity-0'}`}
    >
      {playing && (
        <Control label={state.paused ? 'Play' : 'Pause'} onClick={() => player.togglePaused()}>
          {state.paused ? <Play size={20} aria-hidden /> : <Pause size={20} aria-hidden />}
        </Control>
      )}
      <Control label={state.muted ? 'Turn the sound on' : 'Mute'} onClick={() => player.setMuted(!state.muted)}>
        {state.muted ? <VolumeX size={20} aria-hidden /> : <Volume2 size={20} aria-hidden />}
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
      {playing && !live && (
        <button
          type="button"
          data-testid="go-live"
          onClick={() => player.goLive()}
          className="rounded-full bg-white/20 px-3 py-1.5 text-xs font-semibold whitespace-nowrap hover:bg-white/30"
        >
          Go live
        </button>
      )}
      <span className="ml-auto" />
      {playing && pictureInPictureIsPossible() && (
        <Control label="Picture in picture" onClick={() => togglePictureInPicture(video.current)}>
          <PictureInPicture2 size={20} aria-hidden />
        </Control>
      )}
      {fullScreenIsPossible() && (
        <Control label={fullScreen ? 'Leave full screen' : 'Full screen'} onClick={() => toggleFullScreen(frame.current, video.current)}>
          {fullScreen ? <Minimize size={20} aria-hidden /> : <Maximize size={20} aria-hidden />}
        </Control>
      )}
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
