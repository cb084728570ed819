// What the Watch page shows of a player at one moment.

/**
 * - `waiting`: no picture has existed yet
 * - `playing`: the picture moves, or the viewer paused it
 * - `reconnecting`: the picture stands still; the player looks for more by itself
 * - `ended`: the broadcast is over
 */
export type PlayerPhase = 'waiting' | 'playing' | 'reconnecting' | 'ended';

export interface PlayerState {
  phase: PlayerPhase;
  /** Seconds between the end of the playlist and the picture. */
  latency?: number;
  atEdge: boolean;
  behindSeconds: number;
  paused: boolean;
  muted: boolean;
  volume: number;
  /** The browser refuses to start without a click. */
  needsGesture: boolean;
}

export const initialPlayerState: PlayerState = {
  phase: 'waiting',
  atEdge: true,
  behindSeconds: 0,
  paused: false,
  muted: true,
  volume: 1,
  needsGesture: false,
};
