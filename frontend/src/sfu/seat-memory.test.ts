// What a tab remembers of its seats.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { giveSeatUp, recallSeat, rememberSeat } from './seat-memory';

const seat = {
  roomId: 'room',
  role: 'publisher',
  session: { id: 's', secret: 'secret', keptFor: 30_000 },
  rejoinToken: 'token',
  hostToken: 'host',
} as const;

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
});

afterEach(() => vi.useRealTimers());

it('knows nothing of a room it was not in', () => {
  rememberSeat(seat);
  expect(recallSeat('another')).toEqual({});
});

it('is no stranger for as long as the server keeps a seat, and a host for longer', () => {
  rememberSeat(seat);
  vi.advanceTimersByTime(29_999);
  expect(recallSeat('room')).toEqual({ hostToken: 'host', rejoinToken: 'token' });

  vi.advanceTimersByTime(1);
  expect(recallSeat('room')).toEqual({ hostToken: 'host' });
});

it('keeps no secret of the seat itself', () => {
  rememberSeat(seat);
  expect(sessionStorage.getItem('seat:room')).not.toContain('secret');
});

it('forgets a seat that was given up', () => {
  rememberSeat({ ...seat, hostToken: undefined });
  giveSeatUp({ roomId: 'room' });

  expect(recallSeat('room')).toEqual({});
  expect(sessionStorage).toHaveLength(0);
});

it('remembers nothing where a page may store nothing', () => {
  vi.spyOn(Storage.prototype, 'setItem').mockImplementation(() => {
    throw new DOMException('', 'SecurityError');
  });

  expect(() => rememberSeat(seat)).not.toThrow();
});
