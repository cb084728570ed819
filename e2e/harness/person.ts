// What a person's camera shows and microphone hears: a colour with a frame counter, and a tone. Both are files for Chromium's
// fake devices, made here because every test must know every pixel.
import fs from 'node:fs/promises';
import path from 'node:path';
import { COUNTER, counterBit } from './frame-counter';

export type Rgb = readonly [number, number, number];

export interface Person {
  name: string;
  colour: Rgb;
  /** Hz. */
  tone: number;
  /** What the camera captures; small, because few tests look at more than colours. */
  camera?: Size;
}

interface Size {
  width: number;
  height: number;
}

export const ada: Person = { name: 'Ada', colour: [200, 30, 30], tone: 440 };
export const ben: Person = { name: 'Ben', colour: [30, 50, 200], tone: 1000 };
export const cleo: Person = { name: 'Cleo', colour: [30, 160, 40], tone: 1700 };

const SMALL: Size = { width: 320, height: 180 };
const FPS = 15;
const SAMPLE_RATE = 48_000;

/** Writes the person's camera and microphone into `dir`. */
export async function writeDevices(person: Person, dir: string): Promise<{ camera: string; microphone: string }> {
  const camera = path.join(dir, `${person.name}.y4m`);
  const microphone = path.join(dir, `${person.name}.wav`);
  await fs.writeFile(camera, picture(person.colour, person.camera ?? SMALL));
  await fs.writeFile(microphone, sound(person.tone));
  return { camera, microphone };
}

function picture(colour: Rgb, size: Size): Buffer {
  const parts: Uint8Array[] = [Buffer.from(`YUV4MPEG2 W${size.width} H${size.height} F${FPS}:1 Ip A1:1 C420jpeg\n`)];
  for (let n = 0; n < COUNTER.frames; n += 1) parts.push(Buffer.from('FRAME\n'), frame(colour, size, n));
  return Buffer.concat(parts);
}

function frame([r, g, b]: Rgb, { width, height }: Size, n: number): Buffer {
  // BT.601, limited range: what every decoder assumes for so small a picture.
  const y = 16 + (65.5 * r + 128.6 * g + 25 * b) / 255;
  const u = 128 + (-37.8 * r - 74.2 * g + 112 * b) / 255;
  const v = 128 + (112 * r - 93.8 * g - 18.2 * b) / 255;
  const luma = Buffer.alloc(width * height, Math.round(y));
  const chroma = [u, v].map((value) => Buffer.alloc((width / 2) * (height / 2), Math.round(value)));
  for (let row = COUNTER.top * height; row < COUNTER.bottom * height; row += 1) {
    for (let bit = 0; bit < COUNTER.bits; bit += 1) {
      const from = row * width + ((bit + 1) * width) / (COUNTER.bits + 2);
      luma.fill(counterBit(n, bit) ? 235 : 16, from, from + width / (COUNTER.bits + 2));
    }
  }
  for (const plane of chroma) {
    for (let row = (COUNTER.top * height) / 2; row < (COUNTER.bottom * height) / 2; row += 1) {
      const from = (row * width) / 2 + width / 2 / (COUNTER.bits + 2);
      plane.fill(128, from, from + (COUNTER.bits * width) / 2 / (COUNTER.bits + 2));
    }
  }
  return Buffer.concat([luma, ...chroma]);
}

/** Short beeps: browsers filter a steady tone out as noise. Two seconds, so the file can loop without a click. */
function sound(tone: number): Buffer {
  const samples = 2 * SAMPLE_RATE;
  const data = Buffer.alloc(samples * 2);
  for (let n = 0; n < samples; n += 1) {
    const t = n / SAMPLE_RATE;
    const inBeep = (t % 0.5) / 0.25;
    const envelope = inBeep < 1 ? Math.min(1, 20 * inBeep, 20 * (1 - inBeep)) : 0;
    data.writeInt16LE(Math.round(8000 * envelope * Math.sin(2 * Math.PI * tone * t)), n * 2);
  }
  const header = Buffer.alloc(44);
  header.write('RIFF', 0);
  header.writeUInt32LE(36 + data.length, 4);
  header.write('WAVEfmt ', 8);
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(1, 20); // PCM
  header.writeUInt16LE(1, 22); // mono
  header.writeUInt32LE(SAMPLE_RATE, 24);
  header.writeUInt32LE(SAMPLE_RATE * 2, 28);
  header.writeUInt16LE(2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36);
  header.writeUInt32LE(data.length, 40);
  return Buffer.concat([header, data]);
}
