// What the pages may load and who may frame them, as Chromium enforces it, and what another site's player is answered.
import type { BrowserContext, Page } from '@playwright/test';
import { ada, ben } from '../harness/person';
import { openSite, type Site } from '../harness/site';
import { StagePage } from '../harness/stage-page';
import { expect, test as base } from '../harness/test';
import { WatchPage } from '../harness/watch-page';

interface Violation {
  directive: string;
  blocked: string;
  page: string;
}

/** What Chromium reports of every page of a context, from the first moment on. */
async function report(context: BrowserContext): Promise<Violation[]> {
  const violations: Violation[] = [];
  await context.exposeBinding('__violated', (_, violation: Violation) => void violations.push(violation));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI }) => {
      const { __violated } = window as unknown as { __violated: (violation: object) => void };
      __violated({ directive: effectiveDirective, blocked: blockedURI, page: location.pathname });
    });
  });
  return violations;
}

const test = base.extend<{ context: BrowserContext; violations: Violation[]; product: Site; elsewhere: Site }>({
  product: async ({}, use) => {
    const site = await openSite();
    await use(site);
    await site.close();
  },
  elsewhere: async ({}, use) => {
    const site = await openSite();
    await use(site);
    await site.close();
  },

  context: async ({ browsers }, use) => {
    const context = await (await browsers()).browser.newContext();
    await use(context);
    await context.close();
  },
  violations: async ({ context }, use) => use(await report(context)),
});

test('no page asks for anything its policy forbids: lobby, Stage with media and a shared screen, Watch', async ({ browsers, system }) => {
  const violations: Violation[] = [];
  const watched = async (page: Page) => {
    const context = page.context();
    const seen = await report(context);
    page.on('console', (message) => {
      if (/content security policy/i.test(message.text())) violations.push({ directive: 'console', blocked: message.text(), page: page.url() });
    });
    return seen;
  };
  const all: Violation[][] = [violations];
  const stage = async (person: typeof ada) => {
    const page = await StagePage.open((await browsers(person)).browser, system.url, person.name);
    all.push(await watched(page.page));
    return page;
  };
  const first = await stage(ada);
  const roomId = await first.createRoom();
  const second = await stage(ben);
  await second.join(roomId);
  await first.toggle('screen');
  await expect(second.page.locator('[data-testid="screen-tile"] video')).toBeVisible();
  await expect(first.broadcastPhase).toHaveAttribute('data-phase', 'live');

  const viewerContext = await (await browsers()).browser.newContext();
  all.push(await report(viewerContext));
  const viewerPage = await viewerContext.newPage();
  await viewerPage.goto(`${system.url}/watch/${roomId}`);
  const viewer = WatchPage.of(viewerContext, viewerPage);
  await viewer.playsSteadily();
  await viewerPage.goto(`${system.url}/nowhere`);
  await viewerPage.getByRole('heading').first().waitFor();

  expect(all.flat()).toEqual([]);
  await Promise.all([first.close(), second.close(), viewer.close()]);
});

test.describe('the policy', () => {
  test.use({ systemOptions: { broadcast: true, sfuArgs: [], composerArgs: [] } });

  test('is enforced: scripts that were put into a page, and connections elsewhere, are blocked', async ({ context, system, violations }) => {
    const page = await context.newPage();
    await page.goto(`${system.url}/`);
    const ran = await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.injected = true';
      document.body.append(script);
      return 'injected' in window;
    });
    expect(ran).toBe(false);
    // Answers anybody, and is no origin of these pages.
    const asked = await page.evaluate((url) => fetch(url).then(() => 'answered', () => 'blocked'), `${system.hlsUrl}/hls/none/index.m3u8`);
    expect(asked).toBe('blocked');
    await expect.poll(() => violations.map(({ directive }) => directive)).toEqual(['script-src-elem', 'connect-src']);
  });

  test('stands beside nosniff on every page and asset, and nosniff on all else', async ({ system }) => {
    const script = /src="([^"]+\.js)"/.exec(await (await fetch(`${system.url}/`)).text())?.[1] ?? '';
    for (const path of ['/', '/room/a', '/watch/a', '/embed/a', script]) {
      const { headers } = await fetch(system.url + path);
      expect(headers.get('content-security-policy'), path).toMatch(/^default-src 'self'; .*object-src 'none'; base-uri 'none'; form-action 'self'$/);
      expect(headers.get('x-content-type-options'), path).toBe('nosniff');
    }
    for (const path of ['/api/rooms/none', '/hls/none/index.m3u8', '/socket.io/?EIO=4&transport=polling']) {
      expect((await fetch(system.url + path)).headers.get('x-content-type-options'), path).toBe('nosniff');
    }
  });
});

