// What the flags of the listeners promise: certificates, HTTP versions, addresses, and what is said when one cannot be had.
import { once } from 'node:events';
import net from 'node:net';
import { makeCertificate, type Certificate } from '../harness/certificate';
import { ComposerClient } from '../harness/composer-client';
import { failedStart } from '../harness/failed-start';
import { getByHttp1, getByHttp2 } from '../harness/http-versions';
import { ada } from '../harness/person';
import { reservePorts, type Ports } from '../harness/ports';
import { dtlsParameters, vp8 } from '../harness/rtp-parameters';
import { SignalingPeer } from '../harness/signaling-peer';
import { StagePage } from '../harness/stage-page';
import type { System, SystemOptions } from '../harness/system';
import { expect, test as base } from '../harness/test';
import { WatchPage } from '../harness/watch-page';

interface Candidate {
  protocol: string;
  address: string;
  port: number;
}

interface Fixtures {
  certificate: Certificate;
  /** A room on air. */
  liveRoom: string;
  /** Free ports, for tests that start their daemons themselves. */
  ports: Ports;
  /** Another process's listener, as far as the kernel tells. */
  occupy: (port: number) => Promise<void>;
}

const test = base.extend<Fixtures>({
  certificate: async ({}, use) => {
    const certificate = await makeCertificate();
    await use(certificate);
    await certificate.remove();
  },

  // Its one peer has announced a camera and sends nothing: the picture is a slate, which is as good a playlist.
  liveRoom: async ({ system }, use) => {
    const peer = await SignalingPeer.connect(system.url);
    const { roomId } = await peer.must('createRoom');
    await peer.must('createProducerTransport');
    await peer.must('connectProducerTransport', { dtlsParameters });
    await peer.must('produce', { kind: 'video', rtpParameters: vp8(1111) });
    await expect.poll(async () => (await broadcastOf(system, String(roomId))).phase).toBe('live');
    await use(String(roomId));
    peer.close();
  },

  ports: async ({}, use) => {
    const ports = await reservePorts();
    await use(ports);
    await ports.release();
  },

  occupy: async ({}, use) => {
    const servers: net.Server[] = [];
    await use(async (port) => {
      const server = net.createServer().listen(port, '127.0.0.1');
      servers.push(server);
      await once(server, 'listening');
    });
    for (const server of servers) await once(server.close(), 'close');
  },
});

test.describe('sfu-server with a certificate', () => {
  test.use({ systemOptions: async ({ certificate }, use) => use(withArgs({ sfuArgs: tlsFlags(certificate) })) });

  test('a call, its broadcast and the Watch page work over HTTPS, and everything that HTTP/2 can carry comes by it', async ({
    browsers,
    certificate,
    system,
  }) => {
    const origin = `https://127.0.0.1:${system.ports.sfuHttp}`;
    // Nobody has signed the certificate.
    const trusting = { ignoreHTTPSErrors: true };
    const caller = await StagePage.open((await browsers(ada)).browser, origin, ada.name, trusting);
    const roomId = await caller.createRoom();
    expect(new URL(caller.page.url()).origin).toBe(origin);
    await expect(caller.broadcastPhase).toHaveAttribute('data-phase', 'live');
    const viewer = await WatchPage.open((await browsers()).browser, origin, roomId, trusting);
    await viewer.playsSteadily();
    const protocols = await viewer.page.evaluate(() =>
      performance.getEntriesByType('resource').map((entry) => (entry as PerformanceResourceTiming).nextHopProtocol),
    );
    expect(new Set(protocols)).toEqual(new Set(['h2']));

    for (const [path, content] of [
      ['/', '<!doctype html>'],
      ['/socket.io/?EIO=4&transport=polling', '0{"sid":'],
      [`/api/rooms/${roomId}`, `{"roomId":"${roomId}"`],
      [`/hls/${roomId}/index.m3u8`, '#EXTM3U'],
    ] as const) {
      const body = expect.stringContaining(content);
      expect(await getByHttp2(origin + path, certificate.pem)).toEqual({ protocol: 'h2', status: 200, body });
      expect(await getByHttp1(origin + path, certificate.pem)).toEqual({ protocol: '1.1', status: 200, body });
    }
    await Promise.all([caller.close(), viewer.close()]);
  });
});

