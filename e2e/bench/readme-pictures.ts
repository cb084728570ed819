// Draws docs/images/: the same call as one of the people in it and as a viewer see it. Measures nothing.
import path from 'node:path';
import { ada } from '../harness/person';
import { StagePage } from '../harness/stage-page';
import { expect, test } from '../harness/test';
import { sittingBeforeCamera, type Looks } from './portrait';

const IMAGES = path.resolve(import.meta.dirname, '../../docs/images');
const SIZE = { width: 800, height: 540 };

const people: readonly (Looks & { name: string; muted: boolean })[] = [
  { name: 'Ada', muted: false, wall: ['#3d4a74', '#1d2440'], skin: '#e8b998', hair: '#3a2418', shirt: '#7c3f58', hairstyle: 'bun' },
  { name: 'Grace', muted: true, wall: ['#4d6b62', '#22352f'], skin: '#f0c8ab', hair: '#8d8f96', shirt: '#25324f', hairstyle: 'short' },
  { name: 'Edsger', muted: true, wall: ['#7a5a43', '#3a281d'], skin: '#e6b48f', hair: '#6b5a4a', shirt: '#4c6b8a', hairstyle: 'beard' },
  { name: 'Alan', muted: true, wall: ['#5a4f74', '#292338'], skin: '#edc0a0', hair: '#2a1c14', shirt: '#5d6d4e', hairstyle: 'parted' },
];

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
    .poll(async () => (await composer.broadcast(roomId)).inputs.filter(({ state }) => state === 'ACTIVE').length)
    .toBe(people.length);

  const viewer = await watch(roomId);
  await viewer.page.setViewportSize(SIZE);
  await viewer.playsSteadily();
  await viewer.page.getByRole('button', { name: 'Tap for sound' }).click();
  // Four cameras and this browser on one small machine: the player may have to catch up.
  await expect(async () => {
    const goLive = viewer.page.getByTestId('go-live');
    if (await goLive.isVisible()) await goLive.click();
    await viewer.advances(3);
    await expect(viewer.page.getByTestId('live-badge')).toHaveAttribute('data-live', 'true', { timeout: 1 });
  }).toPass();
  await viewer.page.screenshot({ path: path.join(IMAGES, 'watch.png') });

  await host.page.setViewportSize(SIZE);
  await expect(host.page.locator('[data-testid="tile"] video')).toHaveCount(people.length);
  await expect(host.tileOf(await host.peerId())).toHaveAttribute('data-speaking', 'true');
  await host.page.screenshot({ path: path.join(IMAGES, 'stage.png'), animations: 'disabled' });
  await Promise.all(pages.map((page) => page.close()));
});
