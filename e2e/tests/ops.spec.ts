// What the ops listeners take from whom, and secrets that would keep nobody out.
import { failedStart } from '../harness/failed-start';
import { said } from '../harness/said';
import { SignalingPeer } from '../harness/signaling-peer';
import { expect, test } from '../harness/test';

const TOKEN = 'a token of thirty-two bytes or more';
const REPLACE = 'POST /workers/0/replace HTTP/1.0';

test.describe('the ops listener of sfu-server', () => {
  test.use({ systemOptions: { broadcast: false, sfuArgs: ['--workers', '1', '--ops-host', 'probes.example', '--ops-token', TOKEN], composerArgs: [] } });

  test('changes nothing for a page of another site, whatever name that gives it', async ({ system }) => {
    const { sfuOps: port } = system.ports;
    const own = `Host: 127.0.0.1:${port}`;
    const peer = await SignalingPeer.connect(system.url);
    await peer.must('createRoom');
    for (const head of [
      [own, 'Origin: https://evil.example'],
      [own, 'Origin: null'],
      [own, `Origin: http://127.0.0.1:${system.ports.sfuHttp}`],
      // By DNS rebinding the page is of this very name.
      [`Host: evil.example:${port}`, `Origin: http://evil.example:${port}`],
      [`Host: evil.example:${port}`],
      [own, 'Origin: https://evil.example', 'Authorization: Bearer guessed'],
    ]) {
      expect(await said(port, REPLACE, ...head), head.join()).toEqual({ status: 403, body: expect.stringMatching(/\S+ \S+/) });
    }
    expect(peer.facts.filter(({ event }) => event === 'roomClosed')).toEqual([]);
    expect((await peer.must('listProducers')).producers, 'the room goes on').toEqual([]);
    peer.close();
  });

  test('is read under its addresses, localhost, names it was given, and by probes that name nothing', async ({ system }) => {
    const { sfuOps: port } = system.ports;
    for (const path of ['/livez', '/readyz', '/dump']) {
      const status = async (...head: string[]) => (await said(port, `GET ${path} HTTP/1.0`, ...head)).status;
      expect(await status()).toBe(200);
      for (const host of [`127.0.0.1:${port}`, 'localhost', '[::1]:9100', 'probes.example']) expect(await status(`Host: ${host}`)).toBe(200);
      for (const host of ['evil.example', 'localhost.evil.example']) expect(await status(`Host: ${host}`), host).toBe(403);
    }
  });

  test('replaces a worker for this machine, and for whoever has the token', async ({ system }) => {
    const { sfuOps: port } = system.ports;
    const replaced = { status: 200, body: 'media worker 0 is replaced\n' };
    expect(await said(port, REPLACE)).toEqual(replaced);
    expect(await said(port, REPLACE, `Host: 127.0.0.1:${port}`)).toEqual(replaced);
    expect(await said(port, REPLACE, 'Host: ops.example', 'Origin: https://ops.example', `Authorization: Bearer ${TOKEN}`)).toEqual(replaced);
  });
});

test.describe('the ops listener of hls-composer', () => {
  test.use({ systemOptions: { broadcast: true, sfuArgs: [], composerArgs: ['--ops-host', 'probes.example'] } });

  test('is read under its own names only', async ({ system }) => {
    const status = async (...head: string[]) => (await said(system.ports.composerOps, 'GET /readyz HTTP/1.0', ...head)).status;
    for (const head of [[], ['Host: 127.0.0.1'], ['Host: probes.example']]) expect(await status(...head)).toBe(200);
    expect(await status('Host: evil.example')).toBe(403);
  });
});

for (const [flag, value, sentence] of [
  ['--join-secret', '', '--join-secret (SFU_JOIN_SECRET) is set and empty: remove it, or give a secret, as `openssl rand -base64 32` prints one'],
  ['--join-secret', 'x'.repeat(31), '--join-secret (SFU_JOIN_SECRET) has 31 bytes: give 32 or more, as `openssl rand -base64 32` prints them'],
  ['--turn-secret', '', '--turn-secret (SFU_TURN_SECRET) is set and empty: remove it, or give a secret, as `openssl rand -base64 32` prints one'],
  ['--ops-token', '', '--ops-token (SFU_OPS_TOKEN) is set and empty: remove it, or give a secret, as `openssl rand -base64 32` prints one'],
  ['--ops-token', 'short', '--ops-token (SFU_OPS_TOKEN) has 5 bytes: give 32 or more, as `openssl rand -base64 32` prints them'],
] as const) {
  for (const by of ['flag', 'variable'] as const) {
    test(`sfu-server does not start with ${value.length} bytes for the ${by} of ${flag}, and says why in one sentence`, async () => {
      const args = ['--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0', '--turn-url', 'turn:turn.example'];
      const variable = `SFU${flag.slice(1).replaceAll('-', '_').toUpperCase()}`;
      const { exitCode, said } =
        by === 'flag' ? await failedStart('sfu-server', [...args, flag, value]) : await failedStart('sfu-server', args, { [variable]: value });
      expect(said).toEqual([sentence]);
      expect(exitCode).toBe(1);
    });
  }
}
