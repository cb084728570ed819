// Tells the server how high the tiles of remote cameras are, so that small tiles are sent small layers.

/** A window that is being resized changes its tiles many times a second. */
const SETTLED_AFTER_MS = 300;

export class PreferredLayers {
  readonly #tell: (consumerId: string, height: number) => Promise<unknown>;
  /** What the server was told of each consumer; nothing yet, or in vain, when undefined. */
  readonly #told = new Map<string, number | undefined>();
  #height?: number;
  #timer?: ReturnType<typeof setTimeout>;

  constructor(tell: (consumerId: string, height: number) => Promise<unknown>) {
    this.#tell = tell;
  }

  /** Tiles have this height from now on, in device pixels. */
  show(height: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#height = height;
      this.tellAll();
    }, SETTLED_AFTER_MS);
  }

  opened(consumerId: string): void {
    this.#told.set(consumerId, undefined);
    this.tellAll();
  }

  closed(consumerId: string): void {
    this.#told.delete(consumerId);
  }

  /** Whatever the server does not know yet. */
  tellAll(): void {
    const height = this.#height;
    if (height === undefined) return;
    for (const [consumerId, told] of this.#told) {
      if (told === height) continue;
      this.#told.set(consumerId, height);
      // The largest layer is sent to whoever asks for none, so a failure harms nobody.
      this.#tell(consumerId, height).catch(() => {
        if (this.#told.get(consumerId) === height) this.#told.set(consumerId, undefined);
      });
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#told.clear();
  }
}
