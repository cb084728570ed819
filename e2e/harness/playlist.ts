// Reads a media playlist.

export interface Segment {
  sequence: number;
  uri: string;
  map: string;
  discontinuity: boolean;
  duration: number;
  /** When it begins, in milliseconds since the Unix epoch (EXT-X-PROGRAM-DATE-TIME); undefined where that is not said. */
  startsAt?: number;
}

export interface Playlist {
  mediaSequence: number;
  discontinuitySequence: number;
  /** Whole segments, oldest first. */
  segments: Segment[];
  /** Every part listed, oldest first. */
  parts: string[];
  /** Discontinuities before a segment or the one being written. */
  discontinuities: number;
  ended: boolean;
}

export function parsePlaylist(text: string): Playlist {
  if (!text.startsWith('#EXTM3U')) throw new Error(`no playlist: ${text.slice(0, 80)}`);
  const number = (tag: string) => Number(new RegExp(`^#${tag}:(\\d+)`, 'm').exec(text)?.[1] ?? 0);
  const mediaSequence = number('EXT-X-MEDIA-SEQUENCE');
  const segments: Segment[] = [];
  const parts: string[] = [];
  let map = '';
  let discontinuity = false;
  let duration = 0;
  let startsAt: number | undefined;
  for (const line of text.split('\n')) {
    map = /^#EXT-X-MAP:.*URI="([^"]+)"/.exec(line)?.[1] ?? map;
    duration = Number(/^#EXTINF:([\d.]+)/.exec(line)?.[1] ?? duration);
    if (line === '#EXT-X-DISCONTINUITY') discontinuity = true;
    startsAt = dateTime(line) ?? startsAt;
    const part = /^#EXT-X-PART:.*URI="([^"]+)"/.exec(line)?.[1];
    if (part) parts.push(part);
    if (line === '' || line.startsWith('#')) continue;
    segments.push({ sequence: mediaSequence + segments.length, uri: line, map, discontinuity, duration, ...(startsAt && { startsAt }) });
    startsAt = undefined;
    discontinuity = false;
  }
  return {
    mediaSequence,
    discontinuitySequence: number('EXT-X-DISCONTINUITY-SEQUENCE'),
    segments,
    parts,
    discontinuities: (text.match(/^#EXT-X-DISCONTINUITY$/gm) ?? []).length,
    ended: /^#EXT-X-ENDLIST$/m.test(text),
  };
}

function dateTime(line: string): number | undefined {
  const text = /^#EXT-X-PROGRAM-DATE-TIME:(.+)/.exec(line)?.[1];
  return text ? Date.parse(text) : undefined;
}

/** The playlist now; undefined when there is none or nobody answers. */
export async function fetchPlaylist(origin: string, roomId: string): Promise<Playlist | undefined> {
  try {
    const response = await fetch(`${origin}/hls/${roomId}/live.m3u8`, { signal: AbortSignal.timeout(5000) });
    return response.ok ? parsePlaylist(await response.text()) : undefined;
  } catch {
    return undefined;
  }
}

/** The newest thing a playlist names. */
export function newest(playlist: Playlist): string {
  return playlist.parts.at(-1) ?? playlist.segments.at(-1)?.uri ?? '';
}
