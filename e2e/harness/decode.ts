// Decodes what the composer made with a program that shares nothing with it: ffmpeg.
import { test } from '@playwright/test';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Picture } from './picture';

export const SAMPLE_RATE = 48_000;
const WIDTH = 256;
const HEIGHT = 144;

export interface Decoded {
  pictures: Picture[];
  /** Mono, from -1 to 1. */
  samples: Float32Array;
}

/** Decodes a file's bytes, every frame once. */
export async function decode(media: Buffer): Promise<Decoded> {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'e2e-media-'));
  const file = path.join(dir, 'media.mp4');
  await fs.writeFile(file, media);
  try {
    return await decodeInput(['-i', file]);
  } catch (error) {
    await fs.copyFile(file, test.info().outputPath('undecodable.mp4'));
    throw error;
  } finally {
    await fs.rm(dir, { recursive: true, force: true });
  }
}

/** Plays a live playlist by its address for some seconds, as any player would. */
export function decodeLive(url: string, seconds: number): Promise<Decoded> {
  return decodeInput(['-live_start_index', '-2', '-i', url, '-t', String(seconds)]);
}

async function decodeInput(input: string[]): Promise<Decoded> {
  const frames = ['-map', '0:v', '-fps_mode', 'passthrough', '-f', 'rawvideo', '-pix_fmt', 'rgb24', 'pipe:1'];
  const sound = ['-map', '0:a', '-ac', '1', '-ar', String(SAMPLE_RATE), '-f', 'f32le', 'pipe:3'];
  // An output option such as -t stands before each output.
  const limit = input.includes('-t') ? input.splice(input.indexOf('-t'), 2) : [];
  const args = ['-nostdin', '-hide_banner', '-loglevel', 'error', ...input, ...limit, ...frames, ...limit, ...sound];
  const child = spawn('ffmpeg', args, { stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const [rgb, pcm, complaints] = [collect(child.stdio[1]), collect(child.stdio[3]), collect(child.stdio[2])];
  const [code] = (await once(child, 'close')) as [number];
  const said = (await complaints).toString();
  if (code !== 0 || said !== '') throw new Error(`ffmpeg (${code}) could not decode cleanly:\n${said.slice(0, 2000)}`);
  return { pictures: split(await rgb), samples: floats(await pcm) };
}

async function collect(stream: unknown): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of stream as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function split(rgb: Buffer): Picture[] {
  const size = WIDTH * HEIGHT * 3;
  return Array.from({ length: Math.floor(rgb.length / size) }, (_, n) => ({
    width: WIDTH,
    height: HEIGHT,
    data: rgb.subarray(n * size, (n + 1) * size),
  }));
}

function floats(pcm: Buffer): Float32Array {
  const copy = new Uint8Array(pcm.subarray(0, pcm.length - (pcm.length % 4)));
  return new Float32Array(copy.buffer);
}
