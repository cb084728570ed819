// What guards a room guards all of it: who finds its picture, what cannot be read, and how long a token opens a door.
import fs from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { entered, refuses, type Entered } from '../harness/entered';
import { joinToken, SECRET } from '../harness/join-token';
import { heldByMediasoup } from '../harness/media-dump';
import { RawSocket } from '../harness/raw-socket';
import { dtlsParameters, vp8 } from '../harness/rtp-parameters';
import type { Answer, SignalingPeer } from '../harness/signaling-peer';
import type { System, SystemOptions } from '../harness/system';
import { expect, test } from '../harness/test';
import { until } from '../harness/until';

const embedded = (changed: Partial<SystemOptions> = {}): SystemOptions => ({
  broadcast: false,
  composerArgs: [],
  ...changed,
  sfuArgs: ['--join-secret', SECRET, ...(changed.sfuArgs ?? [])],
});

const summary = async (system: System, roomId: string): Promise<Answer> =>
  (await (await fetch(`${system.url}/api/rooms/${roomId}`)).json()) as Answer;

const opened = async (system: System, roomId: string): Promise<boolean> => (await fetch(`${system.url}/api/rooms/${roomId}`)).status === 200;

/** Announces a camera that sends nothing: the picture is a slate, which is as good a playlist. */
async function goOnAir(peer: SignalingPeer): Promise<void> {
  await peer.must('createProducerTransport');
  await peer.must('connectProducerTransport', { dtlsParameters });
  await peer.must('produce', { kind: 'video', rtpParameters: vp8(1111) });
  await until('on air', () => peer.facts.some(({ event, payload }) => event === 'broadcastStatus' && payload.phase === 'live'));
}

test.describe('the picture of a room', () => {
  for (const [guard, options, event, wishes] of [
    ['behind a join secret', embedded({ broadcast: true }), 'joinRoom', { roomId: 'lesson-7', joinToken: joinToken({ room: 'lesson-7', role: 'host' }) }],
    ['with a password', { broadcast: true, sfuArgs: [], composerArgs: [] }, 'createRoom', { password: 'north' }],
  ] as const) {
    test.describe(guard, () => {
      test.use({ systemOptions: { ...options, composerArgs: [...options.composerArgs], sfuArgs: [...options.sfuArgs] } });

      test('is found by its watch id alone, also after a restart of hls-composer, and a lock interrupts nobody', async ({ connect, system }) => {
        const peer = await connect();
        const { roomId, watchId } = await entered(peer, event, wishes);
        await goOnAir(peer);
        expect(await summary(system, roomId)).toEqual({ roomId, peers: 1, hasPassword: event === 'createRoom', locked: false });

        const isFoundBy = async (origin: string, id: string, files: string[]) =>
          Promise.all(files.map(async (file) => (await fetch(`${origin}/hls/${id}/${file}`)).status));
        const files = async () => {
          await until('a segment', async () => (await media(system.url, watchId)).length > 0);
          const newest = (await media(system.url, watchId)).at(-1) ?? '';
          return ['index.m3u8', 'live.m3u8', 'plain.m3u8', newest];
        };
        for (const origin of [system.url, system.hlsUrl]) {
          const all = await files();
          expect(await isFoundBy(origin, watchId, all), 'by the watch id').toEqual(all.map(() => 200));
          expect(await isFoundBy(origin, roomId, [...all, 'poster.jpg', 'vod.m3u8']), 'by the room id').toEqual([...all, '', ''].map(() => 404));
        }

        await system.composer.stop();
        await system.composer.start();
        await until('it plays on', async () => (await fetch(`${system.url}/hls/${watchId}/live.m3u8`)).status === 200);
        expect(await isFoundBy(system.url, roomId, ['index.m3u8', 'live.m3u8', 'poster.jpg'])).toEqual([404, 404, 404]);

        await peer.must('lockRoom', { locked: true });
        const before = (await media(system.url, watchId)).at(-1);
        await until('the picture goes on', async () => (await media(system.url, watchId)).at(-1) !== before);
      });
    });
  }

  test.describe('that anybody may enter', () => {
    test.use({ systemOptions: { broadcast: true, sfuArgs: [], composerArgs: [] } });

    test('is found by both ids, locked or not', async ({ connect, system }) => {
      const peer = await connect();
      const { roomId, watchId } = await entered(peer, 'createRoom');
      await goOnAir(peer);
      await peer.must('lockRoom', { locked: true });
      expect(await summary(system, roomId)).toMatchObject({ locked: true, broadcast: { phase: 'live' } });
      for (const id of [roomId, watchId]) expect((await fetch(`${system.url}/hls/${id}/live.m3u8`)).status).toBe(200);
    });
  });
});

