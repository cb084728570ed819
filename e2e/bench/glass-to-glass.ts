// How old the picture is that viewers see: from the moment in which it is painted into the camera of somebody in the room
// to the moment in which hls.js has it on the screen. RTP leaves a little after the painting, so the time from RTP sent to
// displayed is less by what Chromium takes to capture and encode.
import type { Page } from '@playwright/test';
import { percentile, report } from '../harness/measured';
import { ada } from '../harness/person';
import { openPlainPlayer } from '../harness/plain-player';
import { expect, test } from '../harness/test';
import { readsTheTime, shown, showsTheTime, type Shown } from '../harness/wall-clock';

const JOINS = Number(process.env['E2E_JOINS'] ?? 12);
/** A viewer's first seconds, in which the player moves to the live edge, are reported apart. */
const SETTLES_MS = 3000;
const WATCHES_MS = 8000;

for (const mode of ['low latency', 'plain'] as const) {
  test(`glass to glass, ${mode}`, async ({ enter, watch, browsers, composer, system }) => {
    const stage = await enter(ada);
    await showsTheTime(stage.page);
    const roomId = await stage.createRoom();
    await expect.poll(() => composer.activeInputs(roomId)).toBe(1);
    const { browser } = await browsers();

    const [arriving, settled]: [number[], number[]] = [[], []];
    for (let join = 1; join <= JOINS; join += 1) {
      const page = mode === 'plain' ? await openPlainPlayer(browser, system.url, roomId) : (await watch(roomId)).page;
      const pictures = await watched(page);
      const begins = pictures[0]?.at ?? 0;
      const late = pictures.filter(({ at }) => at >= begins + SETTLES_MS).map(({ age }) => age);
      arriving.push(...pictures.filter(({ at }) => at < begins + SETTLES_MS).map(({ age }) => age));
      settled.push(...late);
      console.log(`join ${join}: first picture ${Math.round(pictures[0]?.age ?? NaN)} ms old; then ${summary(late)}`);
      await page.context().close();
    }
    report(`${mode}, ${JOINS} joins, from the third second on: ${summary(settled)}`);
    report(`${mode}, ${JOINS} joins, first three seconds: ${summary(arriving)}`);
  });
}

/** Every picture of a viewer's first seconds. */
async function watched(page: Page): Promise<Shown[]> {
  await readsTheTime(page);
  let pictures: Shown[] = [];
  await expect
    .poll(async () => {
      pictures = await shown(page);
      return (pictures.at(-1)?.at ?? 0) - (pictures[0]?.at ?? 0);
    })
    .toBeGreaterThan(WATCHES_MS);
  return pictures;
}

function summary(ages: readonly number[]): string {
  const [p50, p95, most] = [0.5, 0.95, 1].map((share) => Math.round(percentile(ages, share)));
  return `p50 ${p50} ms, p95 ${p95} ms, most ${most} ms, ${ages.length} pictures`;
}
