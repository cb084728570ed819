// Common players before one broadcast while its composer is restarted, killed, given another encoder, and while it ends: who plays
// on, and whether every playlist each of them was served keeps every rule.
import { test as base } from '@playwright/test';
import { execFile } from 'node:child_process';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { startChromium, type RunningChromium } from '../harness/chromium';
import { ComposerClient } from '../harness/composer-client';
import { Daemon } from '../harness/daemon';
import { IS_FULL, REPEAT } from '../harness/form';
import { report } from '../harness/measured';
import { repository } from '../harness/places';
import { Audience, type Verdict } from '../harness/players/audience';
import { PLAYERS, type PlayerName } from '../harness/players/player';
import { reservePorts } from '../harness/ports';
import { until } from '../harness/until';

/** Each takes a minute with six players; make test asks whether they play on, make rig how often. */
const ROUNDS = IS_FULL ? REPEAT : 1;

/** More media than any of the players has in hand when something happens. */
const PLAYS_ON_SECONDS = 8;
/** Who must play on, always. */
const MUST: readonly PlayerName[] = ['hls.js', 'our page'];

interface Stage {
  composer: Daemon;
  client: ComposerClient;
  hls: string;
  browser: RunningChromium['browser'];
  /** Where the playlists are kept. */
  kept: string;
}

const test = base.extend<{ stage: Stage }>({
  stage: async ({}, use, testInfo) => {
    const ports = await reservePorts();
    const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'e2e-players-'));
    await fs.mkdir(testInfo.outputDir, { recursive: true });
    const composer = new Daemon({
      program: 'hls-composer',
      opsPort: ports.composerOps,
      logFile: path.join(testInfo.outputDir, 'hls-composer.log'),
      args: [
        ...['--grpc-listen', `127.0.0.1:${ports.grpc}`],
        ...['--http-listen', `127.0.0.1:${ports.hlsHttp}`],
        ...['--ops-listen', `127.0.0.1:${ports.composerOps}`],
        ...['--rtp-ports', ports.rtp],
        ...['--data-dir', dataDir],
      ],
    });
    await composer.start();
    const client = new ComposerClient(`127.0.0.1:${ports.grpc}`);
    const chromium = await startChromium();
    const kept = process.env['E2E_LISTS'] ?? testInfo.outputPath('lists');
    await use({ composer, client, hls: `http://127.0.0.1:${ports.hlsHttp}`, browser: chromium.browser, kept });
    await chromium.close();
    client.close();
    await composer.stop();
    await fs.rm(dataDir, { recursive: true, force: true });
    await ports.release();
  },
});

interface Disturbance {
  name: string;
  does: (stage: Stage, roomId: string) => Promise<void>;
  then: (audience: Audience) => Promise<Verdict[]>;
}

const playsOn = (audience: Audience) => audience.playsOn(PLAYS_ON_SECONDS);

const DISTURBANCES: readonly Disturbance[] = [
  {
    name: 'composer restarted by SIGTERM',
    then: playsOn,
    does: async ({ composer, client }, roomId) => {
      await composer.stop();
      await composer.start();
      client.claim(roomId, Date.now());
    },
  },
  {
    name: 'composer killed by SIGKILL and started again',
    then: playsOn,
    does: async ({ composer, client }, roomId) => {
      await composer.kill();
      await composer.start();
      client.claim(roomId, Date.now());
    },
  },
  {
    name: 'encoder killed',
    then: playsOn,
    does: async ({ client }, roomId) => {
      process.kill((await client.broadcast(roomId)).encoder!.pid, 'SIGKILL');
    },
  },
  {
    name: 'end of the broadcast',
    then: (audience) => audience.ends(),
    does: async ({ client }, roomId) => {
      await client.closeBroadcast(roomId, (await client.broadcast(roomId)).epoch);
    },
  },
];

for (const { name, does, then } of DISTURBANCES) {
  test(`${name}: players play on, and every list they were served keeps the rules`, async ({ stage }) => {
    test.setTimeout(60_000 + ROUNDS * 150_000);
    const verdicts: Verdict[] = [];
    const slug = name.replaceAll(/\W+/g, '-');
    for (let round = 1; round <= ROUNDS; round += 1) {
      await test.step(`round ${round} of ${ROUNDS}`, async () => {
        const roomId = `room-${slug.slice(0, 20)}-${round}`;
        const claim = stage.client.claim(roomId, Date.now());
        await until('a broadcast that is live', async () => (await stage.client.broadcast(roomId)).phase === 'LIVE');
        await until('three segments', async () => segmentsOf(stage.hls, roomId).then((count) => count >= 4));
        const audience = await Audience.gather(PLAYERS, stage.browser, stage.hls, roomId);
        await does(stage, roomId);
        const round_ = await then(audience);
        for (const { player, well, why } of round_) if (!well) console.log(`${name}, round ${round}: ${player}: ${why}`);
        verdicts.push(...round_);
        await audience.keep(stage.kept, `${slug}-${round}`);
        await audience.close();
        const { epoch, phase } = await stage.client.broadcast(roomId);
        if (phase !== 'ENDED') await stage.client.closeBroadcast(roomId, epoch);
        claim.cancel();
      });
    }
    for (const player of PLAYERS) {
      const own = verdicts.filter((verdict) => verdict.player === player);
      const well = own.filter((verdict) => verdict.well);
      const took = well.map((verdict) => verdict.took).toSorted((a, b) => a - b);
      report(`${name} | ${player} | ${well.length} of ${own.length} | ${took[Math.floor(took.length / 2)] ?? '-'} ms`);
    }
    await holdToTheRules(stage.kept);
    const failed = verdicts.filter(({ player, well }) => MUST.includes(player) && !well);
    test.expect(failed, 'who must play on does').toEqual([]);
  });
}

async function segmentsOf(origin: string, roomId: string): Promise<number> {
  const response = await fetch(`${origin}/hls/${roomId}/plain.m3u8`, { signal: AbortSignal.timeout(5000) });
  return (await response.text()).match(/^#EXTINF/gm)?.length ?? 0;
}

/** The rules are written once, beside the composer (tests/whole/hls); what was served here is held to the same. */
async function holdToTheRules(directory: string): Promise<void> {
  // As a part of the workspace, so that nothing is compiled that the Rust tests have not compiled already.
  const args = ['test', '--release', '--quiet', '--workspace', '--test', 'whole', '--', 'recorded', '--nocapture'];
  const { stdout } = await promisify(execFile)('cargo', args, { cwd: repository, env: { ...process.env, RECORDED_LISTS: directory } });
  const held = stdout.match(/^.*versions of playlists.*$/m)?.[0];
  test.expect(held, 'the test that holds lists to the rules ran').toBeDefined();
  report(held!);
}
