// Bad input costs its sender one clear error (or its connection) and nobody else anything.
import { setTimeout as pause } from 'node:timers/promises';
import { whileBusy } from '../harness/busy-machine';
import { refuses } from '../harness/entered';
import { within } from '../harness/form';
import { heldByMediasoup } from '../harness/media-dump';
import { RawSocket } from '../harness/raw-socket';
import { deafCapabilities, dtlsParameters, foreignCodec, opus, vp8 } from '../harness/rtp-parameters';
import type { Answer, SignalingPeer } from '../harness/signaling-peer';
import { expect, test as base } from '../harness/test';
import { until } from '../harness/until';

interface Room {
  roomId: string;
  /** Sends a microphone; created the room. */
  host: SignalingPeer;
  audioProducerId: string;
  /** Sits in the room and must not be disturbed. */
  observer: SignalingPeer;
  /** Says whether the observer's room is as it was, and that it still answers. */
  isUndisturbed: () => Promise<boolean>;
}

const test = base.extend<{ raw: () => Promise<RawSocket>; room: Room }>({
  systemOptions: { broadcast: false, sfuArgs: ['--max-peers', '4', '--max-rooms', '2'], composerArgs: [] },

  raw: async ({ system }, use) => {
    const sockets: RawSocket[] = [];
    await use(async () => {
      const socket = await RawSocket.connect(system.url);
      sockets.push(socket);
      return socket;
    });
    await Promise.all(sockets.map((socket) => socket.close()));
  },

  room: async ({ connect }, use) => {
    const host = await connect();
    const observer = await connect();
    const { roomId } = await host.must('createRoom', { displayName: 'Host' });
    await host.must('createProducerTransport');
    await host.must('connectProducerTransport', { dtlsParameters });
    const { id } = await host.must('produce', { kind: 'audio', rtpParameters: opus(1111) });
    await observer.must('joinRoom', { roomId, displayName: 'Observer' });
    await observer.must('createConsumerTransport');
    const { producers } = await observer.must('listProducers');
    const told = () => observer.facts.filter(({ event }) => event !== 'broadcastStatus').length;
    const before = told();
    await use({
      roomId: String(roomId),
      host,
      audioProducerId: String(id),
      observer,
      isUndisturbed: async () => {
        const now = await observer.must('listProducers');
        return JSON.stringify(now.producers) === JSON.stringify(producers) && told() === before;
      },
    });
  },
});

/** One refusal: a sentence and a code, nothing else. */
test('before a room is entered only what leads into one is understood', async ({ connect, room }) => {
  const peer = await connect();
  const requests: [string, ...unknown[]][] = [
    ['getRouterRtpCapabilities'],
    ['createProducerTransport'],
    ['createConsumerTransport'],
    ['connectProducerTransport', { dtlsParameters }],
    ['connectConsumerTransport', { dtlsParameters }],
    ['produce', { kind: 'audio', rtpParameters: opus(1) }],
    ['pauseProducer', { producerId: room.audioProducerId }],
    ['resumeProducer', { producerId: room.audioProducerId }],
    ['closeProducer', { producerId: room.audioProducerId }],
    ['stopProducing'],
    ['listProducers'],
    ['consume', { producerId: room.audioProducerId, rtpCapabilities: deafCapabilities }],
    ['pauseConsumer', { consumerId: 'x' }],
    ['resumeConsumer', { consumerId: 'x' }],
    ['closeConsumer', { consumerId: 'x' }],
    ['setPreferredLayers', { consumerId: 'x', height: 90 }],
    ['restartIce', { transportId: 'x' }],
    ['leaveRoom'],
    ['mutePeer', { peerId: 'x' }],
    ['removePeer', { peerId: 'x' }],
    ['lockRoom', { locked: true }],
    ['endRoom'],
    ['setLayout', { layout: 'grid' }],
    ['pinPeer'],
  ];
  for (const [event, ...payload] of requests) {
    await test.step(event, async () => refuses(await peer.ask(event, ...payload), 'not_joined'));
  }
  expect(await room.isUndisturbed()).toBe(true);
});

