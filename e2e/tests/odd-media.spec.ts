// Cameras that are legal and rare, in a real browser: a canvas in a camera's place, which is drawn once, never, or dragged
// narrow. The voice beside it is heard all the while, and nothing is started again because of it.
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from '../harness/test';
import { lastPicture } from '../harness/last-picture';
import { ada, type Rgb } from '../harness/person';
import { GRID, tileColour } from '../harness/picture';
import { Recording } from '../harness/recording';
import type { StagePage } from '../harness/stage-page';
import { isHeard } from '../harness/tone';

const PAINT: Rgb = [30, 160, 40];
/** Longer than any step of the ladder may take: what fails because of it would have been tried again by then. */
const LONG_S = 18;

declare global {
  interface Window {
    __paint: (width: number, height: number, rgb: readonly number[]) => void;
  }
}

for (const codec of ['vp8', 'h264'] as const) {
  test(`${codec}: the voice beside a canvas that is drawn once is heard${codec === 'vp8' ? ', and the picture is shown' : ''}`, async ({ composer, enter, system }) => {
    const stage = await enter(ada, { codec });
    await cameraIsACanvas(stage);
    const roomId = await stage.createRoom();
    // What is painted before there is a connection the browser drops, and sends nothing in its place.
    await expect.poll(() => composer.activeInputs(roomId), { timeout: 30_000 }).toBe(1);
    await stage.page.evaluate((rgb) => window.__paint(320, 180, rgb), PAINT);
    // The end of a picture in H.264 is known only by the beginning of the next one (docs/design.md), and browsers draw a
    // canvas again for nobody.
    if (codec === 'vp8') await expect.poll(async () => isPaintOnAir(system.url, roomId), { timeout: 30_000 }).toBe(true);
    await staysAsItIs(composer, system.url, roomId);
  });

  test(`${codec}: a window dragged narrow is shown again when it is wide`, async ({ composer, enter, system }) => {
    const stage = await enter(ada, { codec });
    await cameraIsACanvas(stage);
    const roomId = await stage.createRoom();
    for (const [width, height] of [[320, 180], [2, 1080], [320, 180]] as const) {
      for (let n = 0; n < 30; n += 1) {
        await stage.page.evaluate(([w, h, rgb]) => window.__paint(w, h, rgb), [width, height, PAINT] as const);
        await pause(66);
      }
    }
    await expect.poll(async () => isPaintOnAir(system.url, roomId), { timeout: 30_000 }).toBe(true);
    const { inputs } = await composer.broadcast(roomId);
    expect(inputs).toMatchObject([{ state: 'ACTIVE', generation: 1 }]);
  });
}

test('a camera that sends nothing costs the voice beside it nothing', async ({ composer, enter, system }) => {
  const stage = await enter(ada);
  await cameraIsACanvas(stage);
  const roomId = await stage.createRoom();
  await expect.poll(() => composer.activeInputs(roomId), { timeout: 30_000 }).toBe(1);
  await staysAsItIs(composer, system.url, roomId);
});

/** For a long while the same input goes on, and the voice is heard in every second of it. */
async function staysAsItIs(composer: { broadcast: (roomId: string) => Promise<{ inputs: { inputId: string; generation: number; state: string }[] }> }, origin: string, roomId: string): Promise<void> {
  const input = async () => (await composer.broadcast(roomId)).inputs.map(({ inputId, generation, state }) => ({ inputId, generation, state }));
  const before = await input();
  expect(before).toMatchObject([{ generation: 1, state: 'ACTIVE' }]);
  const recording = Recording.start(origin, roomId);
  await pause(LONG_S * 1000);
  await recording.stop();
  expect(await input()).toEqual(before);
  const { samples } = await recording.decoded();
  const seconds = Array.from({ length: Math.floor(samples.length / 48_000) - 1 }, (_, n) => isHeard(samples.subarray(n * 48_000, (n + 1) * 48_000), ada.tone));
  expect(seconds.length).toBeGreaterThanOrEqual(LONG_S - 6);
  expect(seconds.slice(1)).not.toContain(false);
}

/** Chromium turns a canvas into video by BT.709, and VP8 does not say so: the paint is green, and no more is asked. */
async function isPaintOnAir(origin: string, roomId: string): Promise<boolean> {
  const last = await lastPicture(origin, roomId);
  if (!last) return false;
  const [r, g, b] = tileColour(last, GRID.one[0]);
  return g > 120 && r < 80 && b < 80;
}

/** From now on the page's camera is a canvas on which nothing is painted but by `__paint`. */
async function cameraIsACanvas({ page }: StagePage): Promise<void> {
  await page.addInitScript(() => {
    const media = navigator.mediaDevices;
    const real = media.getUserMedia.bind(media);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [320, 180];
    const pen = canvas.getContext('2d')!;
    window.__paint = (width, height, [r, g, b]) => {
      if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
      pen.fillStyle = `rgb(${r} ${g} ${b})`;
      pen.fillRect(0, 0, width, height);
    };
    media.getUserMedia = async (wanted) => {
      const stream = wanted?.audio ? await real({ audio: wanted.audio }) : new MediaStream();
      if (wanted?.video) canvas.captureStream().getVideoTracks().forEach((track) => stream.addTrack(track));
      return stream;
    };
  });
}
