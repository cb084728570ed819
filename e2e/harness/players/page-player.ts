// Players that are JavaScript, each in a page of its own: hls.js with its defaults, shaka-player but for one, and the product's page.
import type { Browser, BrowserContext, Page } from '@playwright/test';
import path from 'node:path';
import { repository } from '../places';
import type { Player, PlayerName } from './player';

const LIBRARIES = {
  'hls.js': path.join(repository, 'frontend/node_modules/hls.js/dist/hls.min.js'),
  shaka: path.join(repository, 'e2e/node_modules/shaka-player/dist/shaka-player.compiled.js'),
} as const;

/** What a page says of its player. */
interface Told {
  failure?: string;
}

declare global {
  interface Window {
    __told?: Told;
  }
}

export class PagePlayer implements Player {
  readonly name: PlayerName;
  readonly #page: Page;
  readonly #context: BrowserContext;

  private constructor(name: PlayerName, context: BrowserContext, page: Page) {
    [this.name, this.#context, this.#page] = [name, context, page];
  }

  static async open(name: 'hls.js' | 'shaka' | 'our page', browser: Browser, origin: string, roomId: string): Promise<PagePlayer> {
    const context = await browser.newContext({ viewport: { width: 640, height: 480 } });
    const page = await context.newPage();
    const player = new PagePlayer(name, context, page);
    if (name === 'our page') {
      await page.goto(`${origin}/watch/${roomId}`);
      return player;
    }
    // The stream's own origin, so that nothing is asked of CORS.
    await page.route(`${origin}/player`, (route) => route.fulfill({ contentType: 'text/html', body: '<video muted autoplay></video>' }));
    await page.goto(`${origin}/player`);
    await page.addScriptTag({ path: LIBRARIES[name] });
    await page.evaluate(name === 'hls.js' ? playWithHlsJs : playWithShaka, `${origin}/hls/${roomId}/index.m3u8`);
    return player;
  }

  position(): Promise<number | undefined> {
    return this.#page.evaluate(() => {
      const video = document.querySelector('video');
      return video && video.readyState > 0 ? video.currentTime : undefined;
    });
  }

  ended(): Promise<boolean> {
    return this.#page.evaluate(() => {
      const state = document.querySelector('[data-testid="watch-state"]')?.getAttribute('data-state');
      return state === 'ended' || (document.querySelector('video')?.ended ?? false);
    });
  }

  failure(): Promise<string | undefined> {
    return this.#page.evaluate(() => {
      const { failure } = window.__told ?? {};
      const error = document.querySelector('video')?.error;
      return failure ?? (error ? `the video element: ${error.message}` : undefined);
    });
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}

function playWithHlsJs(url: string): void {
  type Handler = (event: string, error: { fatal: boolean; details: string; reason?: string }) => void;
  const { Hls } = window as unknown as {
    Hls: new () => { loadSource: (url: string) => void; attachMedia: (video: HTMLVideoElement) => void; on: (event: string, handler: Handler) => void };
  };
  const told: Told = {};
  window.__told = told;
  const hls = new Hls();
  hls.on('hlsError', (_, { fatal, details, reason }) => {
    if (fatal) told.failure ??= `${details}: ${reason?.split('\n')[0] ?? ''}`;
  });
  hls.loadSource(url);
  hls.attachMedia(document.querySelector('video')!);
}

async function playWithShaka(url: string): Promise<void> {
  interface ShakaError {
    severity: number;
    code: number;
    data: unknown[];
  }
  interface ShakaPlayer {
    attach: (video: HTMLVideoElement) => Promise<void>;
    configure: (name: string, value: boolean) => void;
    load: (url: string) => Promise<void>;
    addEventListener: (type: 'error', listener: (event: { detail: ShakaError }) => void) => void;
  }
  const { shaka } = window as unknown as { shaka: { Player: new () => ShakaPlayer; polyfill: { installAll: () => void } } };
  const told: Told = {};
  window.__told = told;
  shaka.polyfill.installAll();
  const player = new shaka.Player();
  player.addEventListener('error', ({ detail }) => {
    // Severity 2 is critical: the player has stopped.
    if (detail.severity === 2) told.failure ??= `${detail.code}: ${detail.data.slice(0, 2).join(' ')}`;
  });
  // Releases up to 5.2.12 drop parts for rounding errors otherwise (shaka-project/shaka-player#10589): the picture stands, and
  // now and then nothing ends.
  player.configure('manifest.hls.sequenceMode', true);
  await player.attach(document.querySelector('video')!);
  await player.load(url);
}
