// A camera is sent in three sizes, and everybody receives the one that their tile needs.
import { ada, ben } from '../harness/person';
import type { StagePage } from '../harness/stage-page';
import { expect, test } from '../harness/test';

test.use({ systemOptions: { broadcast: false, sfuArgs: [], composerArgs: [] } });
test.setTimeout(180_000);

const LARGE = { width: 1280, height: 800 };
const SMALL = { width: 420, height: 400 };
/** Bandwidth is estimated upwards by and by, and a busy machine is slow at it. */
const PATIENT = { timeout: 30_000 };

test('a camera of 960x540 sends three layers; a large tile gets the largest, a small one a smaller, as the window changes', async ({ enter }) => {
  const sender = await enter({ ...ada, name: 'Dora', camera: { width: 960, height: 540 } });
  const roomId = await sender.createRoom();
  const receiver = await enter(ben, { viewport: LARGE });
  await receiver.join(roomId);
  const senderId = await sender.peerId();

  await expect.poll(() => heightsSent(sender), PATIENT).toEqual([135, 270, 540]);
  const received = async () => (await receiver.stats()).received.find(({ peerId, kind }) => peerId === senderId && kind === 'video')?.frameHeight;
  const tileHeight = async () => (await receiver.tileOf(senderId).boundingBox())?.height;

  expect(await tileHeight(), 'more than the middle layer fills').toBeGreaterThan(270);
  await expect.poll(received, PATIENT).toBe(540);

  await receiver.page.setViewportSize(SMALL);
  await expect.poll(tileHeight).toBeLessThan(270);
  await expect.poll(received, PATIENT).toBeLessThanOrEqual(270);

  await receiver.page.setViewportSize(LARGE);
  await expect.poll(received, PATIENT).toBe(540);
});

/** Of the layers that this page sends at this moment, from the smallest. */
async function heightsSent({ page }: StagePage): Promise<number[]> {
  return page.evaluate(async () => {
    const heights: number[] = [];
    for (const connection of window.__calls.connections) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type === 'outbound-rtp' && report.kind === 'video' && report.framesPerSecond > 0) heights.push(report.frameHeight);
      }
    }
    return heights.sort((a, b) => a - b);
  });
}
