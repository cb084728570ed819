// How long viewers wait at the beginning: from the last `produce` acknowledgement to the first playable part in live.m3u8, and
// to the first active input, whose picture the parts after it show.
import { setTimeout as pause } from 'node:timers/promises';
import { ada } from '../harness/person';
import { fetchPlaylist } from '../harness/playlist';
import { test } from '../harness/test';
import { until } from '../harness/until';

const RUNS = 10;
const EVERY_MS = 10;

test('time to the first part', async ({ enter, composer, system }) => {
  const toPart: number[] = [];
  const toActive: number[] = [];
  for (let run = 1; run <= RUNS; run += 1) {
    const page = await enter(ada);
    const room = page.createRoom();
    const roomId = await page.page.waitForURL(/\/room\/./).then(() => page.page.url().replace(/.*\/room\/([^?]*).*/, '$1'));
    const patience = { every: EVERY_MS };
    const [partAt, activeAt] = await Promise.all([
      until('a part', async () => ((await fetchPlaylist(system.url, roomId))?.parts.length ?? 0) > 0 && Date.now(), patience),
      until('an active input', async () => (await composer.activeInputs(roomId)) > 0 && Date.now(), patience),
    ]);
    await room;
    const producedAt = await page.page.evaluate(() => Math.max(...window.__calls.produced));
    toPart.push(partAt - producedAt);
    toActive.push(activeAt - producedAt);
    console.log(`run ${run}: first part ${partAt - producedAt} ms, input active ${activeAt - producedAt} ms after the last produce`);
    await page.leave();
    await pause(500); // The machine settles; this is a measurement, not a test.
  }
  console.log(`p50: first part ${median(toPart)} ms, input active ${median(toActive)} ms`);
});

function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return Math.round(((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) / 2);
}
