// Clients that know nothing but the original protocol: bare callbacks, flat replies, `error` strings.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { buildExample } from '../harness/example';
import { ada, ben } from '../harness/person';
import { dtlsParameters, opus } from '../harness/rtp-parameters';
import { SignalingPeer } from '../harness/signaling-peer';
import { expect, test as base } from '../harness/test';
import { until } from '../harness/until';

base('the original events alone are enough to join, produce, consume and stop', async ({ system }) => {
  // As socket.io-client connects when it is told nothing: it asks by HTTP, and goes over to a WebSocket where it can.
  const alice = await SignalingPeer.connect(system.url, { transports: ['polling', 'websocket'] });
  const bob = await SignalingPeer.connect(system.url, { transports: ['polling'] });
  const { roomId, peerId } = await alice.must('createRoom');
  const joined = await bob.must('joinRoom', { roomId });
  expect(joined).toMatchObject({ roomId, producers: [], rtpCapabilities: { codecs: expect.any(Array) } });

  for (const peer of [alice, bob]) {
    expect(await peer.must('createProducerTransport')).toMatchObject({ id: expect.any(String), iceCandidates: [expect.anything(), expect.anything()] });
    expect(await peer.must('connectProducerTransport', { dtlsParameters })).toEqual({ connected: true });
  }
  const { id: producerId } = await alice.must('produce', { kind: 'audio', rtpParameters: opus(1) });
  await until('Bob is told', () => bob.facts.some(({ event }) => event === 'roomProducersChanged'));
  const list = bob.facts.find(({ event }) => event === 'roomProducersChanged')?.payload;
  expect(list).toMatchObject({ producers: [{ peerId, audioProducerId: producerId }] });

  await bob.must('createConsumerTransport');
  await bob.must('connectConsumerTransport', { dtlsParameters });
  const consumed = await bob.must('consume', { producerId, rtpCapabilities: joined.rtpCapabilities });
  expect(consumed).toMatchObject({ id: expect.any(String), producerId, kind: 'audio', rtpParameters: { codecs: [expect.anything()] } });
  expect((await bob.ask('consume', { producerId: 'nobody', rtpCapabilities: joined.rtpCapabilities })).error).toEqual(expect.any(String));

  expect(await alice.must('stopProducing')).toEqual({ stopped: true });
  await until('Bob is told', () => bob.facts.some(({ event, payload }) => event === 'roomProducersChanged' && (payload.producers as []).length === 0));
  alice.close();
  bob.close();
});

base('a page of another site may begin by polling', async ({ system }) => {
  const answer = await fetch(`${system.url}/socket.io/?EIO=4&transport=polling`, { headers: { origin: 'https://elsewhere.example' } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
});

const exampleTest = base.extend<object, { example: string }>({
  example: [
    async ({}, use) => {
      const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'e2e-example-'));
      await buildExample(dir);
      await use(dir);
      await fs.rm(dir, { recursive: true, force: true });
    },
    { scope: 'worker' },
  ],
  systemOptions: async ({ example }, use) => use({ broadcast: false, sfuArgs: [], composerArgs: [], frontendDir: example }),
});

exampleTest('the example client of the documentation shows everybody, and nobody any more who stops', async ({ browsers, example: _, system }) => {
  const [first, second] = await Promise.all(
    [ada, ben].map(async (person) => (await (await browsers(person)).browser.newContext()).newPage()),
  );
  if (!first || !second) throw new Error('two pages');
  await first.goto(`${system.url}/`);
  await first.waitForURL(/#\w{12}$/);
  await second.goto(first.url());
  for (const page of [first, second]) {
    await expect(page.locator('video')).toHaveCount(2);
    await page.waitForFunction(() => [...document.querySelectorAll('video')].some((video) => video.videoWidth > 0 && video.currentTime > 0.5));
  }
  await first.getByRole('button').click();
  await expect(second.locator('video')).toHaveCount(0);
  await Promise.all([first.context().close(), second.context().close()]);
});
