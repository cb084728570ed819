// When everybody has left nothing is left: no process, no port, no socket, no file, and nothing in mediasoup.
import fs from 'node:fs/promises';
import { startChromium } from '../harness/chromium';
import type { ComposerClient } from '../harness/composer-client';
import { heldByMediasoup, onlyRouter } from '../harness/media-dump';
import { ada, ben } from '../harness/person';
import { fetchPlaylist } from '../harness/playlist';
import { boundUdpPorts, ffmpegsOf } from '../harness/processes';
import { StagePage } from '../harness/stage-page';
import type { System } from '../harness/system';
import { expect, test } from '../harness/test';
import { until } from '../harness/until';

test.use({
  systemOptions: { broadcast: true, sfuArgs: ['--broadcast-linger', '1s', '--seat-grace', '3s'], composerArgs: ['--keep', '4s'] },
});

test('after everybody left by the button the playlist is ended and all is released', async ({ enter, watch, composer, system }) => {
  const first = await enter(ada);
  const roomId = await first.createRoom();
  const second = await enter(ben);
  await second.join(roomId);
  await onAir(system, composer, roomId, 2);
  const viewer = await watch(roomId);
  await viewer.plays();

  await first.leave();
  await second.leave();
  await until('the playlist is ended', async () => (await fetchPlaylist(system.url, roomId))?.ended);
  await expect(viewer.state).toHaveAttribute('data-state', 'ended');
  await allIsReleased(system, composer, roomId);
});

test('after a browser was killed its person is gone, and with the last one everything is released', async ({ enter, composer, system }) => {
  const first = await enter(ada);
  const roomId = await first.createRoom();
  await onAir(system, composer, roomId, 1);
  const alone = await onlyRouter(system);
  const chromium = await startChromium(ben);
  try {
    const second = await StagePage.open(chromium.browser, system.url, ben.name);
    await second.join(roomId);
    await onAir(system, composer, roomId, 2);
    await expect(first.tiles).toHaveCount(2);
    expect((await onlyRouter(system)).producers).toHaveLength(4);
  } finally {
    await chromium.kill();
  }
  // Its seat is kept for a while: it might come back.
  await expect(first.page.locator('[data-testid="tile"][data-reconnecting="true"]')).toHaveCount(1);
  await expect(first.tiles).toHaveCount(1);
  await expect.poll(async () => (await composer.broadcast(roomId)).inputs.length).toBe(1);
  expect((await fetchPlaylist(system.url, roomId))?.ended).toBe(false);
  // What was there before is there still, and the transport on which the remaining person received the other one.
  await expect.poll(async () => (await onlyRouter(system)).transports).toHaveLength(alone.transports.length + 1);
  const { transports, ...media } = await onlyRouter(system);
  expect({ ...media, transports: transports.filter((id) => alone.transports.includes(id)) }).toEqual(alone);
  expect((await heldByMediasoup(system)).webRtcTransports).toHaveLength(2);

  // A closed page says good-bye to nobody, as a killed one.
  await first.close();
  await until('the playlist is ended', async () => (await fetchPlaylist(system.url, roomId))?.ended);
  await allIsReleased(system, composer, roomId);
});

test('rooms are broadcast apart: when one ends the other goes on', async ({
  enter,
  composer,
  system,
}) => {
  const staying = await enter(ben);
  const stayingRoomId = await staying.createRoom();
  await onAir(system, composer, stayingRoomId, 1);
  const alone = await onlyRouter(system);
  const leaving = await enter(ada);
  const roomId = await leaving.createRoom();
  await onAir(system, composer, roomId, 1);
  expect((await composer.broadcasts()).broadcasts.map((broadcast) => broadcast.roomId).toSorted()).toEqual([roomId, stayingRoomId].toSorted());

  await leaving.leave();
  await until('the playlist is ended', async () => (await fetchPlaylist(system.url, roomId))?.ended);
  expect((await fetchPlaylist(system.url, stayingRoomId))?.ended).toBe(false);
  await until('one room is left', async () => (await composer.broadcasts()).broadcasts.length === 1);
  await expect.poll(async () => (await heldByMediasoup(system)).routers).toEqual([alone]);
  await staying.leave();
  await allIsReleased(system, composer, stayingRoomId);
});

/** The room's broadcast runs with so many inputs, each of its processes where it should be. */
async function onAir(system: System, composer: ComposerClient, roomId: string, inputs: number): Promise<void> {
  await expect
    .poll(() => composer.activeInputs(roomId))
    .toBe(inputs);
  const { encoder, inputs: climbed } = await composer.broadcast(roomId);
  const children = await ffmpegsOf(system.composer.pid);
  const ingests = children.filter(({ argv }) => argv.some((arg) => arg.endsWith('.sdp')));
  for (const { pid } of climbed) expect(ingests.map((child) => child.pid)).toContain(pid);
  expect(children.filter((child) => !ingests.includes(child)).map(({ pid }) => pid)).toContain(encoder?.pid);
  expect((await composer.broadcasts()).portsLeased).toBeGreaterThanOrEqual(2 * inputs);
  expect(await boundUdpPorts(system.ports.plain)).not.toEqual([]);
  // A person sends over one transport, and two more take camera and microphone to the composer.
  const { routers } = await heldByMediasoup(system);
  expect(Math.max(...routers.map(({ transports }) => transports.length))).toBeGreaterThanOrEqual(3 * inputs);
}

async function allIsReleased(system: System, composer: ComposerClient, roomId: string): Promise<void> {
  await expect.poll(() => heldByMediasoup(system)).toEqual({ routers: [], webRtcTransports: [], orphans: [] });
  await expect.poll(() => ffmpegsOf(system.composer.pid)).toEqual([]);
  await expect.poll(() => boundUdpPorts(system.ports.plain), { message: 'sockets towards the composer' }).toEqual([]);
  await expect.poll(() => boundUdpPorts(system.ports.rtp), { message: 'sockets of FFmpegs' }).toEqual([]);
  await expect.poll(async () => (await composer.broadcasts()).portsLeased).toBe(0);
  await expect.poll(async () => (await composer.broadcasts()).broadcasts).toEqual([]);
  await expect.poll(async () => (await fetch(`${system.url}/api/rooms/${roomId}`)).status).toBe(404);
  await expect.poll(async () => (await fetch(`${system.url}/hls/${roomId}/index.m3u8`)).status).toBe(404);
  await expect.poll(async () => (await fs.readdir(system.dataDir, { recursive: true })).filter((name) => name.includes(roomId))).toEqual([]);
}
