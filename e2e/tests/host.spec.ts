// What a host does, as the host, the others and the viewers see it.
import { lastPicture } from '../harness/last-picture';
import { ada, ben, cleo, type Person } from '../harness/person';
import { closeTo, GRID, LARGE_OF_TWO, tileColour, type Box } from '../harness/picture';
import { shot } from '../harness/shot';
import type { StagePage } from '../harness/stage-page';
import { expect, test } from '../harness/test';

test.setTimeout(120_000);

test('a host mutes somebody: everybody sees it, they are told, and may speak again', async ({ enter }) => {
  const { host, guest, guestId } = await two(enter);
  const seen = host.tileOf(guestId);
  await expect(seen).toHaveAttribute('data-muted', 'false');

  await host.manage(guestId);
  await shot(host.page, 'host-menu');
  await host.choose('mute-peer');

  await expect(seen).toHaveAttribute('data-muted', 'true');
  await expect(guest.tileOf(guestId)).toHaveAttribute('data-muted', 'true');
  await expect(guest.page.getByTestId('toggle-microphone')).toHaveAttribute('aria-pressed', 'false');
  await expect(guest.page.getByTestId('toast')).toHaveText('The host muted your microphone. You can turn it on again.');
  await shot(guest.page, 'muted-by-host');
  await shot(host.page, 'muted-at-host');

  await guest.toggle('microphone');
  await expect(seen).toHaveAttribute('data-muted', 'false');
});

test('a locked room lets nobody in, and whoever is removed from it stays out', async ({ enter }) => {
  const { host, guest, guestId, roomId } = await two(enter);
  await host.manageRoom();
  await shot(host.page, 'room-menu');
  await host.choose('lock-room');
  for (const page of [host, guest]) await expect(page.page.getByTestId('room-locked')).toBeVisible();
  await shot(guest.page, 'locked');

  const newcomer = await enter(cleo);
  await newcomer.arrive(roomId);
  expect(await newcomer.isRefused()).toMatch(/^This room is locked: nobody new may join now\./);
  await expect(newcomer.page.getByTestId('entrance-problem')).toBeInViewport({ ratio: 1 });
  await shot(newcomer.page, 'newcomer-locked-out');

  await host.manage(guestId);
  await host.choose('remove-peer');
  await shot(host.page, 'remove-question');
  await host.choose('confirm');
  await expect(guest.closedReason).toHaveText('A host removed you from this room.');
  await expect(host.tiles).toHaveCount(1);
  await shot(guest.page, 'removed');
  await guest.page.getByRole('button', { name: 'Join again' }).click();
  expect(await guest.isRefused()).toMatch(/^This room is locked/);

  await host.manageRoom();
  await host.choose('lock-room');
  await expect(host.page.getByTestId('room-locked')).toHaveCount(0);
  await newcomer.enter();
  await expect(host.tiles).toHaveCount(2);
  await expect(host.tileOf(await newcomer.peerId())).toBeVisible();
  await shot(host.page, 'unlocked');
});

test('a host pins somebody and arranges the broadcast, and its picture follows', async ({ enter, composer, system }) => {
  const { host, guest, guestId, roomId } = await two(enter);
  const hostId = await host.peerId();
  await expect.poll(() => composer.activeInputs(roomId)).toBe(2);
  /** Whose colour is where in the newest picture; empty where it is nobody's. */
  const picture = async (...boxes: Box[]) => {
    const last = await lastPicture(system.url, roomId);
    return boxes.map((box) => [ada, ben].find(({ colour }) => last && closeTo(tileColour(last, box), colour))?.name ?? '');
  };
  await onAir(() => picture(...GRID.two), [ada, ben]);
  await expect(host.broadcastPhase).toHaveAttribute('data-phase', 'live');
  await shot(host.page, 'on-air');

  await host.manage(guestId);
  await host.choose('pin-peer');
  for (const page of [host, guest]) await expect(page.tileOf(guestId)).toHaveAttribute('data-pinned', 'true');
  await onAir(() => picture(LARGE_OF_TWO.pinned), [ben]);
  await shot(host.page, 'pinned');

  await layout(host, 'spotlight');
  await onAir(() => picture(LARGE_OF_TWO.spotlight, ...GRID.two), [ben, ben, ben]);
  await layout(host, 'grid');
  await onAir(() => picture(...GRID.two), [ada, ben]);
  await host.manageRoom();
  await shot(host.page, 'layout-menu');
  await host.page.keyboard.press('Escape');

  await host.manage(hostId);
  await host.choose('pin-peer');
  await layout(host, 'speaker');
  await onAir(() => picture(LARGE_OF_TWO.speaker), [ada]);
  expect((await guest.snapshot()).settings).toMatchObject({ layout: 'speaker', pinned: { peerId: hostId } });
});

