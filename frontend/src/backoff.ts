// Waiting times that grow after each failure, up to a maximum.

export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  readonly #jitter: number;
  #failures = 0;

  /** Each wait is longer or shorter by a share of up to `jitter`, so that many who failed together do not come back together. */
  constructor(firstMs: number, maxMs: number, jitter = 0) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
    this.#jitter = jitter;
  }

  /** How long to wait before the next attempt: one and a half times longer each time. */
  next(): number {
    const wait = Math.min(this.#firstMs * 1.5 ** this.#failures, this.#maxMs);
    this.#failures += 1;
    return wait * (1 + this.#jitter * (2 * Math.random() - 1));
  }

  reset(): void {
    this.#failures = 0;
  }
}
