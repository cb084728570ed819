// Who may enter a room and what hosts may do there, seats that outlive connections, and rooms that outlive the server.
import { entered, refuses } from '../harness/entered';
import { joinToken, SECRET } from '../harness/join-token';
import { heldByMediasoup } from '../harness/media-dump';
import { ada } from '../harness/person';
import { dtlsParameters, opus } from '../harness/rtp-parameters';
import { SignalingPeer, type Answer, type Fact } from '../harness/signaling-peer';
import { expect, test } from '../harness/test';
import { until } from '../harness/until';

test.use({
  systemOptions: { broadcast: false, sfuArgs: ['--max-peers', '3', '--max-viewers', '1', '--seat-grace', '3s'], composerArgs: [] },
});

const told = (peer: SignalingPeer, event: string): Fact['payload'][] =>
  peer.facts.filter((fact) => fact.event === event).map(({ payload }) => payload);

async function microphone(peer: SignalingPeer, ssrc: number): Promise<string> {
  await peer.must('createProducerTransport');
  await peer.must('connectProducerTransport', { dtlsParameters });
  return String((await peer.must('produce', { kind: 'audio', rtpParameters: opus(ssrc) })).id);
}

test.describe('a lost connection', () => {
  test('leaves a seat that is resumed with everything in it; others see a peer reconnect and nobody leave', async ({ connect, system }) => {
    const [ada, bob] = [await connect(), await connect()];
    const room = await entered(ada, 'createRoom', { displayName: 'Ada' });
    const producerId = await microphone(ada, 1);
    const { rtpCapabilities } = await bob.must('joinRoom', { roomId: room.roomId });
    await bob.must('createConsumerTransport');
    await bob.must('consume', { producerId, rtpCapabilities });
    const before = await heldByMediasoup(system);

    ada.breakOff();
    await until('Ada is reconnecting', () => told(bob, 'peerChanged').some(({ reconnecting }) => reconnecting));
    const back = await connect();
    const { session } = room;
    const resumed = await entered(back, 'resumeSession', { roomId: room.roomId, sessionId: session.id, secret: session.secret });
    expect(resumed).toMatchObject({ roomId: room.roomId, peerId: room.peerId, watchId: room.watchId, host: true });
    expect(resumed.kept).toEqual({ producerTransportId: expect.any(String), producerIds: [producerId], consumerIds: [] });
    expect(resumed.producers).toHaveLength(1);
    await until('Ada is back', () => told(bob, 'peerChanged').some(({ reconnecting }) => reconnecting === false));

    expect(await heldByMediasoup(system)).toEqual(before);
    expect(told(bob, 'peerLeft')).toEqual([]);
    expect(told(bob, 'roomProducersChanged'), 'nobody renegotiates').toEqual([]);
    const restarted = await back.must('restartIce', { transportId: resumed.kept.producerTransportId });
    expect(restarted).toEqual({ iceParameters: expect.objectContaining({ usernameFragment: expect.any(String) }) });
    expect(await back.must('pauseProducer', { producerId })).toEqual({ paused: true });
  });

  test('that nobody resumes is a leave after --seat-grace', async ({ connect, system }) => {
    const [ada, bob] = [await connect(), await connect()];
    const room = await entered(ada, 'createRoom');
    await microphone(ada, 1);
    await bob.must('joinRoom', { roomId: room.roomId });
    ada.breakOff();
    await until('Ada has left', () => told(bob, 'peerLeft').length > 0);
    expect(told(bob, 'peerChanged'), 'after she was seen to reconnect').toEqual([expect.objectContaining({ reconnecting: true })]);
    expect((await heldByMediasoup(system)).webRtcTransports).toEqual([]);
    const { session, roomId } = room;
    const late = await connect();
    refuses(await late.ask('resumeSession', { roomId, sessionId: session.id, secret: session.secret }), 'session_not_found');
  });

  test('is resumed by nobody who does not know the secret, and by a second connection in place of the first', async ({ connect }) => {
    const ada = await connect();
    const { roomId, session, peerId } = await entered(ada, 'createRoom');
    const thief = await connect();
    refuses(await thief.ask('resumeSession', { roomId, sessionId: session.id, secret: 'guessed' }), 'session_not_found');
    const second = await connect();
    expect(await entered(second, 'resumeSession', { roomId, sessionId: session.id, secret: session.secret })).toMatchObject({ peerId });
    await until('the first is told', () => told(ada, 'roomClosed').length > 0);
    expect(told(ada, 'roomClosed')).toEqual([{ code: 'session_taken', reason: expect.any(String) }]);
    refuses(await ada.ask('listProducers'), 'not_joined');
  });

  test('of a client that said goodbye is a leave at once', async ({ connect }) => {
    const [ada, bob] = [await connect(), await connect()];
    const { roomId } = await entered(ada, 'createRoom');
    await bob.must('joinRoom', { roomId });
    ada.close();
    await until('Ada has left', () => told(bob, 'peerLeft').length > 0);
    expect(told(bob, 'peerChanged')).toEqual([]);
  });
});