test('a host ends the call: everybody sees why, and the link leads nowhere', async ({ enter }) => {
  const { host, guest, roomId } = await two(enter);
  await host.manageRoom();
  await host.choose('end-room');
  await shot(host.page, 'end-question');
  await host.choose('confirm');
  for (const page of [host, guest]) await expect(page.closedReason).toHaveText('A host ended the call for everybody.');
  await expect(guest.page.getByRole('button', { name: 'Join again' })).toHaveCount(0);
  await shot(guest.page, 'ended');

  await guest.arrive(roomId);
  expect(await guest.isRefused()).toMatch(/^This room does not exist, or it has ended\./);
  await shot(guest.page, 'ended-link');
});

test('whoever only watches is a line and no tile, and a host may remove them', async ({ enter }) => {
  const { host, guest, roomId } = await two(enter);
  const viewer = await enter(cleo);
  await viewer.page.goto(`${new URL(host.page.url()).origin}/room/${roomId}?role=viewer`);
  await expect(viewer.page.getByTestId('only-watch')).toHaveAttribute('href', `/watch/${(await host.snapshot()).watchId}`);
  await shot(viewer.page, 'viewer-door');
  await viewer.page.getByTestId('display-name').fill(cleo.name);
  await viewer.page.getByTestId('join').click();

  await expect(viewer.tiles).toHaveCount(2);
  await shot(viewer.page, 'viewer');
  for (const page of [host, guest]) {
    await expect(page.tiles).toHaveCount(2);
    await expect(page.page.getByTestId('watching')).toHaveText('1 watching');
  }
  await guest.choose('watching');
  await expect(guest.page.getByTestId('watching-person')).toHaveText(cleo.name);
  await shot(guest.page, 'watching-seen-by-guest');
  await host.choose('watching');
  await shot(host.page, 'watching-seen-by-host');
  await host.choose('watching-person');
  await host.choose('confirm');
  await expect(viewer.closedReason).toHaveText('A host removed you from this room.');
  await expect(host.page.getByTestId('watching')).toHaveCount(0);
});

test('before the door of a room with a password nothing leads to its broadcast', async ({ enter }) => {
  const host = await enter(ada);
  const roomId = await host.createRoom({ password: 'north' });
  await expect(host.broadcastPhase).toHaveAttribute('data-phase', 'live');
  const guest = await enter(ben);
  const asked = guest.page.waitForResponse((response) => response.url().endsWith(`/api/rooms/${roomId}`));
  await guest.arrive(roomId);
  expect(await (await asked).json()).toMatchObject({ hasPassword: true });
  expect(await guest.isRefused()).toBe('This room is protected by a password. Enter the one you were given.');
  await expect(guest.page.getByTestId('only-watch')).toHaveCount(0);
  await shot(guest.page, 'password-asked');
});

async function two(enter: (person: Person) => Promise<StagePage>) {
  const host = await enter(ada);
  const roomId = await host.createRoom();
  const guest = await enter(ben);
  await guest.join(roomId);
  const guestId = await guest.peerId();
  await expect(host.tileOf(guestId)).toBeVisible();
  return { host, guest, guestId, roomId };
}

async function layout(host: StagePage, name: string): Promise<void> {
  await host.manageRoom();
  await host.choose(`layout-${name}`);
  await expect.poll(async () => (await host.snapshot()).settings?.layout).toBe(name);
}

/** The broadcast is some seconds behind, and its newest segment a little more. */
async function onAir(look: () => Promise<string[]>, people: Person[]): Promise<void> {
  await expect.poll(look, { timeout: 30_000 }).toEqual(people.map(({ name }) => name));
}
