// What flashes and beeps at once in somebody's browser is seen and heard at once in the stream.
import fs from 'node:fs/promises';
import { IS_FULL, within } from '../harness/form';
import { flashesAndBeeps, flashesOfPage, measureLipSync } from '../harness/flash-and-beep';
import { mean, report } from '../harness/measured';
import { ada } from '../harness/person';
import { Recording } from '../harness/recording';
import { expect, test } from '../harness/test';

const SECONDS = IS_FULL ? 64 : 25;
/** What people do not notice, in milliseconds. */
const BAR = 40;

const SHORT = [
  ['vp8', 'silence'],
  ['h264', 'hum'],
] as const;
const FULL = [...SHORT, ['vp8', 'hum'], ['h264', 'silence']] as const;

for (const [codec, between] of IS_FULL ? FULL : SHORT) {
  test(`flashes sent in ${codec} keep to their beeps, ${between} between them: within ${BAR} ms in the mean of every ten seconds`, async ({ enter, watch, composer, system }) => {
    test.setTimeout(SECONDS * 1000 + 90_000);
    const stage = await enter(ada, { codec });
    await flashesAndBeeps(stage.page, between);
    const roomId = await stage.createRoom();
    await expect.poll(async () => (await composer.broadcast(roomId)).inputs.map(({ state }) => state)).toEqual(['ACTIVE']);
    const viewer = await watch(roomId);
    await viewer.plays();

    const recording = Recording.start(system.url, roomId);
    await viewer.advances(SECONDS);
    const painted = await flashesOfPage(stage.page);
    // How much later than its beep the page painted a flash, on average: the source's own skew.
    const own = mean(painted.map(({ late }) => late));
    await recording.stop();

    const runs = recording.runs();
    expect(runs).toHaveLength(1);
    // Kept when the test fails.
    await fs.writeFile(test.info().outputPath('recording.mp4'), runs[0]!);
    const { windows, pairs, flashes, beeps, cuts } = await measureLipSync(runs[0]!);
    const corrected = windows.map((skew) => skew - own);
    report(
      `${codec}, ${between} between: picture late by ${corrected.map((skew) => skew.toFixed(0)).join(', ')} ms (ten seconds each), ` +
        `the source's own ${own.toFixed(1)} ms taken out; ${flashes} flashes, ${beeps} beeps, ${cuts} of them cut`,
    );
    // How old picture and sound are by the stream's own dates, in milliseconds: which of the two is early or late?
    const begins = recording.segments[0]?.startsAt ?? NaN;
    const ages = pairs.map(({ flash, beep }) => {
      const [flashAt, beepAt] = [begins + flash * 1000, begins + beep * 1000];
      const { paintedAt, late } = painted.findLast((source) => source.paintedAt < flashAt)!;
      return `${(flashAt - paintedAt).toFixed(0)}/${(beepAt - paintedAt + late).toFixed(0)}`;
    });
    console.log(`age of picture/sound: ${ages.join(' ')}`);
    expect(corrected.length).toBeGreaterThanOrEqual(2);
    expect(Math.max(...corrected.map(Math.abs))).toBeLessThanOrEqual(within(BAR));
  });
}
