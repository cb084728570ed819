// Whose connection is weak, and since when that is worth saying.
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { WeakStreams, scoreOf } from './weak-streams';

const onChange = vi.fn();
let streams: WeakStreams;

beforeEach(() => {
  vi.useFakeTimers();
  onChange.mockReset();
  streams = new WeakStreams(onChange);
});

afterEach(() => vi.useRealTimers());

it('says who has arrived badly for a while, once per person, and that it is over at once', async () => {
  streams.scored('camera', 'ada', 4);
  streams.scored('microphone', 'ada', 2);
  await vi.advanceTimersByTimeAsync(3999);
  streams.scored('camera', 'ada', 3);
  expect(onChange).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(onChange).toHaveBeenLastCalledWith(['ada']);

  streams.scored('camera', 'ada', 5);
  streams.scored('microphone', 'ada', 10);
  expect(onChange).toHaveBeenLastCalledWith([]);
});

it('says nothing of a bad moment', async () => {
  streams.scored('camera', 'ada', 0);
  await vi.advanceTimersByTimeAsync(3000);
  streams.scored('camera', 'ada', 8);
  await vi.advanceTimersByTimeAsync(10_000);

  expect(onChange).not.toHaveBeenCalled();
});

it('forgets what ended', async () => {
  streams.scored('camera', 'ada', 0);
  streams.keepOnly(() => false);
  await vi.advanceTimersByTimeAsync(10_000);

  expect(onChange).not.toHaveBeenCalled();
});

it('takes the worse half of the way, and a paused stream for no bad one', () => {
  const stream = { consumerId: 'c', producerPaused: false, score: 9, producerScore: 3 };

  expect(scoreOf(stream)).toBe(3);
  expect(scoreOf({ ...stream, producerPaused: true })).toBe(10);
});
