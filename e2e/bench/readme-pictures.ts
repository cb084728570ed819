// Draws docs/images/: the same call as one of the people in it and as a viewer see it. Measures nothing.
import path from 'node:path';
import { ada } from '../harness/person';
import { repository } from '../harness/places';
import { StagePage } from '../harness/stage-page';
import { expect, test } from '../harness/test';
import { people, sittingBeforeCamera } from './portrait';

const IMAGES = path.join(repository, 'docs/images');
const SIZE = { width: 800, height: 500 };

test('pictures of the pages', async ({ browsers, composer, system, watch }) => {
  const { browser } = await browsers(ada);
  const pages: StagePage[] = [];
  for (const { name, muted, ...looks } of people) {
    const page = await StagePage.open(browser, system.url, name);
    await page.page.addInitScript(sittingBeforeCamera, looks);
    const [host] = pages;
    if (host) await page.join(await host.room(), { muted });
    else await page.createRoom();
    pages.push(page);
  }
  const [host] = pages as [StagePage];
  const roomId = await host.room();
  await expect
    .poll(() => composer.activeInputs(roomId))
    .toBe(people.length);

  const viewer = await watch(roomId, { viewport: SIZE });
  await viewer.playsSteadily();
  await viewer.page.getByTestId('unmute').click();
  // Four cameras and this browser on one small machine: the player may have to catch up.
  await expect(async () => {
    const badge = viewer.page.getByTestId('live-badge');
    if ((await badge.getAttribute('data-live')) !== 'true') await viewer.page.keyboard.press('l');
    await viewer.advances(4);
    expect(await badge.getAttribute('data-live')).toBe('true');
  }).toPass();
  await viewer.page.mouse.move(0, 0);
  await expect(viewer.controls).toHaveCSS('opacity', '0');
  await viewer.page.screenshot({ path: path.join(IMAGES, 'watch.png') });

  await host.page.setViewportSize(SIZE);
  const cameras = host.tiles.locator('video');
  await expect.poll(() => cameras.evaluateAll((videos: HTMLVideoElement[]) => videos.filter((video) => video.videoWidth > 0).length)).toBe(people.length);
  const speaker = host.tileOf(await host.peerId());
  // Ada stops for breath, and a picture takes a moment: she must speak before and after it.
  await expect(async () => {
    await expect(speaker).toHaveAttribute('data-speaking', 'true');
    await host.page.screenshot({ path: path.join(IMAGES, 'stage.png'), animations: 'disabled' });
    expect(await speaker.getAttribute('data-speaking')).toBe('true');
  }).toPass();
  await Promise.all(pages.map((page) => page.close()));
});
