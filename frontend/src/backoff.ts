// Waiting times that grow after each failure and never exceed a maximum.

export class Backoff {
  readonly #firstMs: number;
  readonly #maxMs: number;
  #failures = 0;

  constructor(firstMs: number, maxMs: number) {
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
  }

  /** How long to wait before the next attempt: one and a half times longer each time. */
  next(): number {
    const wait = Math.min(this.#firstMs * 1.5 ** this.#failures, this.#maxMs);
    this.#failures += 1;
    return wait;
  }

  reset(): void {
    this.#failures = 0;
  }
}
