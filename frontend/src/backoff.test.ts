// Waiting times between attempts.
import { expect, it } from 'vitest';
import { Backoff } from './backoff';

it('waits longer after each failure, up to the maximum, and starts over after a success', () => {
  const backoff = new Backoff(1000, 3000);

  expect([backoff.next(), backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([1000, 1500, 2250, 3000, 3000]);
  backoff.reset();
  expect(backoff.next()).toBe(1000);
});

it('differs from one to another by no more than its jitter', () => {
  const waits = Array.from({ length: 100 }, () => new Backoff(1000, 3000, 0.3).next());

  expect(new Set(waits).size).toBeGreaterThan(1);
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(700);
  expect(Math.max(...waits)).toBeLessThanOrEqual(1300);
});
