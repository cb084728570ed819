// A shared screen: a second producer beside the camera, a tile of its own for the others, and an input of its own in the picture.
import { lastPicture } from '../harness/last-picture';
import { ada, ben } from '../harness/person';
import type { Picture } from '../harness/picture';
import { expect, test } from '../harness/test';
import { until } from '../harness/until';

test('a shared screen stands beside its person, for the others and in the broadcast, and both cameras go on untouched', async ({
  enter,
  composer,
  system,
}) => {
  const first = await enter(ada);
  const roomId = await first.createRoom();
  const second = await enter(ben);
  await second.join(roomId);
  const [adaId, benId] = [await first.peerId(), await second.peerId()];
  const inputs = async () => {
    const { inputs } = await composer.broadcast(roomId);
    return Object.fromEntries(inputs.map(({ participantId, state, pid, generation }) => [participantId, { state, pid, generation }]));
  };
  const active = () => composer.activeInputs(roomId);
  await expect.poll(active).toBe(2);
  const cameras = await inputs();

  await first.toggle('screen');
  const screen = second.page.locator(`[data-testid="screen-tile"][data-peer-id="${adaId}"] video`);
  await until('Ben sees it move', async () => (await screen.evaluate((video: HTMLVideoElement) => video.getVideoPlaybackQuality().totalVideoFrames)) > 5);
  await expect(second.tiles).toHaveCount(2);
  await expect.poll(active).toBe(3);
  expect(Object.keys(await inputs()).sort()).toEqual([adaId, benId, `${adaId}-screen`].sort());
  // Chromium's own test screen is green.
  await until('the screen is large in the picture', async () => green((await lastPicture(system.url, roomId))!) > 0.4);

  await first.toggle('screen');
  await expect(screen).toHaveCount(0);
  await expect.poll(inputs, 'the cameras are the same processes as before').toEqual(cameras);
});

/** How much of a picture is the green of the test screen, of 1. */
function green({ width, height, data }: Picture): number {
  let found = 0;
  for (let at = 0; at < data.length; at += 3) {
    const [r = 0, g = 0, b = 0] = data.subarray(at, at + 3);
    if (g > 90 && r < 60 && b < 60) found += 1;
  }
  return found / (width * height);
}
