// The encoder dies or hangs, and viewers see nothing of it: the player neither waits nor stands still.
import { IS_FULL, REPEAT, within } from '../harness/form';
import { coloursOnAir, expect, test } from '../harness/live';
import { percentile, report } from '../harness/measured';

/** Longest time without a new picture, in milliseconds: shorter than anybody calls a stall. */
const STANDS_STILL_MS = 500;

for (const signal of ['SIGKILL', 'SIGSTOP'] as const) {
  const what = signal === 'SIGKILL' ? 'killed' : 'hung';
  test(`the encoder ${what}, rounds: ${REPEAT}: a new one goes on each time, and the Watch page plays through`, async ({ composer, live, system }) => {
    test.setTimeout(60_000 + REPEAT * 20_000);
    const { roomId, viewer } = live;
    const begun = await composer.broadcast(roomId);
    const gaps: number[] = [];
    let waits = 0;
    for (let round = 1; round <= REPEAT; round += 1) {
      const { encoder } = await composer.broadcast(roomId);
      await viewer.observe();
      process.kill(encoder!.pid, signal);
      await expect.poll(async () => (await composer.broadcast(roomId)).encoder?.generation, { intervals: [50] }).toBe(encoder!.generation + 1);
      await viewer.advances(5);
      const playback = await viewer.observed();
      gaps.push(playback.longestGap);
      waits += playback.waits;
      console.log(`${signal} ${round}: ${playback.waits} waits, longest time without a new picture ${Math.round(playback.longestGap)} ms`);
      for (const wait of playback.waited) console.log(`  waited ${wait}`);
      for (const error of playback.errors) console.log(`  hls.js at ${error}`);
    }
    const [median, most] = [0.5, 1].map((share) => Math.round(percentile(gaps, share)));
    const well = gaps.filter((gap) => gap <= STANDS_STILL_MS).length;
    report(`encoder ${signal}, ${well} of ${REPEAT} without a stall: ${waits} waits, longest time without a new picture ${median} ms (median), ${most} ms (most)`);
    if (IS_FULL) expect(waits).toBe(0);
    expect(most).toBeLessThanOrEqual(within(STANDS_STILL_MS));
    await expect.poll(() => coloursOnAir(system.url, roomId), { timeout: 10_000 }).toEqual([true, true]);
    const ended = await composer.broadcast(roomId);
    expect(ended.inputs.map(({ pid }) => pid)).toEqual(begun.inputs.map(({ pid }) => pid));
  });
}
