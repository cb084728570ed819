// Follows people through recorded pictures while tiles come and go: did every frame of theirs arrive?
import { COUNTER } from './frame-counter';
import type { Person } from './person';
import { closeTo, tileColour, tileCounter, type Box, type Picture } from './picture';

/** Who stands where. */
export interface Scene {
  tiles: readonly Box[];
  people: readonly Person[];
}

export interface Smoothness {
  /** Pictures with a camera frame that the picture before did not show. */
  fresh: number;
  /** Most pictures in a row with the same camera frame, beyond the first. */
  longestFreeze: number;
  pictures: number;
}

export interface Followed {
  /** The scenes by index, in the order they were seen. */
  scenes: number[];
  smoothness: Record<string, Smoothness>;
}

export function follow(pictures: readonly Picture[], scenes: readonly Scene[]): Followed {
  const seen: number[] = [];
  const counters: Record<string, number[]> = {};
  let current = 0;
  for (const picture of pictures) {
    // A person who has just come shows the avatar first, so the scene is known by those who were there before.
    const next = scenes.findIndex((scene, index) => index >= current && shows(picture, scene));
    if (next === -1) continue;
    current = next;
    if (seen.at(-1) !== current) seen.push(current);
    for (const [n, person] of scenes[current]!.people.entries()) {
      const tile = scenes[current]!.tiles[n]!;
      if (closeTo(tileColour(picture, tile), person.colour)) (counters[person.name] ??= []).push(tileCounter(picture, tile));
    }
  }
  return { scenes: seen, smoothness: Object.fromEntries(Object.entries(counters).map(([name, read]) => [name, smoothness(read)])) };
}

function shows(picture: Picture, { tiles, people }: Scene): boolean {
  const present = people.filter((person, n) => closeTo(tileColour(picture, tiles[n]!), person.colour));
  return present.length >= Math.min(2, people.length);
}

function smoothness(counters: readonly number[]): Smoothness {
  const result: Smoothness = { fresh: 0, longestFreeze: 0, pictures: counters.length };
  let freeze = 0;
  for (const [n, counter] of counters.entries()) {
    if (n === 0) continue;
    const step = (counter - counters[n - 1]! + COUNTER.frames) % COUNTER.frames;
    freeze = step === 0 ? freeze + 1 : 0;
    result.longestFreeze = Math.max(result.longestFreeze, freeze);
    if (step !== 0) result.fresh += 1;
  }
  return result;
}