/** The names of what a live playlist lists. */
async function media(origin: string, id: string): Promise<string[]> {
  const list = await (await fetch(`${origin}/hls/${id}/live.m3u8`)).text();
  const parts = [...list.matchAll(/^#EXT-X-PART:.*URI="([^"]+)"/gm)].map(([, name = '']) => name);
  return parts.length > 0 ? parts : list.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

test.describe('what cannot be read', () => {
  test.use({ systemOptions: { broadcast: false, sfuArgs: [], composerArgs: [] } });

  const deep = '['.repeat(200) + ']'.repeat(200);
  for (const [what, payload] of [
    ['a display name cut inside an emoji', '{"password":"north","displayName":"Ada \\ud83d"}'],
    ['a number beyond all bounds', '{"password":"north","age":1e999}'],
    ['200 lists in one another', `{"password":"north","more":${deep}}`],
  ] as const) {
    test(`beside a password, ${what}, is refused once, and no room opens`, async ({ system }) => {
      const socket = await RawSocket.connect(system.url);
      socket.frame(`421["createRoom",${payload}]`);
      socket.ask(2, 'listProducers');
      await until('both answers', () => socket.acknowledged.length === 2);
      const [created, listed] = socket.acknowledged.map(({ answer }) => answer as Answer);
      expect(created).toEqual({ error: expect.stringContaining('the payload cannot be read'), code: 'bad_request' });
      expect(listed).toMatchObject({ code: 'not_joined' });
      expect((await heldByMediasoup(system)).routers).toEqual([]);
      await socket.close();
    });
  }

  test('is not an escaped key: the room has its password', async ({ connect, system }) => {
    const socket = await RawSocket.connect(system.url);
    socket.frame('421["createRoom",{"\\u0070assword":"north"}]');
    await until('the answer', () => socket.acknowledged.length === 1);
    const room = socket.acknowledged[0]?.answer as Entered;
    expect(room.settings).toMatchObject({ hasPassword: true });
    refuses(await (await connect()).ask('joinRoom', { roomId: room.roomId }), 'wrong_password');
    await socket.close();
  });

  test('is a binary attachment, wherever it stands', async ({ connect, system }) => {
    const peer = await connect();
    refuses(await peer.ask('createRoom', Buffer.from('{"password":"north"}')), 'bad_request');
    refuses(await peer.ask('createRoom', { password: Buffer.from('north') }), 'bad_request');
    expect((await heldByMediasoup(system)).routers).toEqual([]);
  });

  test('unpins nobody: pinPeer with an id that cannot be read is an error', async ({ system }) => {
    const socket = await RawSocket.connect(system.url);
    const answers = async (wanted: number) => {
      await until('an answer', () => socket.acknowledged.length === wanted);
      return socket.acknowledged.at(-1)?.answer as Answer;
    };
    socket.ask(1, 'createRoom');
    const { peerId } = await answers(1);
    socket.ask(2, 'pinPeer', { peerId });
    expect(await answers(2)).toEqual({ pinned: true });
    socket.frame('423["pinPeer",{"peerId":"\\ud83d"}]');
    refuses(await answers(3), 'bad_request');
    socket.ask(4, 'pinPeer', { peerId: 5 });
    refuses(await answers(4), 'bad_request');
    socket.frame('425["endRoom","\\ud83d"]');
    refuses(await answers(5), 'bad_request');
    socket.ask(6, 'setLayout', { layout: 'grid' });
    expect(await answers(6), 'the room goes on').toEqual({ layout: 'grid' });
    await socket.close();
  });
});

const tokensOf = (peer: SignalingPeer): string[] =>
  peer.facts.filter(({ event }) => event === 'rejoinToken').map(({ payload }) => String(payload.rejoinToken));

/** A server that ends without a word, and its successor. */
const restart = async (system: System) => {
  await system.sfu.kill();
  await system.sfu.start();
};

const LIVES_S = 4;

test.describe('a rejoin token', () => {
  const quick = ['--rejoin-lifetime', `${LIVES_S}s`, '--seat-grace', '1s', '--broadcast-linger', '1s'];
  test.use({ systemOptions: embedded({ sfuArgs: quick }) });

  test('is renewed while its holder is in the room, and brings it back over a restart though its join token has run out', async ({ connect, system }) => {
    const ada = await connect();
    // The server takes a minute for what two companies' clocks may differ by.
    const soon = Math.floor(Date.now() / 1000) - 57;
    const first = await entered(ada, 'joinRoom', { roomId: 'lesson-1', joinToken: joinToken({ room: 'lesson-1', role: 'host', exp: soon }) });
    await until('two newer tokens', () => tokensOf(ada).length >= 2, { within: 30_000 });
    await pause(1000 * LIVES_S);
    await restart(system);
    const back = await connect();
    const { roomId, rejoinToken: eldest, peerId, watchId } = first;
    refuses(await back.ask('joinRoom', { roomId, rejoinToken: eldest }), 'invalid_token');
    refuses(await back.ask('joinRoom', { roomId, joinToken: joinToken({ room: roomId, role: 'host', exp: soon }) }), 'invalid_token');
    expect(await opened(system, roomId)).toBe(false);
    const newest = tokensOf(ada).at(-1);
    expect(await entered(back, 'joinRoom', { roomId, rejoinToken: newest })).toMatchObject({ peerId, watchId, host: true });
  });

  test('of whoever has left opens nothing for long', async ({ connect, system }) => {
    const ada = await connect();
    const { roomId, rejoinToken } = await entered(ada, 'joinRoom', { roomId: 'lesson-2', joinToken: joinToken({ room: 'lesson-2' }) });
    await system.sfu.kill();
    await pause(1000 * (LIVES_S + 1));
    await system.sfu.start();
    refuses(await (await connect()).ask('joinRoom', { roomId, rejoinToken }), 'invalid_token');
    expect(await opened(system, roomId)).toBe(false);
  });

  test('of a viewer opens nothing, and lets it in as a viewer once somebody else has opened the room', async ({ connect, system }) => {
    const [ada, vera] = [await connect(), await connect()];
    const host = { roomId: 'lesson-3', joinToken: joinToken({ room: 'lesson-3', role: 'host' }) };
    const { roomId, rejoinToken: hers } = await entered(ada, 'joinRoom', host);
    const viewer = await entered(vera, 'joinRoom', { roomId, joinToken: joinToken({ room: roomId, role: 'viewer' }) });
    await restart(system);
    const back = await connect();
    refuses(await back.ask('joinRoom', { roomId, rejoinToken: viewer.rejoinToken }), 'room_not_found');
    expect(await opened(system, roomId)).toBe(false);
    await (await connect()).must('joinRoom', { roomId, rejoinToken: hers });
    const again = await entered(back, 'joinRoom', { roomId, rejoinToken: viewer.rejoinToken });
    expect(again).toMatchObject({ role: 'viewer', host: false, peerId: viewer.peerId });
    refuses(await back.ask('createProducerTransport'), 'not_allowed');
  });

  test('of somebody who was removed opens nothing after a restart, also when nobody else comes back', async ({ connect, system }) => {
    const [ada, mallory, vera] = [await connect(), await connect(), await connect()];
    const invite = (role: string) => ({ roomId: 'lesson-4', joinToken: joinToken({ room: 'lesson-4', role }) });
    const { watchId } = await entered(ada, 'joinRoom', invite('host'));
    const removed = [await entered(mallory, 'joinRoom', invite('publisher')), await entered(vera, 'joinRoom', invite('viewer'))];
    for (const { peerId } of removed) await ada.must('removePeer', { peerId });
    for (const peer of [mallory, vera]) await until('it is told', () => peer.facts.some(({ event }) => event === 'roomClosed'));
    await restart(system);
    for (const token of [...removed.map(({ rejoinToken }) => rejoinToken), ...tokensOf(mallory), ...tokensOf(vera)]) {
      refuses(await (await connect()).ask('joinRoom', { roomId: 'lesson-4', rejoinToken: token }), 'removed');
    }
    expect(await opened(system, 'lesson-4')).toBe(false);
    const next = await entered(await connect(), 'joinRoom', invite('host'));
    expect(next.watchId, 'the next lesson is another one').not.toBe(watchId);
  });

  test('of a room that a host has ended opens nothing after a restart', async ({ connect, system }) => {
    const [ada, bob] = [await connect(), await connect()];
    const invite = (role: string) => ({ roomId: 'lesson-5', joinToken: joinToken({ room: 'lesson-5', role }) });
    const tokens = [await entered(ada, 'joinRoom', invite('host')), await entered(bob, 'joinRoom', invite('publisher'))];
    await ada.must('endRoom');
    await restart(system);
    for (const { rejoinToken } of tokens) refuses(await (await connect()).ask('joinRoom', { roomId: 'lesson-5', rejoinToken }), 'ended_by_host');
    expect(await opened(system, 'lesson-5')).toBe(false);
  });

  test('of a room that everybody has left opens nothing, before a restart and after it', async ({ connect, system }) => {
    const ada = await connect();
    const { roomId, rejoinToken } = await entered(ada, 'joinRoom', { roomId: 'lesson-6', joinToken: joinToken({ room: 'lesson-6' }) });
    await ada.must('leaveRoom');
    await until('it has ended', async () => !(await opened(system, roomId)));
    refuses(await ada.ask('joinRoom', { roomId, rejoinToken }), 'invalid_token');
    await restart(system);
    refuses(await (await connect()).ask('joinRoom', { roomId, rejoinToken }), 'invalid_token');
    expect(await opened(system, roomId)).toBe(false);
  });
});

test.describe('a rejoin token that holds for minutes', () => {
  test.describe('while the broadcast of its room is slow to end', () => {
    test.use({ systemOptions: embedded({ broadcast: true, sfuArgs: ['--broadcast-linger', '1s'] }) });

    test('opens nothing, and voids no token of a room that an invitation opens meanwhile', async ({ connect, system }) => {
      const ada = await connect();
      const { roomId, rejoinToken } = await entered(ada, 'joinRoom', { roomId: 'lesson-8', joinToken: joinToken({ room: 'lesson-8', role: 'host' }) });
      await goOnAir(ada);
      process.kill(system.composer.pid, 'SIGSTOP');
      try {
        await ada.must('leaveRoom');
        await until('it has ended', async () => !(await opened(system, roomId)));
        refuses(await ada.ask('joinRoom', { roomId, rejoinToken }), 'invalid_token');
        // Who is invited opens a new room of this id, whose tokens hold whatever becomes of the former.
        const anew = await entered(ada, 'joinRoom', { roomId, joinToken: joinToken({ room: 'lesson-8', role: 'host' }) });
        refuses(await (await connect()).ask('joinRoom', { roomId, rejoinToken }), 'invalid_token');
        await entered(await connect(), 'joinRoom', { roomId, rejoinToken: anew.rejoinToken });
      } finally {
        process.kill(system.composer.pid, 'SIGCONT');
      }
    });
  });

  test.describe('over a restart', () => {
    test.use({ systemOptions: embedded() });

    test('a lock holds over a restart: neither an invitation nor the token of somebody who had left opens the room, and who was in it comes back', async ({ connect, system }) => {
      const [ada, bob, cleo] = [await connect(), await connect(), await connect()];
      const invite = (role: string) => ({ roomId: 'lesson-10', joinToken: joinToken({ room: 'lesson-10', role }) });
      await entered(ada, 'joinRoom', invite('host'));
      const { rejoinToken } = await entered(bob, 'joinRoom', invite('publisher'));
      const before = await entered(cleo, 'joinRoom', invite('publisher'));
      await bob.must('leaveRoom');
      await ada.must('lockRoom', { locked: true });
      await until('the lock is in a token', () => tokensOf(ada).length > 0);
      await restart(system);

      const [first, stranger, host] = [await connect(), await connect(), await connect()];
      const shutOut = async () => {
        for (const role of ['publisher', 'viewer']) refuses(await stranger.ask('joinRoom', invite(role)), 'room_locked');
      };
      await shutOut();
      refuses(await first.ask('joinRoom', { roomId: 'lesson-10', rejoinToken }), 'room_locked');
      // Who was in it and had not heard of the lock opens it, for all who were.
      await entered(first, 'joinRoom', { roomId: 'lesson-10', rejoinToken: before.rejoinToken });
      await shutOut();
      const back = await entered(host, 'joinRoom', { roomId: 'lesson-10', rejoinToken: tokensOf(ada).at(-1) });
      expect(back.settings).toMatchObject({ locked: true });
      await shutOut();
      // Nothing is left of a lock that is taken back, nor of a locked room that has ended.
      await host.must('lockRoom', { locked: false });
      await entered(stranger, 'joinRoom', invite('publisher'));
      await host.must('lockRoom', { locked: true });
      await host.must('endRoom');
      await until('it is over', () => stranger.facts.some(({ event }) => event === 'roomClosed'));
      await entered(await connect(), 'joinRoom', invite('publisher'));
    });
  });

  for (const [how, lose] of [
    ['damaged', (list: string) => fs.writeFile(list, 'not JSON')],
    ['removed', (list: string) => fs.rm(list)],
  ] as const) {
    test.describe(`after the list of ended rooms was ${how}`, () => {
      test.use({ systemOptions: embedded() });

      test('is refused as invalid, so that its holder comes back with the join token', async ({ connect, system }) => {
        const ada = await connect();
        const invitation = joinToken({ room: 'lesson-9', role: 'host' });
        const { roomId, rejoinToken } = await entered(ada, 'joinRoom', { roomId: 'lesson-9', joinToken: invitation });
        await system.sfu.kill();
        await lose(path.join(system.dataDir, '.sfu-server', 'rejoin.key.revoked'));
        await system.sfu.start();
        const back = await connect();
        refuses(await back.ask('joinRoom', { roomId, rejoinToken }), 'invalid_token');
        await entered(back, 'joinRoom', { roomId, joinToken: invitation });
        // That is a new room, of which the token is not.
        refuses(await (await connect()).ask('joinRoom', { roomId, rejoinToken }), 'invalid_token');
      });
    });
  }
});