test('an unknown room, a room id of one\'s own and a full room are refused', async ({ connect, room }) => {
  const peer = await connect();
  refuses(await peer.ask('joinRoom', { roomId: 'no-such-room' }), 'room_not_found');
  refuses(await peer.ask('createRoom', { roomId: room.roomId }), 'bad_request');
  await peer.must('createRoom');
  refuses(await (await connect()).ask('createRoom'), 'limit_reached');
  expect(await room.isUndisturbed()).toBe(true);

  for (const guest of [await connect(), await connect()]) await guest.must('joinRoom', { roomId: room.roomId });
  refuses(await (await connect()).ask('joinRoom', { roomId: room.roomId }), 'room_full');
  refuses(await peer.ask('joinRoom', { roomId: room.roomId }), 'already_joined');
});

test('a room nobody knows answers 404 over HTTP, an open one its peers', async ({ room, system }) => {
  const missing = await fetch(`${system.url}/api/rooms/no-such-room`);
  expect(missing.status).toBe(404);
  refuses((await missing.json()) as Answer, 'room_not_found');

  const open = await fetch(`${system.url}/api/rooms/${room.roomId}`);
  expect(await open.json()).toEqual({ roomId: room.roomId, peers: 2, hasPassword: false, locked: false, broadcast: { phase: 'idle' } });
});

test('calls in the wrong order are refused and the right order works afterwards', async ({ connect, room }) => {
  const peer = await connect();
  const { rtpCapabilities } = await peer.must('joinRoom', { roomId: room.roomId });
  const consume = { producerId: room.audioProducerId, rtpCapabilities };

  refuses(await peer.ask('joinRoom', { roomId: room.roomId }), 'already_joined');
  refuses(await peer.ask('createRoom'), 'already_joined');
  refuses(await peer.ask('produce', { kind: 'video', rtpParameters: vp8(7) }), 'transport_missing');
  refuses(await peer.ask('consume', consume), 'transport_missing');
  refuses(await peer.ask('connectProducerTransport', { dtlsParameters }), 'transport_missing');
  refuses(await peer.ask('connectConsumerTransport', { dtlsParameters }), 'transport_missing');

  const other = { ...dtlsParameters, role: 'server' };
  for (const direction of ['Producer', 'Consumer']) {
    const created = await peer.must(`create${direction}Transport`);
    expect(await peer.must(`create${direction}Transport`), 'asked again, because the answer was lost').toEqual(created);
    expect(await peer.must(`connect${direction}Transport`, { dtlsParameters })).toEqual({ connected: true });
    expect(await peer.must(`connect${direction}Transport`, { dtlsParameters })).toEqual({ connected: true });
    refuses(await peer.ask(`connect${direction}Transport`, { dtlsParameters: other }), 'already_connected');
    refuses(await peer.ask(`create${direction}Transport`), 'transport_exists');
  }

  expect(await peer.must('consume', consume)).toMatchObject({ producerId: room.audioProducerId, kind: 'audio' });
  await peer.must('produce', { kind: 'video', rtpParameters: vp8(7) });
  refuses(await peer.ask('produce', { kind: 'video', rtpParameters: vp8(8) }), 'duplicate_producer');
  expect(await peer.must('leaveRoom')).toEqual({ left: true });
  refuses(await peer.ask('leaveRoom'), 'not_joined');
});

test('ids of nobody and of somebody else are refused', async ({ connect, room }) => {
  const peer = await connect();
  const { rtpCapabilities } = await peer.must('joinRoom', { roomId: room.roomId });
  await peer.must('createConsumerTransport');
  const nobody = '00000000-0000-4000-8000-000000000000';

  for (const producerId of [nobody, 'not even an id', '']) {
    refuses(await peer.ask('consume', { producerId, rtpCapabilities }), 'producer_not_found');
  }
  for (const event of ['pauseProducer', 'resumeProducer', 'closeProducer']) {
    for (const producerId of [nobody, 'not even an id', room.audioProducerId]) {
      refuses(await peer.ask(event, { producerId }), 'producer_not_found');
    }
  }
  for (const consumerId of [nobody, 'not even an id', room.audioProducerId]) {
    refuses(await peer.ask('resumeConsumer', { consumerId }), 'consumer_not_found');
  }
  refuses(
    await peer.ask('consume', { producerId: room.audioProducerId, rtpCapabilities: deafCapabilities }),
    'cannot_consume',
  );
  expect((await room.host.must('listProducers')).producers).toHaveLength(1);
});

