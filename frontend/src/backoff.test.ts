// Waiting times between attempts.
import { expect, it } from 'vitest';
import { Backoff } from './backoff';

it('waits longer after each failure, up to the maximum, and starts over after a success', () => {
  const backoff = new Backoff(1000, 3000);

  expect([backoff.next(), backoff.next(), backoff.next(), backoff.next(), backoff.next()]).toEqual([1000, 1500, 2250, 3000, 3000]);
  backoff.reset();
  expect(backoff.next()).toBe(1000);
});
