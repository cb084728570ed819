// A daemon that cannot start: what it says and how it ends.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { programDir } from './places';

const ENDS_WITHIN_MS = 10_000;

export interface Ended {
  exitCode: number | null;
  /** The sentences on standard error, in order, whatever their level. */
  said: string[];
}

/** Starts a daemon and returns when it has ended; one that goes on is stopped, and has no exit code. */
export async function failedStart(
  program: 'sfu-server' | 'hls-composer',
  args: string[],
  variables: Record<string, string> = {},
): Promise<Ended> {
  const child = spawn(path.join(programDir, program), args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: ENDS_WITHIN_MS,
    // The machine's own settings for these daemons must not leak into a test.
    env: { PATH: process.env['PATH'], ...variables },
  });
  const [stderr, [exitCode]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
  const said = stderr.trim().split('\n').map((line) => (JSON.parse(line) as { message: string }).message);
  return { exitCode: exitCode as number | null, said };
}
