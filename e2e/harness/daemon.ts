// One process under test: started, waited for, stopped by its own pid, started again with the same arguments.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { programDir } from './places';
import { until } from './until';

const STOPS_WITHIN_MS = 10_000;

export interface DaemonOptions {
  program: 'sfu-server' | 'hls-composer';
  args: string[];
  opsPort: number;
  logFile: string;
}

export class Daemon {
  readonly #options: DaemonOptions;
  #child?: ChildProcess;

  constructor(options: DaemonOptions) {
    this.#options = options;
  }

  get pid(): number {
    if (!this.#child?.pid) throw new Error(`${this.#options.program} does not run`);
    return this.#child.pid;
  }

  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get logFile(): string {
    return this.#options.logFile;
  }

  /** All it has logged so far. */
  log(): Promise<string> {
    return fs.promises.readFile(this.#options.logFile, 'utf8');
  }

  /** Returns when the process says that it can serve. */
  async start(): Promise<void> {
    const { program, args, opsPort, logFile } = this.#options;
    const log = fs.openSync(logFile, 'a');
    this.#child = spawn(path.join(programDir, program), args, { stdio: ['ignore', log, log], env: environment() });
    fs.closeSync(log);
    await once(this.#child, 'spawn');
    await until(`${program} ready`, async () => {
      if (!this.runs) return true;
      return (await fetch(`http://127.0.0.1:${opsPort}/readyz`, { signal: AbortSignal.timeout(2000) })).ok;
    });
    if (!this.runs) throw new Error(`${program} ended at its start:\n${fs.readFileSync(logFile, 'utf8').slice(-2000)}`);
  }

  /** SIGTERM, and the exit awaited. */
  async stop(): Promise<void> {
    if (!this.runs) return;
    await this.#end('SIGTERM');
  }

  /** SIGKILL, and the exit awaited. */
  async kill(): Promise<void> {
    if (!this.runs) return;
    await this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    const late = Symbol('late');
    if ((await Promise.race([exit, pause(STOPS_WITHIN_MS, late, { ref: false })])) !== late) return;
    child.kill('SIGKILL');
    await exit;
    throw new Error(`${this.#options.program} did not end within ${STOPS_WITHIN_MS} ms of ${signal}`);
  }
}

/** The machine's own settings for these daemons must not leak into a test. */
function environment(): NodeJS.ProcessEnv {
  const foreign = /^(SFU_|COMPOSER_|NOTIFY_SOCKET$|STATE_DIRECTORY$|WATCHDOG_)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)));
}