test.describe('with a public URL of hls-composer', () => {
  test.use({ systemOptions: { broadcast: true, sfuArgs: ['--public-url', 'http://cdn.example/live'], composerArgs: [] } });

  test('pages may play from there', async ({ context, system, violations }) => {
    const page = await context.newPage();
    await page.route('http://cdn.example/**', (route) => route.fulfill({ headers: { 'access-control-allow-origin': '*' }, body: 'a playlist' }));
    await page.goto(`${system.url}/watch/a`);
    const asked = await page.evaluate((url) => fetch(url).then((answer) => answer.text()), 'http://cdn.example/live/hls/a/index.m3u8');
    expect(asked).toBe('a playlist');
    expect(violations).toEqual([]);
  });
});

/** Frames `url` in a page of `site`; answers what has come of it. */
async function framed(context: BrowserContext, site: Site, url: string): Promise<string> {
  site.show(`<iframe src="${url}"></iframe>`);
  const page = await context.newPage();
  await page.goto(site.origin, { waitUntil: 'load' });
  const frame = page.frames().find((it) => it !== page.mainFrame());
  // What may not be framed is an error page of the browser's own.
  const shown = (await frame?.locator('#root').count()) ? 'shown' : 'blocked';
  await page.close();
  return shown;
}

const PAGES = ['/', '/room/a', '/watch/a', '/embed/a'];

test.describe('where all sites may connect', () => {
  test.use({ systemOptions: { broadcast: false, sfuArgs: [], composerArgs: [] } });

  test('any of them frames any page', async ({ context, elsewhere, system }) => {
    for (const path of PAGES) expect(await framed(context, elsewhere, system.url + path), path).toBe('shown');
  });
});

test.describe('where some sites may connect', () => {
  test.use({
    systemOptions: async ({ product }, use) =>
      use({ broadcast: false, sfuArgs: ['--allowed-origins', `https://other.example,${product.origin}`], composerArgs: [] }),
  });

  test('they frame every page, and others only what is made to be framed', async ({ context, elsewhere, product, system }) => {
    for (const path of PAGES) {
      expect(await framed(context, product, system.url + path), path).toBe('shown');
      const byOthers = path.startsWith('/embed') ? 'shown' : 'blocked';
      expect(await framed(context, elsewhere, system.url + path), path).toBe(byOthers);
    }
  });
});

test.describe("another site's player", () => {
  test.use({ systemOptions: { broadcast: true, sfuArgs: [], composerArgs: [] } });

  test('is answered by sfu-server as by hls-composer, whatever it asks with', async ({ system }) => {
    const ask = async (origin: string, method: string, path: string) => {
      const answer = await fetch(`${origin}/hls/none/${path}`, {
        method,
        headers: {
          origin: 'https://elsewhere.example',
          'access-control-request-method': 'GET',
          'access-control-request-headers': 'x-player',
        },
      });
      const cors = [...answer.headers].filter(([name]) => /^(access-control-|allow$|vary$)/.test(name));
      return { status: answer.status, cors, body: await answer.text() };
    };
    for (const method of ['OPTIONS', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE']) {
      for (const path of ['index.m3u8', 'live.m3u8', 'part1.m4s']) {
        const [here, there] = [await ask(system.url, method, path), await ask(system.hlsUrl, method, path)];
        expect(here, `${method} ${path}`).toEqual(there);
        expect(there.cors, `${method} ${path}`).toContainEqual(['access-control-allow-origin', '*']);
      }
    }
    const preflight = await ask(system.url, 'OPTIONS', 'live.m3u8');
    expect(preflight.status).toBe(200);
    expect(preflight.cors).toContainEqual(['access-control-allow-headers', expect.stringMatching(/\*|x-player/)]);
    expect((await ask(system.url, 'POST', 'live.m3u8')).status).toBe(405);
  });

  test('asks in a real browser with a header of its own, and reads the answer, also while hls-composer is away', async ({
    context,
    elsewhere,
    system,
  }) => {
    const page = await context.newPage();
    await page.goto(elsewhere.origin);
    const ask = (headers: Record<string, string>) =>
      page.evaluate(([url, sent]) => fetch(url, { headers: sent }).then(({ status }) => status, String), [`${system.url}/hls/none/live.m3u8`, headers] as const);
    expect(await ask({ 'x-player': '1' })).toBe(404);
    await system.composer.stop();
    expect(await ask({})).toBe(503);
  });
});
