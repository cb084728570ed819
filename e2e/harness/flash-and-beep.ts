// A camera that flashes when its microphone beeps, and how far apart flashes and beeps come out of a stream.
import type { Page } from '@playwright/test';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mean } from './measured';
import { SAMPLE_RATE } from './decode';

/** In a second, fine enough to say when a picture begins: a recording's sound and pictures do not begin together. */
const INSTANTS = 480;
/** A mean over so many seconds is judged: single flashes lie up to a frame beside their beeps. */
const WINDOW = 10;
/** A sample of a beep, and of nothing else, of 32 768. */
const LOUD = 6000;

/** What is heard between two beeps: nothing, of which browsers send nothing (Opus DTX), or the hum of a room. */
export type Between = 'silence' | 'hum';

/** From the next page on, camera and microphone flash white and beep for 100 ms at random moments, about once a second. */
export async function flashesAndBeeps(page: Page, between: Between): Promise<void> {
  await page.addInitScript((hums) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 360];
    const pen = canvas.getContext('2d')!;
    const audio = new AudioContext({ sampleRate: 48_000 });
    const microphone = audio.createMediaStreamDestination();
    const gate = new GainNode(audio, { gain: 0 });
    const tone = new OscillatorNode(audio, { frequency: 1000 });
    tone.connect(gate).connect(microphone);
    tone.start();
    const hum = new OscillatorNode(audio, { frequency: 300 });
    hum.connect(new GainNode(audio, { gain: hums ? 0.03 : 0 })).connect(microphone);
    hum.start();

    const flashes: FlashOfPage[] = [];
    window.__flashes = flashes;
    let begins = 0;
    const plan = (at: number) => {
      begins = at;
      gate.gain.setValueAtTime(0.5, at).setValueAtTime(0, at + 0.1);
    };
    plan(audio.currentTime + 1);
    let [isWhite, paintedAt] = [false, 0];
    const paint = (at: number) => {
      requestAnimationFrame(paint);
      const now = audio.currentTime;
      const white = now >= begins && now < begins + 0.1;
      if (white === isWhite && at - paintedAt < 30) return;
      if (white && !isWhite) flashes.push({ late: (now - begins) * 1000, paintedAt: Date.now() });
      [isWhite, paintedAt] = [white, at];
      pen.fillStyle = white ? '#fff' : '#202830';
      pen.fillRect(0, 0, canvas.width, canvas.height);
      // Something moves, as before every camera.
      pen.fillStyle = '#808080';
      pen.fillRect((at / 10) % canvas.width, 300, 40, 20);
      if (now >= begins + 0.1) plan(begins + 0.85 + 0.3 * Math.random());
    };
    requestAnimationFrame(paint);
    // Without a frame rate every painting is a picture, at once.
    navigator.mediaDevices.getUserMedia = () => {
      const tracks = [...canvas.captureStream().getVideoTracks(), ...microphone.stream.getAudioTracks()];
      return Promise.resolve(new MediaStream(tracks));
    };
  }, between === 'hum');
}

/** The flashes the page has painted so far. */
export function flashesOfPage(page: Page): Promise<FlashOfPage[]> {
  return page.evaluate(() => window.__flashes ?? []);
}

export interface LipSync {
  /** Mean of flash minus beep in each window of ten seconds, in milliseconds: late pictures are positive. */
  windows: number[];
  /** Each flash and its beep, in seconds. */
  pairs: { flash: number; beep: number }[];
  flashes: number;
  beeps: number;
  /** Beeps that are not as long as they were made, to 8 ms. */
  cuts: number;
}

/** Compares what flashes and beeps in a file, from its third second on. */
export async function measureLipSync(media: Buffer): Promise<LipSync> {
  const [picture, sound] = await Promise.all([
    raw(media, ['-map', '0:v', '-vf', `scale=8:8,format=gray,fps=${INSTANTS}:start_time=0`, '-f', 'rawvideo']),
    raw(media, ['-map', '0:a', '-af', 'aresample=async=1:first_pts=0', '-ac', '1', '-ar', String(SAMPLE_RATE), '-f', 's16le']),
  ]);
  const [flashes, beeps] = [flashesOf(picture), beepsOf(sound)];
  const settled = (beeps[0]?.from ?? 0) + 3;
  const pairs: LipSync['pairs'] = [];
  const windows: { from: number; skews: number[] }[] = [];
  for (const flash of flashes.filter((at) => at > settled)) {
    const [beep = Infinity] = beeps.map(({ from }) => from).toSorted((a, b) => Math.abs(flash - a) - Math.abs(flash - b));
    if (Math.abs(flash - beep) > 0.35) continue;
    pairs.push({ flash, beep });
    const window = windows.at(-1);
    if (window && flash - window.from < WINDOW) window.skews.push(flash - beep);
    else windows.push({ from: flash, skews: [flash - beep] });
  }
  return {
    windows: windows.filter(({ skews }) => skews.length >= 5).map(({ skews }) => mean(skews) * 1000),
    pairs,
    flashes: flashes.length,
    beeps: beeps.length,
    // The recording cuts the first and the last.
    cuts: beeps.slice(1, -1).filter(({ from, to }) => from > settled && Math.abs(to - from - 0.1) > 0.008).length,
  };
}

/** When the picture turns white, in seconds. */
function flashesOf(gray: Buffer): number[] {
  const size = 64;
  const white = Array.from({ length: Math.floor(gray.length / size) }, (_, n) => mean([...gray.subarray(n * size, (n + 1) * size)]) > 110);
  return white.flatMap((is, n) => (n > 0 && is && !white[n - 1] ? [n / INSTANTS] : []));
}

/** When beeps begin and end, in seconds. Between two halves of a wave there is no end. */
function beepsOf(pcm: Buffer): { from: number; to: number }[] {
  const beeps: { from: number; to: number }[] = [];
  for (let n = 0; n < pcm.length / 2; n += 1) {
    if (Math.abs(pcm.readInt16LE(n * 2)) <= LOUD) continue;
    const [at, last] = [n / SAMPLE_RATE, beeps.at(-1)];
    if (last && at - last.to < 0.01) last.to = at;
    else beeps.push({ from: at, to: at });
  }
  return beeps;
}

async function raw(media: Buffer, args: string[]): Promise<Buffer> {
  const child = spawn('ffmpeg', ['-nostdin', '-hide_banner', '-loglevel', 'error', '-i', 'pipe:0', ...args, 'pipe:1']);
  const chunks: Uint8Array[] = [];
  let said = '';
  child.stdout.on('data', (chunk: Uint8Array) => chunks.push(chunk));
  child.stderr.on('data', (chunk: Uint8Array) => (said += chunk.toString()));
  child.stdin.end(media);
  const [code] = (await once(child, 'close')) as [number];
  if (code !== 0) throw new Error(`ffmpeg (${code}) could not decode:\n${said.slice(0, 2000)}`);
  return Buffer.concat(chunks);
}
