// Runs asynchronous operations one after another, in the order they were asked for.

export class OperationQueue {
  #tail: Promise<unknown> = Promise.resolve();

  run<T>(operation: () => Promise<T>): Promise<T> {
    const result = this.#tail.then(operation);
    // A failed operation is its caller's business; it does not stop the ones behind it.
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