test('payloads of a wrong shape are refused with a sentence that names what is wrong', async ({ connect, room }) => {
  const peer = await connect();
  await peer.must('joinRoom', { roomId: room.roomId });
  await peer.must('createProducerTransport');
  await peer.must('createConsumerTransport');
  const wrong: [string, ...unknown[]][] = [
    ['joinRoom'],
    ['joinRoom', null],
    ['joinRoom', { roomId: 5 }],
    ['joinRoom', ['a', 'b', 'c', 'd']],
    ['createRoom', 'a string'],
    ['connectProducerTransport', {}],
    ['connectProducerTransport', { dtlsParameters: { role: 'client', fingerprints: [{ algorithm: 'sha-256', value: 'short' }] } }],
    ['connectProducerTransport', { dtlsParameters: { role: 'client', fingerprints: [] } }],
    ['produce', { kind: 'smell', rtpParameters: opus(1) }],
    ['produce', { kind: 'audio', rtpParameters: { codecs: 'many' } }],
    ['produce', { kind: 'audio', rtpParameters: opus(1), appData: { source: 'telescope' } }],
    ['consume', { producerId: room.audioProducerId }],
    ['pauseProducer', { producerId: 17 }],
    ['resumeConsumer', {}],
  ];
  for (const [event, ...payload] of wrong) {
    await test.step(`${event} ${JSON.stringify(payload)}`, async () => refuses(await peer.ask(event, ...payload), 'bad_request'));
  }
  refuses(await peer.ask('noSuchEvent', { any: 'thing' }), 'unknown_event');
  refuses(await peer.ask('produce', { kind: 'video', rtpParameters: foreignCodec(1) }), 'media_failed');
  expect(peer.connected).toBe(true);
  expect(await peer.must('produce', { kind: 'audio', rtpParameters: opus(2) })).toEqual({ id: expect.any(String) });
});

test('a peer has one consumer of each producer: the next takes its place', async ({ room, system }) => {
  const { rtpCapabilities } = await room.observer.must('getRouterRtpCapabilities');
  const consume = { producerId: room.audioProducerId, rtpCapabilities, paused: true };
  const ids = new Set<unknown>();
  for (let n = 0; n < 20; n += 1) ids.add((await room.observer.must('consume', consume)).id);
  expect(ids.size).toBe(20);
  const { routers } = await heldByMediasoup(system);
  expect(routers.flatMap(({ consumers }) => consumers)).toEqual([[...ids].at(-1)]);

  const [last] = [...ids].slice(-1);
  expect(await room.observer.must('closeConsumer', { consumerId: last })).toEqual({ closed: true });
  refuses(await room.observer.ask('resumeConsumer', { consumerId: last }), 'consumer_not_found');
});

test('closing a producer a second time is no error, and somebody else\'s is', async ({ room }) => {
  const closing = { producerId: room.audioProducerId };
  refuses(await room.observer.ask('closeProducer', closing), 'producer_not_found');
  for (let n = 0; n < 2; n += 1) expect(await room.host.must('closeProducer', closing)).toEqual({ closed: true });
});

test('a client that asks more often than it may is told so, and served again a moment later', async ({ connect, room }) => {
  const peer = await connect();
  await peer.must('joinRoom', { roomId: room.roomId });
  const codes = new Set<string>();
  for (let n = 0; n < 400 && !codes.has('rate_limited'); n += 20) {
    const answers = await Promise.all(Array.from({ length: 20 }, () => peer.ask('listProducers')));
    for (const answer of answers) codes.add(answer.code ?? 'ok');
  }
  expect(codes).toContain('rate_limited');
  await expect.poll(async () => (await peer.ask('listProducers')).code).toBeUndefined();
  expect((await room.observer.must('listProducers')).producers).toHaveLength(1);
});

test('a payload over 64 KiB is one error and the connection lives', async ({ connect, room }) => {
  const peer = await connect();
  refuses(await peer.ask('joinRoom', { roomId: 'x'.repeat(70_000) }), 'bad_request');
  expect(await peer.must('joinRoom', { roomId: room.roomId })).toMatchObject({ roomId: room.roomId });
});

