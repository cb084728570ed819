// A bad network between one person and the server: whatever it loses, picture and voice return by themselves once it is
// clean, nothing is given up, and nobody else loses anything. How soon is printed, and judged in the full form.
import { setTimeout as pause } from 'node:timers/promises';
import { startChromium } from '../harness/chromium';
import { SAMPLE_RATE, type Decoded } from '../harness/decode';
import { IS_FULL } from '../harness/form';
import { percentile, report } from '../harness/measured';
import { NetworkHost } from '../harness/network-host';
import { ada, ben } from '../harness/person';
import { closeTo, GRID, tileColour, tileCounter, type Picture } from '../harness/picture';
import { droppedDatagrams } from '../harness/processes';
import { Recording } from '../harness/recording';
import { StagePage } from '../harness/stage-page';
import { expect, test as base } from '../harness/test';
import { isHeard } from '../harness/tone';

const FPS = 15;
/** How long the network is bad, and how long the test waits afterwards. */
const BAD_S = IS_FULL ? 30 : 15;
const AFTER_S = 15;
const ROUNDS = IS_FULL ? 10 : 1;
const LOSSES = IS_FULL ? [10, 20, 30, 50] : [50];
/** In the median, once the network is clean. */
const USUALLY_MS = 2000;

const test = base.extend<{ host: NetworkHost }>({
  host: async ({}, use) => {
    const host = await NetworkHost.create();
    await use(host);
    await host.remove();
  },
  systemOptions: async ({ host }, use) => use({ broadcast: true, sfuArgs: [], composerArgs: [], listenIp: host.gateway }),
});

for (const codec of ['vp8', 'h264'] as const) {
  for (const percent of LOSSES) {
    test(`${codec}: ${percent} % of somebody's packets are lost for ${BAD_S} s, and picture and voice return by themselves`, async ({
      composer,
      host,
      system,
    }) => {
      test.setTimeout(ROUNDS * (BAD_S + AFTER_S + 20) * 1000 + 60_000);
      const away = await startChromium(ada, { program: await host.chromium(), trusts: [system.url] });
      const here = await startChromium(ben, { trusts: [system.url] });
      const first = await StagePage.open(away.browser, system.url, ada.name, { codec });
      const second = await StagePage.open(here.browser, system.url, ben.name, { codec });
      const roomId = await first.createRoom();
      await second.join(roomId);
      await expect.poll(() => composer.activeInputs(roomId)).toBe(2);
      const neighbour = async () => {
        const { inputs } = await composer.broadcast(roomId);
        const id = await second.peerId();
        const { inputId, generation, pid, ports } = inputs.find(({ participantId }) => participantId === id)!;
        const dropped = await droppedDatagrams(ports.map(({ rtpPort }) => rtpPort));
        const { missed } = await second.stats();
        return { inputId, generation, pid, dropped, missed };
      };
      const before = await neighbour();
      const picturesBack: number[] = [];
      const voicesBack: number[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        const recording = Recording.start(system.url, roomId);
        await pause(2000);
        await host.lose(percent);
        await pause(BAD_S * 1000);
        await host.mend();
        const mended = Date.now();
        await pause(AFTER_S * 1000);
        await recording.stop();
        const seen = await recording.decoded();
        const begins = recording.segments[0]?.startsAt ?? NaN;
        const picture = pictureBack(seen.pictures, begins, mended);
        const voice = voiceBack(seen, begins, mended);
        report(`${codec}, ${percent} %: picture back after ${picture} ms, voice after ${voice} ms`);
        expect(picture, 'the picture returns').toBeDefined();
        expect(voice, 'the voice returns').toBeDefined();
        picturesBack.push(picture!);
        voicesBack.push(voice!);
        // The recording begins with a segment in which not both are there yet.
        const shown = seen.pictures.slice(seen.pictures.findIndex(hasNeighbour));
        expect(shown.filter((picture) => !hasNeighbour(picture)), 'pictures without the neighbour').toHaveLength(0);
        const frames = shown.map((picture) => tileCounter(picture, GRID.two[1]));
        expect(longestStill(frames), 'pictures in a row on which the neighbour stands still').toBeLessThan(2 * FPS);
      }
      expect(await neighbour(), 'nothing of the neighbour was lost or started again').toEqual(before);
      if (IS_FULL) {
        expect(percentile(picturesBack, 0.5), 'ms until the picture is back').toBeLessThanOrEqual(USUALLY_MS);
        expect(percentile(voicesBack, 0.5), 'ms until the voice is back').toBeLessThanOrEqual(USUALLY_MS);
      }
      await Promise.all([away.close(), here.close()]);
    });
  }
}

function hasNeighbour(picture: Picture): boolean {
  return closeTo(tileColour(picture, GRID.two[1]), ben.colour);
}

/** How long after `since` the first tile moves on for good: half a second in which its frame changes at least four times. */
function pictureBack(pictures: readonly Picture[], begins: number, since: number): number | undefined {
  const shown = pictures.map((picture) => (closeTo(tileColour(picture, GRID.two[0]), ada.colour) ? tileCounter(picture, GRID.two[0]) : undefined));
  const at = (n: number) => begins + (n * 1000) / FPS;
  const window = 8;
  for (let n = 0; n + window <= shown.length; n += 1) {
    if (at(n) < since) continue;
    const part = shown.slice(n, n + window);
    const steps = part.filter((frame, index) => index > 0 && frame !== part[index - 1]).length;
    if (part.every((frame) => frame !== undefined) && steps >= 4) return Math.round(at(n) - since);
  }
  return undefined;
}

/** How long after `since` a beep is heard, with a second one in the second after it. */
function voiceBack({ samples }: Decoded, begins: number, since: number): number | undefined {
  const half = SAMPLE_RATE / 2;
  for (let from = Math.max(0, Math.ceil(((since - begins) / 1000) * SAMPLE_RATE)); from + 3 * half <= samples.length; from += half / 5) {
    const both = isHeard(samples.subarray(from, from + half), ada.tone) && isHeard(samples.subarray(from + half, from + 3 * half), ada.tone);
    if (both) return Math.round((from / SAMPLE_RATE) * 1000 - (since - begins));
  }
  return undefined;
}

function longestStill(frames: readonly number[]): number {
  let longest = 0;
  let still = 0;
  for (const [n, frame] of frames.entries()) {
    still = n > 0 && frame === frames[n - 1] ? still + 1 : 0;
    longest = Math.max(longest, still);
  }
  return longest;
}
