// Players that are programs: FFmpeg, mpv and GStreamer, without a window and without sound, at the speed of the clock.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Player, PlayerName } from './player';

interface Program {
  command: string;
  args: (url: string) => string[];
  /** Reads a position off what the program printed since the last one, in seconds. */
  position: RegExp;
  seconds: (match: string[]) => number;
  /** Which lines say that it has stopped though it still runs. */
  fails: RegExp;
  /** Which exit is the stream's end. */
  endsWith: RegExp;
}

const clock = ([, hours = '0', minutes = '0', seconds = '0']: string[]) => Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);

const PROGRAMS: Record<'ffmpeg' | 'mpv' | 'GStreamer', Program> = {
  ffmpeg: {
    command: 'ffmpeg',
    args: (url) => ['-nostdin', '-loglevel', 'warning', '-i', url, '-f', 'null', '-progress', 'pipe:1', '-stats_period', '0.25', '-'],
    position: /out_time=(\d+):(\d+):([\d.]+)/g,
    seconds: clock,
    fails: /^$/,
    endsWith: /progress=end/,
  },
  mpv: {
    command: 'mpv',
    args: (url) => ['--no-config', '--vo=null', '--ao=null', '--no-input-terminal', '--term-status-msg=at ${=time-pos}\n', '--msg-level=all=warn,statusline=status', url],
    position: /at (-?)([\d.]+)/g,
    seconds: ([, sign, seconds]) => Number(`${sign}${seconds}`),
    fails: /Failed to open|No video or audio streams selected/,
    endsWith: /at [\d.]+/,
  },
  GStreamer: {
    // What it prints would lie in a buffer for seconds.
    command: 'stdbuf',
    args: (url) => ['--output=0', 'gst-play-1.0', '--no-interactive', '--use-playbin3', '--videosink=fakesink sync=true', '--audiosink=fakesink sync=true', url],
    position: /(\d+):(\d\d):(\d\d\.\d) \//g,
    seconds: clock,
    fails: /^ERROR/m,
    endsWith: /Reached end of play list/,
  },
};

const STOPS_WITHIN_MS = 5000;

export class ProgramPlayer implements Player {
  readonly name: PlayerName;
  readonly #program: Program;
  readonly #child: ChildProcess;
  #printed = '';
  #position?: number;

  private constructor(name: keyof typeof PROGRAMS, url: string) {
    this.name = name;
    this.#program = PROGRAMS[name];
    this.#child = spawn(this.#program.command, this.#program.args(url), { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.setEncoding('utf8').on('data', (text: string) => this.#read(text));
  }

  static async start(name: keyof typeof PROGRAMS, origin: string, roomId: string): Promise<ProgramPlayer> {
    const player = new ProgramPlayer(name, `${origin}/hls/${roomId}/index.m3u8`);
    await once(player.#child, 'spawn');
    return player;
  }

  async position(): Promise<number | undefined> {
    return this.#position;
  }

  async ended(): Promise<boolean> {
    return this.#child.exitCode === 0 && this.#program.endsWith.test(this.#printed) && !this.#program.fails.test(this.#printed);
  }

  async failure(): Promise<string | undefined> {
    const said = this.#program.fails.exec(this.#printed);
    if (said) return this.#lastLines();
    const { exitCode, signalCode } = this.#child;
    return exitCode === null && signalCode === null ? undefined : `ended with ${exitCode ?? signalCode}: ${this.#lastLines()}`;
  }

  async close(): Promise<void> {
    const { exitCode, signalCode, pid } = this.#child;
    if (exitCode !== null || signalCode !== null || pid === undefined) return;
    const exit = once(this.#child, 'exit');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), STOPS_WITHIN_MS);
    this.#child.kill('SIGTERM');
    await exit;
    clearTimeout(late);
  }

  #read(text: string): void {
    // Enough to read a line that came in two pieces, and for a failure to be told.
    this.#printed = (this.#printed + text).slice(-8000);
    const last = [...this.#printed.matchAll(this.#program.position)].at(-1);
    if (last) this.#position = this.#program.seconds(last);
  }

  #lastLines(): string {
    const lines = this.#printed.split(/[\r\n]+/).filter((line) => line && !/^(\w+=|at )/.test(line) && !/^\d+:\d\d:\d\d/.test(line));
    return lines.slice(-2).join(' | ');
  }
}
