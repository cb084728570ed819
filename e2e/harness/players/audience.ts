// One of each player before the same broadcast, each behind a proxy of its own that keeps what it was served.
import type { Browser } from '@playwright/test';
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { until } from '../until';
import { PagePlayer } from './page-player';
import type { Player, PlayerName } from './player';
import { ProgramPlayer } from './program-player';
import { RecordingProxy } from './recording-proxy';

/** How often positions are looked at, and the widest step between two looks that is playing rather than jumping, in seconds. */
const LOOK_MS = 250;
const STEP = 1.5;
/** How long a player may take to begin, and to come back or to end: many times what those take that do. */
const PATIENCE_MS = 45_000;

/** What became of one player in one round. */
export interface Verdict {
  player: PlayerName;
  /** Whether it did what the round is about. */
  well: boolean;
  /** How long that took, in milliseconds. */
  took: number;
  why?: string;
}

interface Member {
  player: Player;
  proxy: RecordingProxy;
}

export class Audience {
  readonly #members: Member[];

  private constructor(members: Member[]) {
    this.#members = members;
  }

  /** Returns when each of them plays. */
  static async gather(names: readonly PlayerName[], browser: Browser, upstream: string, roomId: string): Promise<Audience> {
    const members = await Promise.all(
      names.map(async (name) => {
        const proxy = await RecordingProxy.start(upstream);
        return { proxy, player: await open(name, browser, proxy.origin, roomId) };
      }),
    );
    const audience = new Audience(members);
    for (const { player } of members) await until(`${player.name} begins`, async () => ((await player.position()) ?? 0) > 0, { within: PATIENCE_MS });
    const begun = await audience.playsOn(2);
    const failed = begun.filter(({ well }) => !well);
    if (failed.length > 0) throw new Error(`before anything has happened: ${JSON.stringify(failed)}`);
    return audience;
  }

  /** Whether each goes on by so many seconds of media, by playing: the same player, which reports no failure. */
  playsOn(seconds: number): Promise<Verdict[]> {
    return this.#each(async (player, verdict) => {
      let [last, moved] = [await player.position(), 0];
      for (;;) {
        await pause(LOOK_MS);
        const now = await player.position();
        const step = (now ?? 0) - (last ?? 0);
        last = now;
        if (step > 0 && step < STEP) moved += step;
        if (moved >= seconds) return verdict(true);
        const failure = (await player.failure()) ?? ((await player.ended()) ? 'it says that the stream has ended' : undefined);
        if (failure) return verdict(false, failure);
        if (verdict.late()) return verdict(false, `stands still at ${now?.toFixed(1)} s after ${moved.toFixed(1)} s more`);
      }
    });
  }

  /** Whether each says that the stream has ended. */
  ends(): Promise<Verdict[]> {
    return this.#each(async (player, verdict) => {
      for (;;) {
        if (await player.ended()) return verdict(true);
        const failure = await player.failure();
        if (failure) return verdict(false, failure);
        if (verdict.late()) return verdict(false, `stands at ${(await player.position())?.toFixed(1)} s and does not end`);
        await pause(LOOK_MS);
      }
    });
  }

  /** Writes what each was served into `directory`, a file for each player. */
  async keep(directory: string, round: string): Promise<void> {
    await fs.mkdir(directory, { recursive: true });
    for (const { player, proxy } of this.#members) {
      const lines = proxy.answers.map((answer) => `${JSON.stringify(answer)}\n`);
      await fs.writeFile(path.join(directory, `${round}-${player.name.replaceAll(/\W/g, '-')}.jsonl`), lines);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#members.map(async ({ player, proxy }) => [await player.close(), await proxy.close()]));
  }

  #each(judge: (player: Player, verdict: Judge) => Promise<Verdict>): Promise<Verdict[]> {
    return Promise.all(
      this.#members.map(({ player }) => {
        const begun = performance.now();
        const verdict = (well: boolean, why?: string): Verdict => ({
          player: player.name,
          well,
          took: Math.round(performance.now() - begun),
          ...(why !== undefined && { why }),
        });
        return judge(player, Object.assign(verdict, { late: () => performance.now() - begun > PATIENCE_MS }));
      }),
    );
  }
}

type Judge = ((well: boolean, why?: string) => Verdict) & { late: () => boolean };

function open(name: PlayerName, browser: Browser, origin: string, roomId: string): Promise<Player> {
  switch (name) {
    case 'hls.js':
    case 'our page':
    case 'shaka':
      return PagePlayer.open(name, browser, origin, roomId);
    case 'ffmpeg':
    case 'mpv':
    case 'GStreamer':
      return ProgramPlayer.start(name, origin, roomId);
  }
}
