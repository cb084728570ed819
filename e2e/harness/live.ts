// Two people on the air and somebody who watches them: what every test of a disturbance begins with.
import { lastPicture } from './last-picture';
import { ada, ben } from './person';
import { closeTo, GRID, tileColour } from './picture';
import type { StagePage } from './stage-page';
import { expect, test as base } from './test';
import type { WatchPage } from './watch-page';

export interface Live {
  roomId: string;
  first: StagePage;
  second: StagePage;
  viewer: WatchPage;
  /** How many inputs are active. */
  active: () => Promise<number>;
}

export const test = base.extend<{ live: Live }>({
  live: async ({ enter, watch, composer }, use) => {
    const first = await enter(ada);
    const roomId = await first.createRoom();
    const second = await enter(ben);
    await second.join(roomId);
    const viewer = await watch(roomId);
    const active = () => composer.activeInputs(roomId);
    await expect.poll(active).toBe(2);
    await viewer.playsSteadily();
    await use({ roomId, first, second, viewer, active });
  },
});

/** Whether the newest segment shows the two people, in either order. */
export async function coloursOnAir(origin: string, roomId: string): Promise<boolean[]> {
  const last = await lastPicture(origin, roomId);
  if (!last) return [];
  return [ada, ben].map(({ colour }) => GRID.two.some((tile) => closeTo(tileColour(last, tile), colour)));
}

export { expect } from './test';
