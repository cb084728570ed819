// What can be pasted to get into a room.
import { expect, it } from 'vitest';
import { pathFromAddress } from './room-address';

it.each([
  ['a bare room id', 'k3v9-Xy_1', '/room/k3v9-Xy_1'],
  ['a link to a room', 'https://example.org/room/k3v9?codec=h264', '/room/k3v9'],
  ['a link to the broadcast', 'http://localhost:3000/watch/k3v9', '/watch/k3v9'],
  ['an id with spaces around it', '  k3v9 ', '/room/k3v9'],
])('%s leads to the room', (_what, text, path) => {
  expect(pathFromAddress(text)).toBe(path);
});

it.each(['', 'hello there', 'https://example.org/', 'https://example.org/room/'])('"%s" leads nowhere', (text) => {
  expect(pathFromAddress(text)).toBeUndefined();
});
