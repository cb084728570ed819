// How loud one tone is in a sound.
import { SAMPLE_RATE } from './decode';

/** The amplitude of `hertz` (Goertzel), averaged over tenths of a second: beeps need not be in step with anything. */
export function loudness(samples: Float32Array, hertz: number): number {
  const length = SAMPLE_RATE / 10;
  let sum = 0;
  let windows = 0;
  for (let at = 0; at + length <= samples.length; at += length) {
    sum += amplitude(samples.subarray(at, at + length), hertz);
    windows += 1;
  }
  return windows === 0 ? 0 : sum / windows;
}

/** Whether the tone stands out from a frequency that nobody here uses. */
export function isHeard(samples: Float32Array, hertz: number): boolean {
  const nothing = Math.max(loudness(samples, 710), loudness(samples, 2630));
  return loudness(samples, hertz) > Math.max(0.002, 5 * nothing);
}

function amplitude(samples: Float32Array, hertz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hertz) / SAMPLE_RATE);
  let before = 0;
  let last = 0;
  for (const sample of samples) [before, last] = [last, sample + coefficient * last - before];
  const power = last * last + before * before - coefficient * last * before;
  return (2 * Math.sqrt(Math.max(0, power))) / samples.length;
}
