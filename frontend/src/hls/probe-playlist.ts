// Looks at a playlist before a player is pointed at it.

/**
 * - `live`: it lists media and may grow
 * - `finished`: it ends with ENDLIST
 * - `missing`: there is no such playlist
 * - `notReady`: it lists nothing yet, or the server cannot be reached now
 */
export type PlaylistState = 'live' | 'finished' | 'missing' | 'notReady';

const TIMEOUT_MS = 5000;

export async function probePlaylist(url: string): Promise<PlaylistState> {
  try {
    const response = await fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (response.status === 404 || response.status === 410) return 'missing';
    return response.ok ? classifyPlaylist(await response.text()) : 'notReady';
  } catch {
    return 'notReady';
  }
}

export function classifyPlaylist(text: string): PlaylistState {
  // A web server that answers unknown paths with its start page has no playlist either.
  if (!text.startsWith('#EXTM3U')) return 'missing';
  if (text.includes('#EXT-X-ENDLIST')) return 'finished';
  return /^#(EXTINF|EXT-X-PART|EXT-X-STREAM-INF):/m.test(text) ? 'live' : 'notReady';
}
