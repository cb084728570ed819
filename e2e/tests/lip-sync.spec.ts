// What flashes and beeps at once in somebody's browser is seen and heard at once in the stream.
import { IS_FULL } from '../harness/form';
import { flashesAndBeeps, measureLipSync, ownSkew } from '../harness/flash-and-beep';
import { report } from '../harness/measured';
import { ada } from '../harness/person';
import { Recording } from '../harness/recording';
import { expect, test } from '../harness/test';

const SECONDS = IS_FULL ? 64 : 25;
/** What people do not notice, in milliseconds. */
const BAR = 40;

for (const codec of ['vp8', 'h264'] as const) {
  test(`flashes sent in ${codec} keep to their beeps: within ${BAR} ms in the mean of every ten seconds`, async ({ enter, watch, composer, system }) => {
    test.setTimeout(SECONDS * 1000 + 90_000);
    const stage = await enter(ada, { codec });
    await flashesAndBeeps(stage.page);
    const roomId = await stage.createRoom();
    await expect.poll(async () => (await composer.broadcast(roomId)).inputs.map(({ state }) => state)).toEqual(['ACTIVE']);
    const viewer = await watch(roomId);
    await viewer.plays();

    const recording = Recording.start(system.url, roomId);
    await viewer.advances(SECONDS);
    const own = await ownSkew(stage.page);
    await recording.stop();

    const runs = recording.runs();
    expect(runs).toHaveLength(1);
    const { windows, flashes, beeps, cuts } = await measureLipSync(runs[0]!);
    const corrected = windows.map((skew) => skew - own);
    report(
      `${codec}: picture late by ${corrected.map((skew) => skew.toFixed(0)).join(', ')} ms (ten seconds each), ` +
        `the source's own ${own.toFixed(1)} ms taken out; ${flashes} flashes, ${beeps} beeps, ${cuts} of them cut`,
    );
    expect(corrected.length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...corrected.map(Math.abs))).toBeLessThanOrEqual(BAR);
  });
}
