// Creates the player for a room's broadcast once its elements exist, and removes it with them.
import { useCallback, useEffect, useRef, useState, useSyncExternalStore, type RefObject } from 'react';
import { chooseEngine } from '../hls/engine';
import { LivePlayer } from '../hls/live-player';
import { initialPlayerState, type PlayerState } from '../hls/player-state';
import { probePlaylist } from '../hls/probe-playlist';

interface Result {
  video: RefObject<HTMLVideoElement | null>;
  still: RefObject<HTMLCanvasElement | null>;
  player?: LivePlayer;
  state: PlayerState;
  /** This browser can play HLS in no way. */
  unsupported: boolean;
}

const noSubscription = () => () => undefined;

export function useLivePlayer(roomId: string): Result {
  const video = useRef<HTMLVideoElement>(null);
  const still = useRef<HTMLCanvasElement>(null);
  const [player, setPlayer] = useState<LivePlayer>();
  const [unsupported, setUnsupported] = useState(false);

  useEffect(() => {
    if (!video.current || !still.current) return;
    const createEngine = chooseEngine(video.current);
    setUnsupported(!createEngine);
    if (!createEngine) return;
    const created = new LivePlayer({
      video: video.current,
      still: still.current,
      url: `/hls/${encodeURIComponent(roomId)}/index.m3u8`,
      createEngine,
      probe: probePlaylist,
    });
    created.start();
    setPlayer(created);
    window.__player = created;
    return () => created.destroy();
  }, [roomId]);

  const getSnapshot = useCallback(() => player?.getSnapshot() ?? initialPlayerState, [player]);
  const state = useSyncExternalStore(player?.subscribe ?? noSubscription, getSnapshot);
  return { video, still, player, state, unsupported };
}
