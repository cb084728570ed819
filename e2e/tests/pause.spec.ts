// A camera that is off for a while, announced as every client announces it: meanwhile there is the avatar, then the picture
// is back at once, and nobody else notices.
import type { BroadcastStatus } from '../harness/composer-client';
import { COUNTER } from '../harness/frame-counter';
import { IS_FULL, within } from '../harness/form';
import { expect, test, type Live } from '../harness/live';
import { report } from '../harness/measured';
import { ada, ben, type Person } from '../harness/person';
import { closeTo, GRID, tileColour, tileCounter, type Picture } from '../harness/picture';
import { Recording } from '../harness/recording';

const LONG_S = IS_FULL ? 60 : 11;
const SHORT_S = 3;
const BACK_WITHIN_MS = within(1000);
/** How long it is waited for. */
const BACK_S = IS_FULL ? 4 : 6;
const FPS = 15;

for (const seconds of IS_FULL ? [SHORT_S, LONG_S] : [LONG_S]) {
  test(`a camera paused for ${seconds} s: the avatar meanwhile, then the picture again, and the same process goes on`, async ({
    composer,
    live,
    system,
  }) => {
    const { roomId, first, viewer } = live;
    const before = await inputsOf(live, await composer.broadcast(roomId));
    const camera = await cameraOf(live);
    const recording = Recording.start(system.url, roomId);

    const pausedAt = Date.now();
    await first.announce('pauseProducer', camera);
    await viewer.advances(seconds);
    const resumedAt = Date.now();
    await first.announce('resumeProducer', camera);
    await viewer.advances(BACK_S);
    await recording.stop();

    const after = await inputsOf(live, await composer.broadcast(roomId));
    expect(after.first).toEqual(before.first);
    expect(after.second).toEqual(before.second);
    await expectBack(recording, pausedAt, resumedAt, `camera paused for ${seconds} s`, continues);
  });
}

test(`a camera turned off by its button for ${LONG_S} s and on again: the picture is back`, async ({
  composer,
  live,
  system,
}) => {
  const { roomId, first, viewer } = live;
  const before = await inputsOf(live, await composer.broadcast(roomId));
  const recording = Recording.start(system.url, roomId);

  const pausedAt = Date.now();
  await first.toggle('camera');
  await viewer.advances(LONG_S);
  const produced = (await first.page.evaluate(() => window.__calls.produced)).length;
  await first.toggle('camera');
  await first.page.waitForFunction((count) => window.__calls.produced.length > count, produced);
  const resumedAt = await first.page.evaluate(() => window.__calls.produced.at(-1)!);
  await viewer.advances(BACK_S);
  await recording.stop();

  const after = await inputsOf(live, await composer.broadcast(roomId));
  expect(after.second).toEqual(before.second);
  await expectBack(recording, pausedAt, resumedAt, `camera off for ${LONG_S} s`);
});

/** Whether the camera has counted on between two pictures: what was seen last, shown once more, is nothing new. */
function continues(pictures: readonly Picture[], now: number, before: number): boolean {
  const counted = tileCounter(pictures[now]!, GRID.two[0]) - tileCounter(pictures[before]!, GRID.two[0]);
  const off = (counted - (now - before) + 100 * COUNTER.frames) % COUNTER.frames;
  return Math.min(off, COUNTER.frames - off) <= 8;
}

interface Identity {
  inputId: string;
  generation: number;
  pid: number;
}

async function inputsOf({ first, second }: Live, { inputs }: BroadcastStatus): Promise<{ first: Identity; second: Identity }> {
  const of = (peerId: string): Identity => {
    const { inputId, generation, pid } = inputs.find(({ participantId }) => participantId === peerId)!;
    return { inputId, generation, pid };
  };
  return { first: of(await first.peerId()), second: of(await second.peerId()) };
}

/** The producer of the first person's camera, as the second one knows it. */
async function cameraOf({ first, second }: Live): Promise<string> {
  const peerId = await first.peerId();
  const { people } = await second.snapshot();
  return people.find((person) => person.peerId === peerId)!.camera!.producerId;
}

/** Meanwhile the first tile has no picture, afterwards it has one in time, and the second one has one throughout. */
async function expectBack(recording: Recording, pausedAt: number, resumedAt: number, what: string, isNew?: typeof continues): Promise<void> {
  expect(Math.max(...recording.playlists.map(({ discontinuities }) => discontinuities))).toBe(0);
  const { pictures } = await recording.decoded();
  // One timeline: the date of the first picture is the date of all.
  const begins = recording.segments[0]?.startsAt ?? NaN;
  const at = (picture: number) => begins + (picture * 1000) / FPS;
  const shows = (picture: Picture, person: Person, tile: 0 | 1) => closeTo(tileColour(picture, GRID.two[tile]), person.colour);
  const gone = pictures.findIndex((picture, n) => at(n) > pausedAt && !shows(picture, ada, 0));
  const again = pictures.findIndex((picture, n) => at(n) > resumedAt && shows(picture, ada, 0));
  const back = pictures.findIndex((picture, n) => n >= again && shows(picture, ada, 0) && (isNew === undefined || isNew(pictures, n, gone - 1)));
  const meanwhile = pictures.filter((_, n) => n > gone && at(n) < resumedAt);
  report(`${what}: the avatar after ${Math.round(at(gone) - pausedAt)} ms, the last picture again after ${Math.round(at(again) - resumedAt)} ms, a new one after ${Math.round(at(back) - resumedAt)} ms`);
  expect(gone).toBeGreaterThan(0);
  expect(at(gone) - pausedAt).toBeLessThan(BACK_WITHIN_MS);
  expect(meanwhile.filter((picture) => shows(picture, ada, 0))).toHaveLength(0);
  expect(back).toBeGreaterThan(0);
  expect(at(back) - resumedAt).toBeLessThanOrEqual(BACK_WITHIN_MS);
  expect(pictures.filter((picture) => !shows(picture, ben, 1))).toHaveLength(0);
}
