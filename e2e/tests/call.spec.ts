// People in a room see and hear each other. No broadcast runs here.
import { setTimeout as pause } from 'node:timers/promises';
import type { CallStats, ReceivedTrack } from '../harness/call-stats';
import { ada, ben, cleo, type Person } from '../harness/person';
import { closeTo } from '../harness/picture';
import { SignalingPeer } from '../harness/signaling-peer';
import type { StagePage } from '../harness/stage-page';
import { expect, test } from '../harness/test';
import { until } from '../harness/until';

test.use({ systemOptions: { broadcast: false, sfuArgs: [], composerArgs: [] } });

test('two people in a room see and hear each other, encrypted and without a lost packet', async ({ enter }) => {
  const first = await enter(ada);
  const roomId = await first.createRoom();
  const second = await enter(ben);
  await second.join(roomId);

  for (const [page, other, person] of [
    [first, await second.peerId(), ben],
    [second, await first.peerId(), ada],
  ] as const) {
    await seesAndHears(page, other, person);
  }

  // A few seconds of a settled call are what a lost packet would show in.
  await expect.poll(async () => (await track(first, await second.peerId(), 'video'))?.framesDecoded).toBeGreaterThan(60);
  for (const page of [first, second]) {
    const { received, srtpCiphers } = await page.stats();
    expect(received.map(({ packetsLost }) => packetsLost)).toEqual([0, 0]);
    expect(srtpCiphers).toEqual(['SRTP_AEAD_AES_256_GCM', 'SRTP_AEAD_AES_256_GCM']);
    expect((await page.snapshot()).notices).toEqual([]);
  }
});

test('a person who sends H264 is seen and heard by one who sends VP8, and sees and hears them', async ({ enter }) => {
  const first = await enter(ada, { codec: 'h264' });
  const roomId = await first.createRoom();
  const second = await enter(ben);
  await second.join(roomId);
  await seesAndHears(second, await first.peerId(), ada);
  await seesAndHears(first, await second.peerId(), ben);
});

test('muting, turning the camera off and leaving are seen by the other', async ({ enter }) => {
  const first = await enter(ada);
  const second = await enter(ben);
  await second.join(await first.createRoom());
  const tile = second.tileOf(await first.peerId());
  await seesAndHears(second, await first.peerId(), ada);

  await first.toggle('microphone');
  await expect(tile).toHaveAttribute('data-muted', 'true');
  await expect.poll(() => energyOfMoment(second, first)).toBeLessThan(1e-4);

  await first.toggle('microphone');
  await expect(tile).toHaveAttribute('data-muted', 'false');
  await expect.poll(() => energyOfMoment(second, first)).toBeGreaterThan(1e-3);

  await first.toggle('camera');
  await expect(tile.locator('video')).toHaveCount(0);
  await first.toggle('camera');
  await expect.poll(() => shows(second, first, ada)).toBe(true);

  await first.leave();
  await expect(tile).toHaveCount(0);
  await expect(second.tiles).toHaveCount(1);
});

test('the one who speaks is marked for the others', async ({ enter }) => {
  const first = await enter(ada);
  const second = await enter(ben);
  await second.join(await first.createRoom(), { muted: true });
  await expect(second.tileOf(await first.peerId())).toHaveAttribute('data-speaking', 'true');
  await expect(first.tileOf(await second.peerId())).toHaveAttribute('data-speaking', 'false');
});

test('a third person sees and hears both and is seen and heard by both', async ({ enter }) => {
  const people = [ada, ben, cleo];
  const pages: StagePage[] = [];
  for (const person of people) pages.push(await enter(person));
  const [first, ...others] = pages as [StagePage, ...StagePage[]];
  const roomId = await first.createRoom();
  for (const page of others) await page.join(roomId);

  for (const page of pages) {
    await expect(page.tiles).toHaveCount(3);
    for (const [index, other] of pages.entries()) {
      if (other !== page) await seesAndHears(page, await other.peerId(), people[index]!);
    }
  }
});

for (const end of ['stop', 'kill'] as const) {
  const how = end === 'stop' ? 'a restart' : 'kill -9 and a new start';
  test(`after ${how} of sfu-server both are back in the same room by themselves, as who they were`, async ({ enter, system }) => {
    const first = await enter(ada);
    const roomId = await first.createRoom();
    const second = await enter(ben);
    await second.join(roomId);
    await seesAndHears(second, await first.peerId(), ada);
    const before = [await first.peerId(), await second.peerId()];

    await system.sfu[end]();
    await expect.poll(async () => (await first.snapshot()).phase).toBe('reconnecting');
    await system.sfu.start();

    for (const page of [first, second]) {
      await expect.poll(async () => (await page.snapshot()).phase).toBe('joined');
      expect(await page.room()).toBe(roomId);
      expect(page.page.url()).toContain(roomId);
    }
    expect([await first.peerId(), await second.peerId()]).toEqual(before);
    await seesAndHears(second, await first.peerId(), ada);
    await seesAndHears(first, await second.peerId(), ben);
  });
}

test.describe('a server with its most connections', () => {
  test.use({ systemOptions: { broadcast: false, sfuArgs: ['--max-connections', '1'], composerArgs: [] } });

  test('says so to the next one at once, and takes back whoever was there as soon as it can', async ({ enter, system }) => {
    const first = await enter(ada);
    const roomId = await first.createRoom();
    const peerId = await first.peerId();
    const second = await enter(ben);
    await second.arrive(roomId);
    expect(await second.isRefused()).toBe('The server has its most connections, 1; try again later.');

    await first.page.evaluate(() => window.__calls.hangUp());
    const other = await until('another has the place', () => SignalingPeer.connect(system.url), { every: 5 });
    await expect.poll(async () => (await first.snapshot()).phase).toBe('reconnecting');
    // Longer than any pause between two attempts, of which each is refused.
    await pause(3000);
    expect((await first.snapshot()).phase).toBe('reconnecting');
    other.close();
    await expect.poll(async () => (await first.snapshot()).phase).toBe('joined');
    expect(await first.peerId()).toBe(peerId);
  });
});

/** The person's colour is in their tile, its picture moves, and they are heard. */
async function seesAndHears(page: StagePage, peerId: string, person: Person): Promise<void> {
  await expect.poll(async () => closeTo(await page.colourOf(peerId), person.colour), { message: `${person.name}'s colour` }).toBe(true);
  const seen = (await track(page, peerId, 'video'))?.framesDecoded ?? 0;
  await expect.poll(async () => (await track(page, peerId, 'video'))?.framesDecoded).toBeGreaterThan(seen + 10);
  await expect.poll(async () => (await track(page, peerId, 'audio'))?.audioEnergy).toBeGreaterThan(1e-4);
}

async function shows(page: StagePage, other: StagePage, person: Person): Promise<boolean> {
  return closeTo(await page.colourOf(await other.peerId()), person.colour);
}

/** What is heard within a moment longer than the pause between two beeps: silence can only be seen over time. */
async function energyOfMoment(page: StagePage, other: StagePage): Promise<number> {
  const peerId = await other.peerId();
  const before = (await track(page, peerId, 'audio'))?.audioEnergy ?? 0;
  await pause(600);
  return ((await track(page, peerId, 'audio'))?.audioEnergy ?? 0) - before;
}

async function track(page: StagePage, peerId: string, kind: ReceivedTrack['kind']): Promise<ReceivedTrack | undefined> {
  const { received }: CallStats = await page.stats();
  return received.find((candidate) => candidate.peerId === peerId && candidate.kind === kind);
}
