// What a test is given: the running product, and people and viewers who are gone when the test ends.
import { test as base, type BrowserContextOptions, type Page, type TestInfo } from '@playwright/test';
import { startChromium, type RunningChromium } from './chromium';
import { ComposerClient } from './composer-client';
import type { Person } from './person';
import { SignalingPeer } from './signaling-peer';
import { StagePage, type StageOptions } from './stage-page';
import { System, type SystemOptions } from './system';
import { WatchPage } from './watch-page';

interface Fixtures {
  systemOptions: SystemOptions;
  system: System;
  composer: ComposerClient;
  /** Connects a client without a browser. */
  connect: () => Promise<SignalingPeer>;
  /** Opens a person's browser page. */
  enter: (person: Person, options?: StageOptions) => Promise<StagePage>;
  /** Opens a viewer's browser page. */
  watch: (roomId: string, options?: BrowserContextOptions) => Promise<WatchPage>;
}

interface WorkerFixtures {
  browsers: (person?: Person) => Promise<RunningChromium>;
}

export const test = base.extend<Fixtures, WorkerFixtures>({
  systemOptions: [{ broadcast: true, sfuArgs: [], composerArgs: [] }, { option: true }],

  system: async ({ systemOptions }, use, testInfo) => {
    const system = await System.start(systemOptions, testInfo.outputDir);
    try {
      await use(system);
    } finally {
      await system.stop().finally(() => attachLogs(system, testInfo));
    }
  },

  composer: async ({ system }, use) => {
    const client = new ComposerClient(`127.0.0.1:${system.ports.grpc}`);
    await use(client);
    client.close();
  },

  connect: async ({ system }, use) => {
    const peers: SignalingPeer[] = [];
    await use(async () => {
      const peer = await SignalingPeer.connect(system.url);
      peers.push(peer);
      return peer;
    });
    for (const peer of peers) peer.close();
  },

  enter: async ({ browsers, system }, use, testInfo) => {
    const pages: StagePage[] = [];
    await use(async (person, options) => {
      const { browser } = await browsers(person);
      const page = await StagePage.open(browser, system.url, person.name, options);
      pages.push(page);
      return page;
    });
    if (testInfo.status !== testInfo.expectedStatus) await attachPictures(pages.map(({ page }) => page), testInfo);
    await Promise.all(pages.map((page) => page.close()));
  },

  watch: async ({ browsers, system }, use) => {
    const pages: WatchPage[] = [];
    await use(async (roomId, options) => {
      const { browser } = await browsers();
      const page = await WatchPage.open(browser, system.url, roomId, options);
      pages.push(page);
      return page;
    });
    await Promise.all(pages.map((page) => page.close()));
  },

  // A start costs seconds, so browsers stay for all tests of a worker; their pages do not.
  browsers: [
    async ({}, use) => {
      const running = new Map<string, Promise<RunningChromium>>();
      await use((person) => {
        const key = person?.name ?? '';
        const known = running.get(key);
        if (known) return known;
        const started = startChromium(person);
        running.set(key, started);
        return started;
      });
      await Promise.all([...running.values()].map(async (chromium) => (await chromium).close()));
    },
    { scope: 'worker' },
  ],
});

async function attachPictures(pages: readonly Page[], testInfo: TestInfo): Promise<void> {
  for (const [n, page] of pages.entries()) {
    const path = testInfo.outputPath(`page-${n + 1}.png`);
    // A page that cannot be drawn any more must not hide why the test failed.
    const drawn = await page.screenshot({ path, timeout: 5000 }).catch(() => undefined);
    if (drawn) await testInfo.attach(`page-${n + 1}`, { path });
  }
}

async function attachLogs(system: System, testInfo: TestInfo): Promise<void> {
  if (testInfo.status === testInfo.expectedStatus) return;
  for (const path of system.logFiles) {
    await testInfo.attach(path.split('/').pop() ?? 'log', { path, contentType: 'text/plain' });
  }
}

export { expect } from '@playwright/test';
