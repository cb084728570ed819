// What every player is to the tests: something with a position that can end or fail.

export interface Player {
  readonly name: PlayerName;
  /** Where it is in its media, in seconds; undefined before the first picture. */
  position: () => Promise<number | undefined>;
  /** Whether it says that the stream has ended. */
  ended: () => Promise<boolean>;
  /** Why it plays no more, in its own words. */
  failure: () => Promise<string | undefined>;
  close: () => Promise<void>;
}

export const PLAYERS = ['hls.js', 'our page', 'shaka', 'ffmpeg', 'mpv', 'GStreamer'] as const;
export type PlayerName = (typeof PLAYERS)[number];