test('a payload over 256 KiB closes the connection that sent it and no other', async ({ connect, room, system }) => {
  const peer = await connect();
  peer.send('joinRoom', { roomId: 'x'.repeat(300_000) });
  await peer.disconnected();

  expect(await room.isUndisturbed()).toBe(true);
  expect(room.host.connected).toBe(true);
  expect(system.sfu.runs).toBe(true);
  await expect.poll(() => system.sfu.log(), { message: 'the log says why', timeout: 3000 }).toMatch(/disconnected: .*oversized/);
});

test('malformed frames harm nobody else, and a malformed event that wants an answer gets one or ends its connection', async ({
  raw,
  room,
}) => {
  for (const frame of ['421["joinRoom",{', '421{"roomId":1}', '421[]', '421[5,6]', '42', '4', '9', 'garbage', '4"', '451-["x",{"_placeholder":true,"num":0}]']) {
    await test.step(frame, async () => {
      const socket = await raw();
      socket.frame(frame);
      socket.ask(2, 'listProducers');
      const [first] = await until('an answer or the end', () => (socket.closed ? [] : socket.acknowledged.length > 0 && socket.acknowledged));
      if (first) expect(first.answer).toEqual({ error: expect.any(String), code: expect.stringMatching(/^(bad_request|unknown_event|not_joined)$/) });
      expect(await room.isUndisturbed()).toBe(true);
    });
  }
});

test('the very first event of a connection is answered, however busy the machine is', async ({ room, system }) => {
  const unanswered = await whileBusy(async () => {
    let missing = 0;
    for (let n = 0; n < 200; n += 1) {
      const socket = await RawSocket.connect(system.url, '421["listProducers"]');
      const answered = until('the answer', () => socket.acknowledged.length > 0, { within: within(3000), every: 5 });
      await answered.catch(() => (missing += 1));
      await socket.close();
    }
    return missing;
  });
  expect(unanswered, 'of 200 connections').toBe(0);
  expect(await room.isUndisturbed()).toBe(true);
});

test('every event of a burst is acknowledged exactly once and in the order it was sent', async ({ raw, room }) => {
  const socket = await raw();
  // Slow and fast ones, good and bad ones, without waiting.
  const burst: [string, ...unknown[]][] = [
    ['joinRoom', { roomId: room.roomId }],
    ['createProducerTransport'],
    ['createConsumerTransport'],
    ['createProducerTransport'],
    ['noSuchEvent'],
    ['produce', { kind: 'audio', rtpParameters: opus(31) }],
    ['listProducers'],
    ['produce', { kind: 'video', rtpParameters: vp8(32) }],
    ['pauseProducer', { producerId: 'nobody' }],
    ['getRouterRtpCapabilities'],
    ['connectProducerTransport', { dtlsParameters }],
    ['connectProducerTransport', { dtlsParameters }],
    ['joinRoom', { roomId: 5 }],
    ['listProducers'],
    ['stopProducing'],
    ['listProducers'],
    ['leaveRoom'],
    ['listProducers'],
    ['joinRoom', { roomId: room.roomId }],
    ['leaveRoom'],
  ];
  for (const [id, [event, ...payload]] of burst.entries()) socket.ask(id, event, ...payload);
  await expect.poll(() => socket.acknowledged.length).toBeGreaterThanOrEqual(burst.length);
  await pause(300); // A second acknowledgement of the same event would come about now.

  expect(socket.acknowledged.map(({ id }) => id)).toEqual(burst.map((_, id) => id));
  expect(socket.acknowledged.map(({ answer }) => (answer as Answer).code ?? 'ok')).toEqual([
    ...['ok', 'ok', 'ok', 'ok', 'unknown_event', 'ok', 'ok', 'ok', 'producer_not_found', 'ok'],
    ...['ok', 'ok', 'bad_request', 'ok', 'ok', 'ok', 'ok', 'not_joined', 'ok', 'ok'],
  ]);
});

test('more requests than a peer may have waiting are each answered once, some with room_busy, or end their connection', async ({ raw, room }) => {
  const socket = await raw();
  const count = 300;
  socket.ask(0, 'joinRoom', { roomId: room.roomId });
  for (let id = 1; id < count; id += 1) socket.ask(id, 'createProducerTransport');
  await expect.poll(() => (socket.closed ? count : socket.acknowledged.length)).toBeGreaterThanOrEqual(count);
  await pause(300); // As above.

  const ids = socket.acknowledged.map(({ id }) => id).toSorted((a, b) => a - b);
  expect(new Set(ids).size).toBe(ids.length);
  if (!socket.closed) expect(ids).toEqual(Array.from({ length: count }, (_, id) => id));
  const codes = new Set(socket.acknowledged.map(({ answer }) => (answer as Answer).code ?? 'ok'));
  expect([...codes].filter((code) => !['ok', 'rate_limited', 'room_busy'].includes(code))).toEqual([]);
  await expect.poll(async () => (await room.observer.must('listProducers')).producers).toHaveLength(1);
});

