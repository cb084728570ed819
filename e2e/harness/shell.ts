// Commands as an operator types them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { toolsDir } from './places';

/** RestartPipeline alone may take 15 s. */
const ENDS_WITHIN_MS = 30_000;

/**
 * Runs a line of shell, which must succeed, and answers what it printed. One that goes on by itself is ended with Ctrl-C as soon as
 * it has printed what `enough` matches, and that is the answer.
 */
export async function run(command: string, enough?: RegExp): Promise<string> {
  const child = spawn('bash', ['-euo', 'pipefail', '-c', command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: `${toolsDir}:${process.env['PATH']}` },
    // Ctrl-C reaches everything the line has started, and only that.
    detached: true,
  });
  const end = (signal: NodeJS.Signals) => child.pid && child.exitCode === null && process.kill(-child.pid, signal);
  const late = setTimeout(() => end('SIGKILL'), ENDS_WITHIN_MS);
  let printed = '';
  let complaint = '';
  let sufficed: string | undefined;
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
    if (sufficed) return;
    sufficed = enough?.exec(printed)?.[0];
    if (sufficed) end('SIGINT');
  });
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  clearTimeout(late);
  if (sufficed) return sufficed;
  if (code !== 0) throw new Error(`${command}\nended with ${code ?? signal}: ${complaint || printed}`);
  return printed;
}
