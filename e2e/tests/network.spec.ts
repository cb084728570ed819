// Networks as they are: cut for a while, or closed but for a relay.
import { setTimeout as pause } from 'node:timers/promises';
import { startChromium, type RunningChromium } from '../harness/chromium';
import { IS_FULL, within } from '../harness/form';
import { report } from '../harness/measured';
import { NetworkHost } from '../harness/network-host';
import { ada, ben, cleo } from '../harness/person';
import { StagePage } from '../harness/stage-page';
import { expect, test } from '../harness/test';
import { TurnServer } from '../harness/turn-server';
import { until } from '../harness/until';

const cutTest = test.extend<{ host: NetworkHost; seated: (person: typeof ada, elsewhere?: boolean) => Promise<StagePage> }>({
  host: async ({}, use) => {
    const host = await NetworkHost.create();
    await use(host);
    await host.remove();
  },
  systemOptions: async ({ host }, use) => use({ broadcast: false, sfuArgs: [], composerArgs: [], listenIp: host.gateway }),
  seated: async ({ host, system }, use) => {
    const browsers: RunningChromium[] = [];
    await use(async (person, elsewhere = false) => {
      const program = elsewhere ? { program: await host.chromium() } : {};
      const running = await startChromium(person, { ...program, trusts: [system.url] });
      browsers.push(running);
      return StagePage.open(running.browser, system.url, person.name);
    });
    await Promise.all(browsers.map((running) => running.close()));
  },
});

for (const seconds of IS_FULL ? [10, 20] : [20]) {
  cutTest(`one of three is cut off for ${seconds} s and comes back as if nothing had been; nobody renegotiates`, async ({ host, seated }) => {
    cutTest.setTimeout(120_000);
    const [first, second, cut] = [await seated(ada), await seated(cleo), await seated(ben, true)];
    const roomId = await first.createRoom();
    await second.join(roomId);
    await cut.join(roomId);
    const everybody = [first, second, cut];
    const ids = await Promise.all(everybody.map((page) => page.peerId()));
    const decoded = async (page: StagePage, of: string) => (await page.stats()).received.find((it) => it.peerId === of && it.kind === 'video')?.framesDecoded ?? 0;
    const pairs = everybody.flatMap((page, n) => ids.filter((_, other) => other !== n).map((of) => ({ page, of })));
    for (const { page, of } of pairs) await until('everybody sees everybody', async () => (await decoded(page, of)) > 10);
    const before = await Promise.all(everybody.map((page) => page.stats()));

    await host.cut();
    await pause(seconds * 1000);
    const frozen = await Promise.all(pairs.map(({ page, of }) => decoded(page, of)));
    await host.mend();
    const mended = performance.now();
    await until('media flows again', async () => (await Promise.all(pairs.map(({ page, of }) => decoded(page, of)))).every((frames, n) => frames > frozen[n]!), {
      within: 40_000,
      every: 50,
    });
    const took = performance.now() - mended;
    report(`media flows ${took.toFixed(0)} ms after a cut of ${seconds} s`);

    await until('it is in the room again', async () => (await cut.snapshot()).phase === 'joined');
    expect(await Promise.all(everybody.map((page) => page.peerId()))).toEqual(ids);
    await cut.toggle('microphone');
    const [, , cutId] = ids;
    await expect(first.tileOf(cutId!)).toHaveAttribute('data-muted', 'true');
    const after = await Promise.all(everybody.map((page) => page.stats()));
    for (const n of [0, 1]) expect(after[n], 'the others').toMatchObject({ negotiations: before[n]!.negotiations, connections: before[n]!.connections });
    expect(after[2]!.connections, 'no new transports').toBe(before[2]!.connections);
    expect(took, 'ms until media flows').toBeLessThan(within(3000));
  });
}

const relayTest = test.extend<{ turn: TurnServer }>({
  turn: async ({}, use) => {
    const turn = await TurnServer.start();
    await use(turn);
    await turn.stop();
  },
  systemOptions: async ({ turn }, use) => {
    const sfuArgs = ['--turn-url', turn.url, '--turn-secret', turn.secret];
    await use({ broadcast: false, sfuArgs, composerArgs: [] });
  },
});

relayTest('two people who reach the server through a relay only see each other', async ({ enter }) => {
  const first = await enter(ada, { relayed: true });
  const second = await enter(ben, { relayed: true });
  await second.join(await first.createRoom());
  for (const [page, other] of [[first, await second.peerId()], [second, await first.peerId()]] as const) {
    await until('media flows', async () => {
      const { received } = await page.stats();
      return received.some(({ peerId, kind, framesDecoded }) => peerId === other && kind === 'video' && framesDecoded > 20);
    });
    expect(await candidateTypes(page), 'of both transports').toEqual(['relay', 'relay']);
  }
});

/** Of the candidate this page uses, per connection. */
function candidateTypes({ page }: StagePage): Promise<string[]> {
  return page.evaluate(async () => {
    const types: string[] = [];
    for (const connection of window.__calls.connections) {
      const reports = await connection.getStats();
      for (const report of reports.values()) {
        if (report.type !== 'transport') continue;
        const pair = reports.get(report.selectedCandidatePairId);
        types.push(reports.get(pair?.localCandidateId)?.candidateType ?? 'none');
      }
    }
    return types;
  });
}
