// The Watch page as a viewer sees it, and how steadily it plays.
import { expect, type Browser, type BrowserContext, type BrowserContextOptions, type Locator, type Page } from '@playwright/test';

export interface Playback {
  /** Pictures shown. */
  frames: number;
  /** `waiting` events: the player had nothing to show. */
  waits: number;
  /** Of each `waiting`: how long until `playing`, and what was buffered around the position, in seconds. */
  waited: string[];
  /** What hls.js complained of: when, in milliseconds of the observation, and of what. */
  errors: string[];
  /** Longest time between two pictures, in milliseconds. */
  longestGap: number;
  /** How long was observed, in seconds. */
  seconds: number;
}

export class WatchPage {
  readonly page: Page;
  readonly #context: BrowserContext;

  private constructor(context: BrowserContext, page: Page) {
    this.#context = context;
    this.page = page;
  }

  static async open(browser: Browser, origin: string, roomId: string, options: BrowserContextOptions = {}): Promise<WatchPage> {
    const context = await browser.newContext({ viewport: { width: 640, height: 480 }, ...options });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    await page.goto(`${origin}/watch/${roomId}`);
    return new WatchPage(context, page);
  }

  /** A page that is open already. */
  static of(context: BrowserContext, page: Page): WatchPage {
    return new WatchPage(context, page);
  }

  get state(): Locator {
    return this.page.getByTestId('watch-state');
  }

  get controls(): Locator {
    return this.page.getByRole('group', { name: 'Player controls' });
  }

  async plays(timeout = 20_000): Promise<void> {
    await expect(this.state).toHaveAttribute('data-state', 'playing', { timeout });
  }

  /** Plays, and is past the first seconds, in which the player still moves to the live edge. */
  async playsSteadily(): Promise<void> {
    await this.plays();
    await this.advances(3);
  }

  /** Observes from now on; `observed` answers. */
  async observe(): Promise<void> {
    await this.page.evaluate(() => {
      window.__playback?.stop();
      const video = document.querySelector('video')!;
      const now = performance.now();
      let last = now;
      let running = true;
      const onWaiting = () => {
        playback.waits += 1;
        const [from, at] = [performance.now(), video.currentTime];
        const seconds = (value: number) => (value - at).toFixed(3);
        const ranges = (buffered: TimeRanges) =>
          Array.from({ length: buffered.length }, (_, n) => `${seconds(buffered.start(n))}..${seconds(buffered.end(n))}`).join(' ');
                const buffered = ranges(video.buffered);
        video.addEventListener('playing', () => playback.waited.push(`${Math.round(performance.now() - from)} ms, ${buffered}`), { once: true });
      };
      const playback: ObservedPlayback = {
        frames: 0,
        waits: 0,
        waited: [],
        errors: [],
        longestGap: 0,
        startedAt: now,
        stop: () => {
          running = false;
          video.removeEventListener('waiting', onWaiting);
          hls?.off('hlsError', onError);
        },
      };
      const hls = window.__player?.hls;
      const onError = (_: string, { details, response, frag }: HlsErrorHandle) => {
        playback.errors.push(`${Math.round(performance.now() - now)}: ${details} ${response?.code ?? ''} ${frag?.relurl ?? ''}`);
      };
      hls?.on('hlsError', onError);
      const onFrame = (at: number) => {
        if (!running) return;
        playback.frames += 1;
        playback.longestGap = Math.max(playback.longestGap, at - last);
        last = at;
        video.requestVideoFrameCallback(onFrame);
      };
      video.addEventListener('waiting', onWaiting);
      video.requestVideoFrameCallback(onFrame);
      window.__playback = playback;
    });
  }

  observed(): Promise<Playback> {
    return this.page.evaluate(() => {
      const { frames, waits, waited, errors, longestGap, startedAt } = window.__playback!;
      return { frames, waits, waited, errors, longestGap, seconds: (performance.now() - startedAt) / 1000 };
    });
  }

  /** Returns once the media has played on for so long. Jumps do not count: a player that starts anew also starts its clock anew. */
  async advances(seconds: number, within = seconds * 1000 + 15_000): Promise<void> {
    await this.page.evaluate(
      ([wanted, patience]) =>
        new Promise<void>((resolve, reject) => {
          const video = document.querySelector('video')!;
          const end = performance.now() + patience;
          let last = video.currentTime;
          let moved = 0;
          const timer = setInterval(() => {
            const step = video.currentTime - last;
            last = video.currentTime;
            if (step > 0 && step < 1) moved += step;
            if (moved < wanted && performance.now() < end) return;
            clearInterval(timer);
            if (moved >= wanted) resolve();
            else reject(new Error(`the picture moved on by ${moved.toFixed(1)} of ${wanted} s in ${patience} ms`));
          }, 50);
        }),
      [seconds, within] as const,
    );
  }

  async close(): Promise<void> {
    await this.#context.close();
  }
}
