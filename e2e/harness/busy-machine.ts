// Makes the machine short of time while something runs: what only goes wrong between two steps of a task goes wrong then.
import { spawn } from 'node:child_process';
import os from 'node:os';

const LOOPS_PER_CORE = 3;

export async function whileBusy<T>(work: () => Promise<T>): Promise<T> {
  const loops = Array.from({ length: LOOPS_PER_CORE * os.availableParallelism() }, () =>
    // The loops end by themselves, should nobody be left to end them.
    spawn(process.execPath, ['-e', 'const end = Date.now() + 60_000; while (Date.now() < end);'], { stdio: 'ignore' }),
  );
  try {
    return await work();
  } finally {
    for (const loop of loops) loop.kill('SIGKILL');
  }
}