test.describe('a restart of the server', () => {
  test('is survived: whoever returns first opens the room again, and everybody is who they were', async ({ connect, system }) => {
    const [ada, bob] = [await connect(), await connect()];
    const room = await entered(ada, 'createRoom', { displayName: 'Ada', password: 'north' });
    const guest = await entered(bob, 'joinRoom', { roomId: room.roomId, displayName: 'Bob', password: 'north' });
    await ada.must('lockRoom', { locked: true });
    await until('Bob has the newer token', () => told(bob, 'rejoinToken').length > 0);
    const newer = String(told(bob, 'rejoinToken').at(-1)?.rejoinToken);

    await system.sfu.kill();
    await system.sfu.start();

    const bobAgain = await connect();
    const returned = await entered(bobAgain, 'joinRoom', { roomId: room.roomId, rejoinToken: newer });
    expect(returned).toMatchObject({ roomId: room.roomId, watchId: room.watchId, peerId: guest.peerId, host: false });
    expect(returned).toMatchObject({ settings: { locked: true, hasPassword: true, layout: 'auto' } });
    const adaAgain = await connect();
    // Her token is older than the lock; the room knows better.
    const host = await entered(adaAgain, 'joinRoom', { roomId: room.roomId, rejoinToken: room.rejoinToken });
    expect(host).toMatchObject({ peerId: room.peerId, host: true, settings: { locked: true } });
    refuses(await (await connect()).ask('joinRoom', { roomId: room.roomId, password: 'north' }), 'room_locked');
    await adaAgain.must('lockRoom', { locked: false });
    refuses(await (await connect()).ask('joinRoom', { roomId: room.roomId, password: 'south' }), 'wrong_password');
    await (await connect()).must('joinRoom', { roomId: room.roomId, password: 'north' });
  });

  test('lets nobody in with a token of another room or of one that was made up', async ({ connect }) => {
    const [ada, bob] = [await connect(), await connect()];
    const { rejoinToken } = await entered(ada, 'createRoom');
    const other = await entered(bob, 'createRoom');
    const thief = await connect();
    refuses(await thief.ask('joinRoom', { roomId: other.roomId, rejoinToken }), 'invalid_token');
    refuses(await thief.ask('joinRoom', { roomId: other.roomId, rejoinToken: 'made.up.token' }), 'invalid_token');
  });
});

test('a worker that is lost ends its rooms, and everybody comes back by the same way', async ({ connect, system }) => {
  const [ada, bob] = [await connect(), await connect()];
  const room = await entered(ada, 'createRoom');
  const guest = await entered(bob, 'joinRoom', { roomId: room.roomId });
  const replaced = await fetch(`http://127.0.0.1:${system.ports.sfuOps}/workers/0/replace`, { method: 'POST' });
  expect(replaced.status, await replaced.text()).toBe(200);
  for (const peer of [ada, bob]) {
    await until('it is told', () => told(peer, 'roomClosed').length > 0);
    expect(told(peer, 'roomClosed')).toEqual([{ code: 'worker_lost', reason: expect.any(String) }]);
  }
  const again = await entered(bob, 'joinRoom', { roomId: room.roomId, rejoinToken: guest.rejoinToken });
  expect(again).toMatchObject({ peerId: guest.peerId, watchId: room.watchId });
  expect(await entered(ada, 'joinRoom', { roomId: room.roomId, rejoinToken: room.rejoinToken })).toMatchObject({ host: true });
  await microphone(ada, 1);
  const unknown = await fetch(`http://127.0.0.1:${system.ports.sfuOps}/workers/7/replace`, { method: 'POST' });
  expect([unknown.status, await unknown.text()]).toEqual([404, 'there is no media worker 7\n']);
});

