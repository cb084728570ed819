// The Stage page as a person uses it.
import { expect, type Browser, type BrowserContext, type BrowserContextOptions, type Locator, type Page } from '@playwright/test';
import { readCallStats, type CallStats } from './call-stats';
import { observeCalls } from './observe-calls';
import type { Rgb } from './person';

export interface StageOptions extends BrowserContextOptions {
  /** What this browser sends. */
  codec?: 'vp8' | 'h264';
  /** Media goes through relays only. */
  relayed?: boolean;
}

type Device = 'camera' | 'microphone' | 'screen';

export class StagePage {
  readonly page: Page;
  readonly #context: BrowserContext;
  readonly #origin: string;
  readonly #name: string;
  readonly #query: string;

  private constructor(context: BrowserContext, page: Page, origin: string, name: string, query: string) {
    this.#context = context;
    this.page = page;
    this.#origin = origin;
    this.#name = name;
    this.#query = query;
  }

  static async open(browser: Browser, origin: string, name: string, { codec = 'vp8', relayed = false, ...options }: StageOptions = {}): Promise<StagePage> {
    const context = await browser.newContext({ viewport: { width: 960, height: 600 }, ...options });
    context.setDefaultTimeout(15_000);
    const page = await context.newPage();
    await page.addInitScript(observeCalls);
    return new StagePage(context, page, origin, name, `?codec=${codec}${relayed ? '&relay=only' : ''}`);
  }

  /** Opens a new room and answers its id once camera and microphone are sent. */
  async createRoom({ password }: { password?: string } = {}): Promise<string> {
    await this.page.goto(`${this.#origin}/${this.#query}`);
    await this.page.getByTestId('display-name').fill(this.#name);
    if (password !== undefined) {
      await this.page.getByTestId('protect-room').click();
      await this.page.getByTestId('room-password').fill(password);
    }
    await this.page.getByTestId('create-room').click();
    await this.page.waitForURL(/\/room\/.+/);
    await this.#sends({ microphone: true });
    return this.room();
  }

  /** Enters a room by its link; a muted person decides so before entering. */
  async join(roomId: string, { muted = false } = {}): Promise<void> {
    await this.arrive(roomId, { muted });
    await this.enter({ muted });
  }

  /** Opens a room's link, and stands before its door. */
  async arrive(roomId: string, { muted = false } = {}): Promise<void> {
    await this.page.goto(`${this.#origin}/room/${roomId}${this.#query}`);
    await this.page.getByTestId('display-name').fill(this.#name);
    if (muted) await this.page.getByRole('button', { name: 'Microphone', exact: true }).click();
  }

  /** Goes in, once arrived. */
  async enter({ muted = false } = {}): Promise<void> {
    await this.page.getByTestId('join').click();
    await this.#sends({ microphone: !muted });
  }

  /** Asks to be let in, once arrived, and answers the sentence that stands there instead. */
  async isRefused(): Promise<string> {
    await this.page.getByTestId('join').click();
    const problem = this.page.getByTestId('entrance-problem');
    await expect(problem).not.toBeEmpty();
    return problem.innerText();
  }

  /** As a host: opens the menu of a person's tile. */
  async manage(peerId: string): Promise<void> {
    await this.tileOf(peerId).getByTestId('host-menu').click();
  }

  /** As a host: opens the menu of the room. */
  async manageRoom(): Promise<void> {
    await this.page.getByTestId('room-menu').click();
  }

  async choose(item: string): Promise<void> {
    await this.page.getByTestId(item).click();
  }

  /** Why the call is over. */
  get closedReason(): Locator {
    return this.page.getByTestId('closed-reason');
  }

  async toggle(device: Device): Promise<void> {
    await this.page.getByTestId(`toggle-${device}`).click();
  }

  /** Pauses or resumes a producer of this page as clients do that keep a camera's track while it is off. */
  async announce(event: 'pauseProducer' | 'resumeProducer', producerId: string): Promise<void> {
    const [answer] = (await this.page.evaluate(([name, id]) => window.__calls.ask(name, { producerId: id }), [event, producerId] as const)) as [object];
    expect(answer).toEqual(event === 'pauseProducer' ? { paused: true } : { resumed: true });
  }

  /** Leaves with the button and waits until the server was told. */
  async leave(): Promise<void> {
    await this.page.getByTestId('leave').click();
    await this.page.waitForFunction(() => window.__session?.getSnapshot().phase === 'closed');
  }

  async room(): Promise<string> {
    return (await this.snapshot()).roomId ?? '';
  }

  async peerId(): Promise<string> {
    return (await this.snapshot()).peerId ?? '';
  }

  snapshot(): Promise<SessionSnapshot> {
    return this.page.evaluate(() => {
      const snapshot = window.__session?.getSnapshot();
      if (!snapshot) throw new Error('the page has no session');
      // Tracks cannot leave the page, and the rest may hold no tracks.
      return JSON.parse(JSON.stringify(snapshot)) as SessionSnapshot;
    });
  }

  get tiles(): Locator {
    return this.page.getByTestId('tile');
  }

  tileOf(peerId: string): Locator {
    return this.page.locator(`[data-testid="tile"][data-peer-id="${peerId}"]`);
  }

  get broadcastPhase(): Locator {
    return this.page.getByTestId('broadcast-phase');
  }

  stats(): Promise<CallStats> {
    return readCallStats(this.page);
  }

  /** Camera frames this browser has sent; fewer than the camera made when the machine is short of time. */
  async sentFrames(): Promise<number> {
    return this.page.evaluate(async () => {
      let sent = 0;
      for (const connection of window.__calls.connections) {
        for (const report of (await connection.getStats()).values()) {
          if (report.type === 'outbound-rtp' && report.kind === 'video') sent = Math.max(sent, report.framesSent ?? 0);
        }
      }
      return sent;
    });
  }

  /** The colour in the middle of what this page shows of a peer; undefined before the first picture. */
  colourOf(peerId: string): Promise<Rgb | undefined> {
    return this.tileOf(peerId).evaluate((tile): [number, number, number] | undefined => {
      const video = tile.querySelector('video');
      if (!video?.videoWidth) return undefined;
      const canvas = new OffscreenCanvas(1, 1);
      const pen = canvas.getContext('2d');
      pen?.drawImage(video, video.videoWidth / 2 - 8, video.videoHeight / 2, 16, 16, 0, 0, 1, 1);
      const [r = 0, g = 0, b = 0] = pen?.getImageData(0, 0, 1, 1).data ?? [];
      return [r, g, b];
    });
  }

  async close(): Promise<void> {
    await this.#context.close();
  }

  async #sends({ microphone }: { microphone: boolean }): Promise<void> {
    await expect(this.page.getByTestId('toggle-camera')).toHaveAttribute('aria-pressed', 'true');
    if (microphone) await expect(this.page.getByTestId('toggle-microphone')).toHaveAttribute('aria-pressed', 'true');
    const tracks = microphone ? 2 : 1;
    // The buttons answer before the server does.
    await this.page.waitForFunction((wanted) => window.__calls.produced.length >= wanted, tracks);
  }
}
