// An immutable state with listeners, in the shape `useSyncExternalStore` asks for.

export class ObservableState<T extends object> {
  #current: T;
  readonly #listeners = new Set<() => void>();

  constructor(initial: T) {
    this.#current = initial;
  }

  readonly getSnapshot = (): T => this.#current;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  };

  /** Replaces the snapshot, unless nothing in it would change. */
  update(patch: Partial<T>): void {
    const changes = (Object.keys(patch) as (keyof T)[]).some((key) => !Object.is(this.#current[key], patch[key]));
    if (!changes) return;
    this.#current = { ...this.#current, ...patch };
    for (const listener of this.#listeners) listener();
  }
}