test.describe('at the door', () => {
  test('a room takes so many publishers and so many viewers', async ({ connect }) => {
    const ada = await connect();
    const { roomId } = await entered(ada, 'createRoom');
    for (let n = 0; n < 2; n += 1) await (await connect()).must('joinRoom', { roomId });
    const late = await connect();
    refuses(await late.ask('joinRoom', { roomId }), 'room_full');
    expect(await late.must('joinRoom', { roomId, role: 'viewer' })).toMatchObject({ role: 'viewer', host: false });
    refuses(await (await connect()).ask('joinRoom', { roomId, role: 'viewer' }), 'room_full');
    for (const [event, ...payload] of [['createProducerTransport'], ['produce', { kind: 'audio', rtpParameters: opus(1) }]] as const) {
      refuses(await late.ask(event, ...payload), 'not_allowed');
    }
    await late.must('createConsumerTransport');
  });

  test('a password is asked for, and guessed slowly', async ({ connect, system }) => {
    const ada = await connect();
    const { roomId } = await entered(ada, 'createRoom', { password: 'north' });
    refuses(await (await connect()).ask('joinRoom', { roomId }), 'wrong_password');
    const guesser = await connect();
    refuses(await guesser.ask('joinRoom', { roomId, password: 'south' }), 'wrong_password');
    refuses(await guesser.ask('joinRoom', { roomId, password: 'west' }), 'rate_limited');
    await (await connect()).must('joinRoom', { roomId, password: 'north' });
    const summary = (await (await fetch(`${system.url}/api/rooms/${roomId}`)).json()) as Answer;
    expect(summary, 'the address of the playlist is secret').toEqual({ roomId, peers: 2, hasPassword: true, locked: false });
    refuses(await (await connect()).ask('createRoom', { password: '' }), 'bad_request');
  });

  test('a removed peer stays out, whatever it holds', async ({ connect }) => {
    const [ada, bob] = [await connect(), await connect()];
    const { roomId } = await entered(ada, 'createRoom');
    const guest = await entered(bob, 'joinRoom', { roomId });
    expect(await ada.must('removePeer', { peerId: guest.peerId })).toEqual({ removed: true });
    await until('Bob is told', () => told(bob, 'roomClosed').length > 0);
    expect(told(bob, 'roomClosed')).toEqual([{ code: 'removed', reason: expect.any(String) }]);
    const { session, rejoinToken } = guest;
    refuses(await bob.ask('resumeSession', { roomId, sessionId: session.id, secret: session.secret }), 'session_not_found');
    refuses(await (await connect()).ask('joinRoom', { roomId, rejoinToken }), 'removed');
    expect(told(ada, 'peerLeft')).toEqual([{ peerId: guest.peerId }]);
  });

  test('a locked room takes back who was in it, and nobody who had left before', async ({ connect }) => {
    const [ada, bob] = [await connect(), await connect()];
    const { roomId } = await entered(ada, 'createRoom');
    const earlier = await entered(bob, 'joinRoom', { roomId });
    await bob.must('leaveRoom');
    const guest = await entered(bob, 'joinRoom', { roomId });
    await ada.must('lockRoom', { locked: true });
    await bob.must('leaveRoom');
    refuses(await bob.ask('joinRoom', { roomId }), 'room_locked');
    refuses(await bob.ask('joinRoom', { roomId, rejoinToken: earlier.rejoinToken }), 'room_locked');
    const { rejoinToken, peerId } = guest;
    expect(await entered(bob, 'joinRoom', { roomId, rejoinToken })).toMatchObject({ peerId });
  });
});

