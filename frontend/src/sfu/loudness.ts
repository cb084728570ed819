// How loud somebody is, as a number to draw.
import type { AudioLevel } from '../signaling/generated';

/** Quieter than this is the room, not the person. */
const QUIET_DBOV = -60;
/** Nobody speaks louder than this. */
const LOUD_DBOV = -15;

/** From 0, silence, to 1, a raised voice, of whoever is heard. */
export function loudness(levels: readonly AudioLevel[]): Record<string, number> {
  const share = (volume: number) => Math.min(1, Math.max(0, (volume - QUIET_DBOV) / (LOUD_DBOV - QUIET_DBOV)));
  return Object.fromEntries(levels.map(({ peerId, volume }) => [peerId, share(volume)]));
}
