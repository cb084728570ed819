// The player's keys, wherever the focus is, except where a key already means something.
import { useEffect, type RefObject } from 'react';
import type { LivePlayer } from '../../hls/live-player';
import { toggleFullScreen, togglePictureInPicture } from './picture-size';

export function usePlayerKeys(
  player: LivePlayer | undefined,
  frame: RefObject<HTMLElement | null>,
  video: RefObject<HTMLVideoElement | null>,
): void {
  useEffect(() => {
    if (!player) return;
    const actions: Record<string, () => void> = {
      ' ': () => player.togglePaused(),
      m: () => player.setMuted(!player.getSnapshot().muted),
      l: () => player.goLive(),
      f: () => toggleFullScreen(frame.current, video.current),
      p: () => togglePictureInPicture(video.current),
    };
    const onKey = (event: KeyboardEvent) => {
      const modified = event.ctrlKey || event.metaKey || event.altKey;
      // Space presses a focused button, and the arrow keys move the volume.
      const taken = event.target instanceof Element && event.target.closest('button, a') && event.key === ' ';
      const action = actions[event.key.toLowerCase()];
      if (!action || modified || taken) return;
      event.preventDefault();
      action();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, [player, frame, video]);
}