test.describe('hls-composer with a certificate and a public URL', () => {
  test.use({
    systemOptions: async ({ certificate }, use) =>
      use(withArgs({ composerArgs: [...tlsFlags(certificate), '--public-url', 'https://cdn.example.org'] })),
  });

  test('a CDN fetches playlists from it over HTTPS and HTTP/2, and people are told the address there', async ({
    certificate,
    liveRoom,
    system,
  }) => {
    const playlist = `/hls/${liveRoom}/index.m3u8`;
    // Its own name is told; where there is no password, the room's is as good.
    expect((await broadcastOf(system, liveRoom)).playlistUrl).toMatch(/^https:\/\/cdn\.example\.org\/hls\/\w{12}\/index\.m3u8$/);
    const origin = `https://localhost:${system.ports.hlsHttp}`;
    const body = expect.stringMatching(/^#EXTM3U/);
    expect(await getByHttp2(origin + playlist, certificate.pem)).toEqual({ protocol: 'h2', status: 200, body });
    expect(await getByHttp1(origin + playlist, certificate.pem)).toEqual({ protocol: '1.1', status: 200, body });
  });
});

test.describe('daemons that speak TLS with each other', () => {
  test.use({ systemOptions: async ({ certificate }, use) => use({ ...withArgs({}), link: certificate }) });

  test('a room is broadcast and watched as ever', async ({ liveRoom, system, watch }) => {
    expect((await fetch(`${system.url}/hls/${liveRoom}/index.m3u8`)).status).toBe(200);
    const viewer = await watch(liveRoom);
    await viewer.playsSteadily();
  });
});

test.describe('hls-composer that asks for a certificate of whoever calls it', () => {
  const withIdentity = ({ certFile, keyFile }: Certificate) => ['--composer-cert', certFile, '--composer-key', keyFile];
  const asked = (certificate: Certificate, sfuArgs: string[]) => ({
    ...withArgs({ sfuArgs, composerArgs: ['--grpc-client-ca', certificate.certFile] }),
    link: certificate,
  });

  test.describe('and sfu-server has one', () => {
    test.use({ systemOptions: async ({ certificate }, use) => use(asked(certificate, withIdentity(certificate))) });

    test('broadcasts its rooms, and answers nobody else', async ({ certificate, liveRoom, system }) => {
      expect((await fetch(`${system.url}/hls/${liveRoom}/index.m3u8`)).status).toBe(200);
      const address = `localhost:${system.ports.grpc}`;
      const stranger = new ComposerClient(address, { trusts: certificate.pem });
      await expect(stranger.broadcasts()).rejects.toThrow(/UNAVAILABLE/);
      stranger.close();
      const known = new ComposerClient(address, { trusts: certificate.pem, identity: certificate });
      expect((await known.broadcasts()).broadcasts).toEqual([expect.objectContaining({ roomId: liveRoom })]);
      known.close();
    });
  });

  test.describe('and sfu-server has none', () => {
    test.use({ systemOptions: async ({ certificate }, use) => use(asked(certificate, [])) });

    test('broadcasts nothing, and the call goes on', async ({ system }) => {
      const peer = await SignalingPeer.connect(system.url);
      const { roomId } = await peer.must('createRoom');
      await peer.must('createProducerTransport');
      await peer.must('connectProducerTransport', { dtlsParameters });
      await peer.must('produce', { kind: 'video', rtpParameters: vp8(1111) });
      await expect.poll(async () => (await broadcastOf(system, String(roomId))).phase).toBe('reconnecting');
      await peer.must('createConsumerTransport');
      peer.close();
    });
  });
});

for (const [flag, value, complaint] of [
  ['--composer', 'ftp://127.0.0.1:1', '--composer ftp://127.0.0.1:1/ begins neither with http:// nor with https://'],
  [
    '--hls-upstream',
    'http://127.0.0.1:1/hls',
    '--hls-upstream http://127.0.0.1:1/hls is no origin like http://127.0.0.1:3001 or https://hls.example.org',
  ],
  ['--composer-ca', '/dev/null', '--composer-ca /dev/null is not usable: it holds no certificate; it takes a PEM file of certificates'],
] as const) {
  test(`sfu-server ${flag} ${value} is one sentence`, async () => {
    const { exitCode, said } = await failedStart('sfu-server', ['--listen', '127.0.0.1:0', '--ops-listen', '127.0.0.1:0', flag, value]);
    expect(exitCode).toBe(1);
    expect(said).toEqual([complaint]);
  });
}

test('hls-composer in the clear speaks HTTP/1.1 and HTTP/2, and people are told a path', async ({ liveRoom, system }) => {
  const playlist = `/hls/${liveRoom}/index.m3u8`;
  expect((await broadcastOf(system, liveRoom)).playlistUrl).toMatch(/^\/hls\/\w{12}\/index\.m3u8$/);
  const body = expect.stringMatching(/^#EXTM3U/);
  expect(await getByHttp2(system.hlsUrl + playlist)).toEqual({ protocol: 'h2c', status: 200, body });
  expect(await getByHttp1(system.hlsUrl + playlist)).toEqual({ protocol: '1.1', status: 200, body });
});

test.describe('sfu-server with two announced addresses', () => {
  const sfuArgs = ['--rtc-announced-address', '127.0.0.1,203.0.113.7', '--workers', '1'];
  test.use({ systemOptions: withArgs({ broadcast: false, sfuArgs }) });

  test('a browser is offered both for each of its transports, over UDP and TCP', async ({ system }) => {
    const peer = await SignalingPeer.connect(system.url);
    await peer.must('createRoom');
    for (const event of ['createProducerTransport', 'createConsumerTransport']) {
      const { iceCandidates } = await peer.must(event);
      const offered = (iceCandidates as Candidate[]).map(({ protocol, address, port }) => `${protocol} ${address}:${port}`);
      const port = system.ports.rtc;
      expect(offered.toSorted()).toEqual([
        `tcp 127.0.0.1:${port}`,
        `tcp 203.0.113.7:${port}`,
        `udp 127.0.0.1:${port}`,
        `udp 203.0.113.7:${port}`,
      ]);
    }
    peer.close();
  });
});

test.describe('a start that cannot succeed', () => {
  for (const { program, flag, of } of [
    { program: 'sfu-server', flag: '--listen', of: 'sfuHttp' },
    { program: 'sfu-server', flag: '--ops-listen', of: 'sfuOps' },
    { program: 'hls-composer', flag: '--grpc-listen', of: 'grpc' },
    { program: 'hls-composer', flag: '--http-listen', of: 'hlsHttp' },
    { program: 'hls-composer', flag: '--ops-listen', of: 'composerOps' },
  ] as const) {
    test(`${program} names ${flag} and its address in one sentence when another process listens there`, async ({
      occupy,
      ports,
    }, testInfo) => {
      const address = `127.0.0.1:${ports[of]}`;
      await occupy(ports[of]);
      const { exitCode, said } = await failedStart(program, addresses(ports, testInfo.outputDir)[program]);
      expect(said).toEqual([`${flag} ${address} is busy: another process listens there; stop it or choose another with ${flag}`]);
      expect(exitCode).toBe(1);
    });
  }

  test("sfu-server's last sentence names --rtc-port, the port and the address when another process listens there", async ({
    occupy,
    ports,
  }, testInfo) => {
    await occupy(ports.rtc);
    const { exitCode, said } = await failedStart('sfu-server', addresses(ports, testInfo.outputDir)['sfu-server']);
    const sentence = `^media port ${ports.rtc} .* on 127\\.0\\.0\\.1 cannot be used: .* choose others with --rtc-port`;
    expect(said.at(-1)).toMatch(new RegExp(sentence));
    expect(exitCode).toBe(1);
  });

  test('hls-composer names --cpus and the core in one sentence when there is no such core', async ({ ports }, testInfo) => {
    const args = [...addresses(ports, testInfo.outputDir)['hls-composer'], '--cpus', '0,999'];
    const { exitCode, said } = await failedStart('hls-composer', args);
    expect(said).toEqual([expect.stringMatching(/^--cpus: core 999 is not among the cores this process may use \([\d,]+\)$/)]);
    expect(exitCode).toBe(1);
  });
});

/** What a test changes of the usual system. */
function withArgs(changed: Partial<SystemOptions>): SystemOptions {
  return { broadcast: true, sfuArgs: [], composerArgs: [], ...changed };
}

function tlsFlags({ certFile, keyFile }: Certificate): string[] {
  return ['--tls-cert', certFile, '--tls-key', keyFile];
}

/** Every listener of both daemons on ports of its own, and their files in `dir`. */
function addresses(ports: Ports, dir: string): Record<'sfu-server' | 'hls-composer', string[]> {
  const own = (flag: string, port: number) => [flag, `127.0.0.1:${port}`];
  return {
    'sfu-server': [
      ...own('--listen', ports.sfuHttp),
      ...own('--ops-listen', ports.sfuOps),
      ...['--rtc-port', String(ports.rtc), '--workers', '1'],
    ],
    'hls-composer': [
      ...own('--grpc-listen', ports.grpc),
      ...own('--http-listen', ports.hlsHttp),
      ...own('--ops-listen', ports.composerOps),
      ...['--rtp-ports', ports.rtp, '--data-dir', dir],
    ],
  };
}

interface Broadcast {
  phase: string;
  playlistUrl?: string;
}

async function broadcastOf(system: System, roomId: string): Promise<Broadcast> {
  const answer = await fetch(`${system.url}/api/rooms/${roomId}`);
  return ((await answer.json()) as { broadcast: Broadcast }).broadcast;
}
