// A camera that shows what time it is, as black and white squares that can still be read at 256x144, and a viewer that
// reads it off every picture shown: both ask the clock of the same host.
import type { Page } from '@playwright/test';

/** Fourteen squares of time, bit 0 first, and two that count the white ones among them modulo 4, plus 1. */
const SQUARES = { columns: 8, rows: 2, top: 0.12, height: 0.34, timeBits: 14, unitMs: 5 } as const;

export interface Shown {
  /** When, in milliseconds since the Unix epoch. */
  at: number;
  /** How long before that the picture was painted, in milliseconds. */
  age: number;
}

/** From the next page on, the camera is the clock, 640x360 at 30 pictures a second, and the microphone is silent. */
export async function showsTheTime(page: Page): Promise<void> {
  await page.addInitScript(({ columns, rows, top, height, timeBits, unitMs }) => {
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [640, 360];
    const pen = canvas.getContext('2d')!;
    const paint = () => {
      const time = Math.floor(Date.now() / unitMs) % 2 ** timeBits;
      const white = Array.from({ length: timeBits }, (_, bit) => (time >> bit) & 1).filter(Boolean).length;
      const code = time + ((white + 1) % 4) * 2 ** timeBits;
      pen.fillStyle = '#404040';
      pen.fillRect(0, 0, canvas.width, canvas.height);
      for (let bit = 0; bit < columns * rows; bit += 1) {
        pen.fillStyle = (code >> bit) & 1 ? '#fff' : '#000';
        const [column, row] = [bit % columns, Math.floor(bit / columns)];
        const [width, tall] = [canvas.width / columns, canvas.height * height];
        pen.fillRect(column * width, canvas.height * top + row * tall, width, tall);
      }
    };
    setInterval(paint, 33);
    navigator.mediaDevices.getUserMedia = () => {
      const audio = new AudioContext();
      const silence = audio.createMediaStreamDestination().stream.getAudioTracks();
      return Promise.resolve(new MediaStream([...canvas.captureStream().getVideoTracks(), ...silence]));
    };
  }, SQUARES);
}

/** Reads every picture that the page's video shows from now on; `shown` answers. */
export async function readsTheTime(page: Page): Promise<void> {
  await page.locator('video').waitFor({ state: 'attached' });
  await page.evaluate(({ columns, rows, top, height, timeBits, unitMs }) => {
    const video = document.querySelector('video')!;
    const [canvas, shown] = [new OffscreenCanvas(256, 144), [] as Shown[]];
    const pen = canvas.getContext('2d', { willReadFrequently: true })!;
    window.__shown = shown;
    const isWhite = (bit: number): number => {
      const [column, row] = [bit % columns, Math.floor(bit / columns)];
      const x = Math.floor(((column + 0.5) * canvas.width) / columns);
      const y = Math.floor(canvas.height * (top + (row + 0.5) * height));
      const { data } = pen.getImageData(x - 4, y - 4, 8, 8);
      return data.filter((_, n) => n % 4 === 1).reduce((sum, green) => sum + green, 0) > 64 * 127 ? 1 : 0;
    };
    const onFrame = (_: number, { expectedDisplayTime }: VideoFrameCallbackMetadata) => {
      video.requestVideoFrameCallback(onFrame);
      const at = Date.now() + expectedDisplayTime - performance.now();
      pen.drawImage(video, 0, 0, canvas.width, canvas.height);
      const bits = Array.from({ length: columns * rows }, (_, bit) => isWhite(bit));
      const number = (from: number, to: number) => bits.slice(from, to).reduce((sum, bit, n) => sum + bit * 2 ** n, 0);
      const white = bits.slice(0, timeBits).filter(Boolean).length;
      if (number(timeBits, bits.length) !== (white + 1) % 4) return;
      const around = 2 ** timeBits * unitMs;
      shown.push({ at, age: (((at - number(0, timeBits) * unitMs) % around) + around) % around });
    };
    video.requestVideoFrameCallback(onFrame);
  }, SQUARES);
}

/** What was read since `readsTheTime`. */
export function shown(page: Page): Promise<Shown[]> {
  return page.evaluate(() => window.__shown ?? []);
}