test.describe('a host', () => {
  test('mutes, and the muted peer speaks again when it wants', async ({ connect }) => {
    const [ada, bob] = [await connect(), await connect()];
    const { roomId, hostToken } = await entered(ada, 'createRoom');
    const guest = await entered(bob, 'joinRoom', { roomId });
    const producerId = await microphone(bob, 1);
    expect(await ada.must('mutePeer', { peerId: guest.peerId })).toEqual({ muted: true });
    const [muted] = (await bob.must('listProducers')).producers as Answer[];
    expect(muted).toMatchObject({ peerId: guest.peerId, audioPaused: true, mutedByHost: [producerId] });
    await bob.must('resumeProducer', { producerId });
    const [loud] = (await ada.must('listProducers')).producers as Answer[];
    expect(loud).toMatchObject({ audioPaused: false });
    expect(loud?.mutedByHost).toBeUndefined();

    const second = await connect();
    expect(await second.must('joinRoom', { roomId, hostToken })).toMatchObject({ host: true });
    await second.must('mutePeer', { peerId: guest.peerId, track: 'camera' });
  });

  test('sets the room, and everybody is told', async ({ connect }) => {
    const [ada, bob] = [await connect(), await connect()];
    const { roomId, peerId } = await entered(ada, 'createRoom');
    await bob.must('joinRoom', { roomId });
    expect(await ada.must('setLayout', { layout: 'speaker' })).toEqual({ layout: 'speaker' });
    expect(await ada.must('pinPeer', { peerId })).toEqual({ pinned: true });
    expect(await ada.must('lockRoom', { locked: true })).toEqual({ locked: true });
    const settings = { locked: true, hasPassword: false, layout: 'speaker', pinned: { peerId, source: 'camera' } };
    await until('Bob knows', () => told(bob, 'roomSettings').some(({ locked }) => locked));
    expect(told(bob, 'roomSettings').at(-1)).toEqual(settings);
    expect(await ada.must('pinPeer')).toEqual({ pinned: false });
    await until('Bob knows', () => told(bob, 'roomSettings').at(-1)?.pinned === undefined);
  });

  test('ends the room for everybody', async ({ connect, system }) => {
    const [ada, bob] = [await connect(), await connect()];
    const { roomId } = await entered(ada, 'createRoom');
    const { rejoinToken } = await entered(bob, 'joinRoom', { roomId });
    await microphone(bob, 1);
    expect(await ada.must('endRoom')).toEqual({ ended: true });
    for (const peer of [ada, bob]) {
      await until('it is told', () => told(peer, 'roomClosed').length > 0);
      expect(told(peer, 'roomClosed')).toEqual([{ code: 'ended_by_host', reason: expect.any(String) }]);
    }
    await expect.poll(() => heldByMediasoup(system)).toEqual({ routers: [], webRtcTransports: [], orphans: [] });
    refuses(await ada.ask('joinRoom', { roomId }), 'room_not_found');
    refuses(await bob.ask('joinRoom', { roomId, rejoinToken }), 'ended_by_host');
  });

  test('is whoever has the token, and nobody else', async ({ connect }) => {
    const [ada, bob] = [await connect(), await connect()];
    const { roomId, peerId } = await entered(ada, 'createRoom');
    expect(await bob.must('joinRoom', { roomId, hostToken: 'made up' })).toMatchObject({ host: false });
    const orders: [string, ...unknown[]][] = [
      ['mutePeer', { peerId }], ['removePeer', { peerId }], ['lockRoom', { locked: true }], ['endRoom'], ['setLayout', { layout: 'grid' }], ['pinPeer', { peerId }],
    ];
    for (const [event, ...payload] of orders) refuses(await bob.ask(event, ...payload), 'not_host');
    refuses(await ada.ask('removePeer', { peerId: 'nobody' }), 'peer_not_found');
    refuses(await ada.ask('setLayout', { layout: 'heart' }), 'bad_request');
  });
});

