// hls.js by itself and without low latency, as on any other page that embeds a stream.
import type { Browser, Page } from '@playwright/test';
import path from 'node:path';
import { repository } from './places';

const HLS_JS = path.join(repository, 'frontend/node_modules/hls.js/dist/hls.min.js');

/** Plays a room's stream; close the page's context when done. */
export async function openPlainPlayer(browser: Browser, origin: string, roomId: string): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 640, height: 480 } });
  const page = await context.newPage();
  // The stream's own origin, so that nothing is asked of CORS.
  await page.route(`${origin}/plain-player`, (route) => route.fulfill({ contentType: 'text/html', body: '<video muted autoplay></video>' }));
  await page.goto(`${origin}/plain-player`);
  await page.addScriptTag({ path: HLS_JS });
  await page.evaluate((url) => {
    const { Hls } = window as unknown as {
      Hls: new (config: object) => { loadSource: (url: string) => void; attachMedia: (video: HTMLVideoElement) => void };
    };
    const hls = new Hls({ lowLatencyMode: false });
    hls.loadSource(url);
    hls.attachMedia(document.querySelector('video')!);
  }, `/hls/${roomId}/index.m3u8`);
  return page;
}
