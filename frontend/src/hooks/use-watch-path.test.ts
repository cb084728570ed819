// Where a room is watched without being entered.
import { renderHook, waitFor } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import type { RoomSummary } from '../signaling/generated';
import { useWatchPath, watchPath } from './use-watch-path';

const room: RoomSummary = { roomId: 'room', peers: 1, hasPassword: false, locked: false };
const playlistUrl = '/hls/k3v9/index.m3u8';

afterEach(() => vi.unstubAllGlobals());

it.each<[string, RoomSummary, string | undefined]>([
  ['by its watch id while it is on air', { ...room, broadcast: { phase: 'live', playlistUrl } }, '/watch/k3v9'],
  ['by its watch id while it is about to be', { ...room, broadcast: { phase: 'starting', playlistUrl } }, '/watch/k3v9'],
  ['by its watch id while the composer is away', { ...room, broadcast: { phase: 'reconnecting', playlistUrl, reason: '' } }, '/watch/k3v9'],
  ['wherever the playlist is', { ...room, broadcast: { phase: 'live', playlistUrl: `https://cdn.example${playlistUrl}` } }, '/watch/k3v9'],
  ['nowhere when it was never on air', { ...room, broadcast: { phase: 'idle' } }, undefined],
  ['nowhere when the composer refuses it', { ...room, broadcast: { phase: 'refused', reason: '' } }, undefined],
  ['nowhere when it is over', { ...room, broadcast: { phase: 'ended', playlistUrl } }, undefined],
  ['nowhere by the link of a room with a password', { ...room, hasPassword: true }, undefined],
])('a room is watched %s', (_, summary, path) => {
  expect(watchPath(summary)).toBe(path);
});

it('asks the server', async () => {
  const fetch = vi.fn(() => Promise.resolve(Response.json({ ...room, broadcast: { phase: 'live', playlistUrl } })));
  vi.stubGlobal('fetch', fetch);
  const { result } = renderHook(() => useWatchPath('room'));

  await waitFor(() => expect(result.current).toBe('/watch/k3v9'));
  expect(fetch).toHaveBeenCalledWith('/api/rooms/room', expect.anything());
});

it('knows none of a room that does not exist', async () => {
  const fetch = vi.fn(() => Promise.resolve(Response.json({ error: 'x', code: 'room_not_found' }, { status: 404 })));
  vi.stubGlobal('fetch', fetch);
  const { result } = renderHook(() => useWatchPath('room'));

  await waitFor(() => expect(fetch).toHaveBeenCalled());
  expect(result.current).toBeUndefined();
});
