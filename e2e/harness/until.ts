// Waits for a condition and hands over what it found.
import { setTimeout as pause } from 'node:timers/promises';

interface Patience {
  within?: number;
  every?: number;
}

/** The first value of `look` that is neither undefined nor false. An error of `look` counts as "not yet". */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { within = 15_000, every = 50 }: Patience = {},
): Promise<T> {
  const end = performance.now() + within;
  let last: unknown = 'nothing yet';
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    if (performance.now() >= end) throw new Error(`not within ${within} ms: ${what} (last: ${String(last)})`);
    await pause(every);
  }
}