test('more requests than a connection can be sent answers to are all answered, or its client is disconnected', async ({ raw }) => {
  const sockets = await Promise.all(Array.from({ length: 12 }, () => raw()));
  for (const [n, socket] of sockets.entries()) {
    const count = 1000 + 250 * (n % 4);
    for (let id = 0; id < count; id += 1) socket.ask(id, 'listProducers');
    const answered = () => socket.closed || socket.acknowledged.length === count;
    await expect.poll(answered, { message: `connection ${n}` }).toBe(true);
  }
});

test.describe('however fast a client asks', () => {
  test.use({ systemOptions: { broadcast: false, sfuArgs: ['--max-requests', '100000'], composerArgs: [] } });

  test('a producer that was closed has left its MID to the next one', async ({ room }) => {
    await room.host.must('stopProducing');
    for (let n = 0; n < 300; n += 1) {
      const { id } = await room.host.must('produce', { kind: 'audio', rtpParameters: { ...opus(1000 + n), mid: '0' } });
      if (n % 2) await room.host.must('stopProducing');
      else await room.host.must('closeProducer', { producerId: id });
    }
  });
});

test.describe('clients that leave and come back on one connection', () => {
  const places = 12;
  test.use({ systemOptions: { broadcast: false, sfuArgs: ['--max-connections', String(places)], composerArgs: [] } });

  test('take no place for longer than they are there', async ({ connect, raw }) => {
    for (let n = 0; n < 4 * places; n += 1) {
      const socket = await raw();
      socket.ask(1, 'createRoom', { displayName: 'Ada' });
      await until('a room', () => socket.acknowledged.length > 0, { every: 1 });
      // It leaves while something is answered, and is back before the answer.
      socket.ask(2, 'createProducerTransport');
      socket.frame('41');
      const back = () => {
        for (let again = 0; again < 30; again += 1) socket.frame('40');
        return socket.admissions > 1;
      };
      await until('a second admission', back, { every: 1 });
      await socket.close();
    }
    const newcomers = await Promise.all(Array.from({ length: places }, () => until('a place', connect)));
    for (const newcomer of newcomers) await newcomer.must('createRoom');
  });
});

test('facts reach everybody but the one they are about, and a newcomer is told of those who send nothing', async ({ connect, room }) => {
  const guest = await connect();
  const { peerId } = await guest.must('joinRoom', { roomId: room.roomId, displayName: '  Guest\u0007 ' });
  await guest.must('createProducerTransport');
  const { id } = await guest.must('produce', { kind: 'audio', rtpParameters: opus(41), appData: { source: 'camera', paused: true } });
  await guest.must('resumeProducer', { producerId: id });
  await guest.must('leaveRoom');

  const told = () => room.observer.facts.filter(({ event }) => event !== 'broadcastStatus');
  await until('the guest has left', () => told().some(({ event }) => event === 'peerLeft'));
  const entry = (audioPaused: boolean) => ({ peerId, displayName: 'Guest', audioProducerId: id, audioPaused, videoPaused: false });
  const host = expect.objectContaining({ displayName: 'Host' });
  expect(told()).toEqual([
    { event: 'peerJoined', payload: { peerId, displayName: 'Guest', role: 'publisher', host: false, reconnecting: false } },
    { event: 'roomProducersChanged', payload: { producers: [host, entry(true)] } },
    { event: 'roomProducersChanged', payload: { producers: [host, entry(false)] } },
    { event: 'peerLeft', payload: { peerId } },
    { event: 'roomProducersChanged', payload: { producers: [host] } },
  ]);
  // The host is in the newcomer's list of producers already.
  expect(guest.facts.filter(({ event }) => event === 'peerJoined')).toEqual([
    { event: 'peerJoined', payload: expect.objectContaining({ peerId: expect.any(String), displayName: 'Observer' }) },
  ]);
});
