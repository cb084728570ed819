// Colours and frame numbers in raw RGB pictures.
import { COUNTER, readCounter } from './frame-counter';
import type { Rgb } from './person';

export interface Picture {
  width: number;
  height: number;
  /** RGB, three bytes per pixel. */
  data: Uint8Array;
}

export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where the grid puts pictures in the 256x144 canvas (hls-composer/src/compositor/layout.rs). */
export const GRID = {
  one: [{ x: 0, y: 0, width: 256, height: 144 }],
  two: [
    { x: 0, y: 36, width: 126, height: 70 },
    { x: 130, y: 36, width: 126, height: 70 },
  ],
  three: [
    { x: 0, y: 0, width: 126, height: 70 },
    { x: 130, y: 0, width: 126, height: 70 },
    { x: 64, y: 74, width: 126, height: 70 },
  ],
} as const satisfies Record<string, readonly Box[]>;

/** Where the large one is of two, in the layouts that have one. */
export const LARGE_OF_TWO = {
  speaker: { x: 0, y: 18, width: 192, height: 108 },
  pinned: { x: 0, y: 14, width: 206, height: 116 },
  spotlight: GRID.one[0],
} as const satisfies Record<string, Box>;

/** Whether two colours are the same but for what encoders do to them. */
export function closeTo(colour: Rgb | undefined, wanted: Rgb, tolerance = 45): boolean {
  return colour !== undefined && wanted.every((value, i) => Math.abs(value - (colour[i] ?? 0)) <= tolerance);
}

/** The mean colour in the middle of a tile, below the frame counter and above the name. */
export function tileColour(picture: Picture, tile: Box): Rgb {
  return meanColour(picture, {
    x: tile.x + tile.width * 0.4,
    y: tile.y + tile.height * 0.45,
    width: tile.width * 0.2,
    height: tile.height * 0.15,
  });
}

/** The number of the camera's frame that a tile shows. */
export function tileCounter(picture: Picture, tile: Box): number {
  const block = tile.width / (COUNTER.bits + 2);
  const blocks = Array.from({ length: COUNTER.bits }, (_, bit) => {
    const [, green] = meanColour(picture, {
      x: tile.x + (bit + 1.35) * block,
      y: tile.y + tile.height * 0.17,
      width: block * 0.3,
      height: tile.height * 0.1,
    });
    return green;
  });
  return readCounter(blocks);
}

function meanColour({ width, data }: Picture, box: Box): Rgb {
  const sum: [number, number, number] = [0, 0, 0];
  let pixels = 0;
  for (let y = Math.round(box.y); y < Math.round(box.y + box.height); y += 1) {
    for (let x = Math.round(box.x); x < Math.round(box.x + box.width); x += 1) {
      const at = (y * width + x) * 3;
      for (const channel of [0, 1, 2] as const) sum[channel] += data[at + channel] ?? 0;
      pixels += 1;
    }
  }
  return [sum[0] / pixels, sum[1] / pixels, sum[2] / pixels];
}
