// Draws what viewers see, four times as large, for people to look at: E2E_PICTURES says where to. Measures nothing.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';
import { lastPicture } from '../harness/last-picture';
import { ada } from '../harness/person';
import type { Picture } from '../harness/picture';
import { fetchPlaylist } from '../harness/playlist';
import { StagePage } from '../harness/stage-page';
import { expect, test } from '../harness/test';
import { until } from '../harness/until';
import { people, sittingBeforeCamera } from './portrait';

const DIR = path.resolve(process.env['E2E_PICTURES'] ?? 'test-results/pictures');
const TIMES = 4;

test('pictures of the stream', async ({ browsers, composer, system }) => {
  await fs.mkdir(DIR, { recursive: true });
  const { browser } = await browsers(ada);
  const pages: StagePage[] = [];
  for (const { name, muted: _, ...looks } of people.slice(0, 3)) {
    const page = await StagePage.open(browser, system.url, name);
    await page.page.addInitScript(sittingBeforeCamera, looks);
    pages.push(page);
  }
  const [first, second, third] = pages as [StagePage, StagePage, StagePage];
  const roomId = await first.createRoom();
  const onAir = (inputs: number) =>
    expect
      .poll(() => composer.activeInputs(roomId), { message: `${inputs} inputs` })
      .toBe(inputs);
  /** The newest picture, once the stream is a moment past what was done last. */
  const draw = async (name: string) => {
    const from = Date.now() + 2500;
    await until('the stream is there', async () => ((await fetchPlaylist(system.hlsUrl, roomId))?.segments.at(-1)?.startsAt ?? 0) > from);
    await writePng((await lastPicture(system.hlsUrl, roomId))!, path.join(DIR, `${name}.png`));
  };

  await onAir(1);
  await draw('1-person');
  await second.join(roomId);
  await onAir(2);
  await draw('2-people');
  await third.join(roomId);
  await onAir(3);
  await draw('3-people');
  await second.toggle('camera');
  await third.toggle('microphone');
  await draw('3-people-one-camera-off-one-muted');
  await third.leave();
  await second.toggle('camera');
  await onAir(2);
  await first.toggle('screen');
  await onAir(3);
  await draw('shared-screen-2-people');
  await first.toggle('screen');
  await onAir(2);
  await first.leave();
  await second.leave();
  await draw('nobody');
  await Promise.all(pages.map((page) => page.close()));
});

async function writePng({ width, height, data }: Picture, file: string): Promise<void> {
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${width}x${height}`, '-i', 'pipe:0'];
  const child = spawn('ffmpeg', ['-hide_banner', '-loglevel', 'error', '-y', ...input, '-vf', `scale=iw*${TIMES}:ih*${TIMES}:flags=neighbor`, file]);
  child.stdin.end(data);
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`ffmpeg could not write ${file}`);
}
