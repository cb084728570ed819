// The number in every frame of a camera: black and white blocks in a band above the centre, as a Gray code, so that a frame
// caught between two numbers reads as one of them.

export const COUNTER = {
  bits: 6,
  /** The counter begins again after so many frames. */
  frames: 64,
  /** The band, as a share of the height. */
  top: 1 / 9,
  bottom: 1 / 3,
} as const;

/** Whether block `bit` of frame `n` is white. */
export function counterBit(n: number, bit: number): boolean {
  return (((n ^ (n >> 1)) >> bit) & 1) === 1;
}

/** The number that blocks of these brightnesses (0 to 255, bit 0 first) show. */
export function readCounter(blocks: readonly number[]): number {
  let number = 0;
  for (let bit = COUNTER.bits - 1, carry = 0; bit >= 0; bit -= 1) {
    carry ^= (blocks[bit] ?? 0) > 127 ? 1 : 0;
    number |= carry << bit;
  }
  return number;
}