test.describe('an embedder', () => {
  test.use({ systemOptions: { broadcast: false, sfuArgs: ['--join-secret', SECRET, '--allowed-origins', 'https://product.example'], composerArgs: [] } });

  test('decides who enters which room, as what and under which name', async ({ connect }) => {
    const [ada, bob, eve] = [await connect(), await connect(), await connect()];
    refuses(await ada.ask('createRoom'), 'token_required');
    const host = { joinToken: joinToken({ room: 'lesson-7', role: 'host', name: 'Ada' }) };
    expect(await ada.must('createRoom', host)).toMatchObject({ roomId: 'lesson-7', host: true });
    const viewer = { roomId: 'lesson-7', displayName: 'Nobody', joinToken: joinToken({ room: 'lesson-7', role: 'viewer', name: 'Bob' }) };
    expect(await bob.must('joinRoom', viewer)).toMatchObject({ role: 'viewer', host: false });
    expect((await ada.must('listProducers')).producers).toEqual([]);
    await until('Ada knows his name', () => told(ada, 'peerJoined').some(({ displayName }) => displayName === 'Bob'));
    refuses(await eve.ask('joinRoom', { roomId: 'lesson-7' }), 'token_required');
    const { rejoinToken } = await entered(bob, 'leaveRoom').then(() => entered(bob, 'joinRoom', viewer));
    await bob.must('leaveRoom');
    const renamed = await entered(bob, 'joinRoom', { roomId: 'lesson-7', displayName: 'The Queen', rejoinToken });
    const known = renamed.peers.find(({ peerId }) => peerId === renamed.peerId);
    expect(known, 'the name is not his to change').toMatchObject({ displayName: 'Bob' });
    const forged = { roomId: 'lesson-7', joinToken: joinToken({ room: 'lesson-7' }, 'another secret') };
    refuses(await eve.ask('joinRoom', forged), 'invalid_token');
  });

  test('is told when its token names a room that cannot be', async ({ connect }) => {
    const refusal = await (await connect()).ask('joinRoom', { roomId: 'a b', joinToken: joinToken({ room: 'a b' }) });
    expect(refusal).toEqual({ code: 'invalid_token', error: expect.stringContaining('joinToken does not hold: its room takes 1 to 64') });
  });

  test('opens its room with the first who comes', async ({ connect }) => {
    const [ada, bob] = [await connect(), await connect()];
    const token = joinToken({ room: 'lesson-8' });
    refuses(await bob.ask('joinRoom', { roomId: 'lesson-8', joinToken: joinToken({ room: 'lesson-8', role: 'viewer' }) }), 'room_not_found');
    expect(await ada.must('joinRoom', { roomId: 'lesson-8', joinToken: token })).toMatchObject({ roomId: 'lesson-8', host: false });
  });

  test('keeps other sites out', async ({ system }) => {
    const connect = (origin: string) => SignalingPeer.connect(system.url, { extraHeaders: { origin } });
    const refused = await connect('https://elsewhere.example').catch((error: Error) => error.message);
    expect(refused).toContain('https://elsewhere.example may not connect');
    (await connect('https://product.example')).close();
    const asked = { headers: { origin: 'https://elsewhere.example' } };
    const polled = await fetch(`${system.url}/socket.io/?EIO=4&transport=polling`, asked);
    expect(polled.headers.get('access-control-allow-origin')).toBeNull();
  });
});

test.describe('after a restart, the room of an embedder', () => {
  test.use({ systemOptions: { broadcast: false, sfuArgs: ['--join-secret', SECRET], composerArgs: [] } });

  test('is opened by whoever comes first, and a page that was in the former one comes in', async ({ enter, system }) => {
    const token = joinToken({ room: 'lesson-9', role: 'host', name: 'Ada' });
    const page = await enter(ada);
    await page.page.goto(`${system.url}/room/lesson-9?joinToken=${token}`);
    await page.enter();
    await system.sfu.kill();
    await expect.poll(async () => (await page.snapshot()).phase).toBe('reconnecting');

    const opener = async () => {
      const peer = await until('the server is there', () => SignalingPeer.connect(system.url), { every: 5 });
      return { peer, entered: await peer.must('joinRoom', { roomId: 'lesson-9', joinToken: joinToken({ room: 'lesson-9', name: 'Bob' }) }) };
    };
    const [{ peer, entered: bob }] = await Promise.all([opener(), system.sfu.start()]);
    await expect.poll(async () => (await page.snapshot()).phase, { timeout: 30_000 }).toBe('joined');
    await expect(page.tileOf(String(bob.peerId))).toBeVisible();
    expect(await page.snapshot()).toMatchObject({ roomId: 'lesson-9', host: true });
    peer.close();
  });

  test('is opened by no viewer: its page waits until somebody else has come back', async ({ connect, enter, system }) => {
    const invite = (role: string) => joinToken({ room: 'lesson-10', role, name: role });
    const host = await connect();
    const room = await entered(host, 'joinRoom', { roomId: 'lesson-10', joinToken: invite('host') });
    const viewer = await enter(ada);
    await viewer.page.goto(`${system.url}/room/lesson-10?joinToken=${invite('viewer')}`);
    await viewer.page.getByTestId('join').click();
    await expect.poll(async () => (await viewer.snapshot()).phase).toBe('joined');
    const viewerId = await viewer.peerId();

    await system.sfu.kill();
    await system.sfu.start();
    await expect.poll(async () => (await system.sfu.log()).split('`lesson-10` does not exist').length, 'it asks').toBeGreaterThan(2);
    expect((await viewer.snapshot()).phase).toBe('reconnecting');
    const back = await entered(await connect(), 'joinRoom', { roomId: 'lesson-10', rejoinToken: room.rejoinToken });
    expect(back.watchId).toBe(room.watchId);
    await expect.poll(async () => (await viewer.snapshot()).phase, { timeout: 30_000 }).toBe('joined');
    expect(await viewer.snapshot()).toMatchObject({ role: 'viewer', peerId: viewerId });
  });
});
