// Operations of a session never overlap.
import { describe, expect, it } from 'vitest';
import { OperationQueue } from './operation-queue';

describe('OperationQueue', () => {
  it('starts an operation only when the one before it has finished', async () => {
    const queue = new OperationQueue();
    const events: string[] = [];
    let finishFirst = () => {};
    const first = queue.run(async () => {
      events.push('first starts');
      await new Promise<void>((resolve) => (finishFirst = resolve));
      events.push('first ends');
    });
    const second = queue.run(() => Promise.resolve(events.push('second starts')));

    await new Promise((resolve) => setTimeout(resolve));
    expect(events).toEqual(['first starts']);

    finishFirst();
    await Promise.all([first, second]);
    expect(events).toEqual(['first starts', 'first ends', 'second starts']);
  });

  it('tells the caller of a failed operation and runs the next one all the same', async () => {
    const queue = new OperationQueue();
    const failed = queue.run(() => Promise.reject(new Error('refused')));
    const next = queue.run(() => Promise.resolve('done'));

    await expect(failed).rejects.toThrow('refused');
    await expect(next).resolves.toBe('done');
  });
});
