// What an answer to the playlist's address means.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { classifyPlaylist, probePlaylist } from './probe-playlist';

const live = '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\na.m4s\n';

describe('classifyPlaylist', () => {
  it.each([
    ['lists a segment', live, 'live'],
    ['lists a part before its first segment', '#EXTM3U\n#EXT-X-PART:DURATION=0.2,URI="p"\n', 'live'],
    ['names variants', '#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nv.m3u8\n', 'live'],
    ['has no media yet', '#EXTM3U\n#EXT-X-TARGETDURATION:1\n', 'notReady'],
    ['ends with ENDLIST', `${live}#EXT-X-ENDLIST\n`, 'finished'],
    ['is really the start page of the site', '<!doctype html>', 'missing'],
  ])('a playlist that %s', (_what, text, state) => {
    expect(classifyPlaylist(text)).toBe(state);
  });
});

describe('probePlaylist', () => {
  afterEach(() => vi.unstubAllGlobals());

  it.each([
    [404, 'missing'],
    [410, 'missing'],
    [503, 'notReady'],
    [200, 'live'],
  ])('takes status %i as %s', async (status, state) => {
    vi.stubGlobal('fetch', () => Promise.resolve(new Response(live, { status })));

    await expect(probePlaylist('/hls/room/index.m3u8')).resolves.toBe(state);
  });

  it('takes an unreachable server as not ready', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('Failed to fetch')));

    await expect(probePlaylist('/hls/room/index.m3u8')).resolves.toBe('notReady');
  });
});
