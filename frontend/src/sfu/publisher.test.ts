// What is sent follows what shall be sent, across lost connections too.
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeDevice } from './fake-device';
import { FakeSignaling, fakeTrack, kept, refuses, sends } from './fakes';
import { Publisher } from './publisher';

let signaling: FakeSignaling;
let publisher: Publisher;
let produced: number;

beforeEach(() => {
  produced = 0;
  signaling = new FakeSignaling();
  signaling.answers = {
    createProducerTransport: () => ({ id: 'up' }),
    produce: () => ({ id: `p${(produced += 1)}` }),
  };
  publisher = new Publisher({ signaling, device: new FakeDevice().device, relayOnly: false, onFailed: vi.fn() }, 'vp8');
});

const camera = fakeTrack().media;
const microphone = fakeTrack('audio').media;

describe('Publisher', () => {
  it('sends a source once, and tells the server only what changes', async () => {
    await publisher.set('microphone', { track: microphone, paused: false });
    await publisher.set('microphone', { track: microphone, paused: false });
    await publisher.set('microphone', { track: microphone, paused: true });
    await publisher.set('microphone', { track: microphone, paused: true });
    await publisher.set('microphone', undefined);
    await publisher.set('microphone', undefined);

    expect(signaling.events).toEqual(['createProducerTransport', 'produce', 'pauseProducer', 'closeProducer']);
    expect(signaling.asked('produce')).toMatchObject([{ kind: 'audio', appData: { source: 'camera', paused: false } }]);
  });

  it('sends another track as another producer', async () => {
    await publisher.set('camera', { track: camera, paused: false });
    await publisher.set('camera', { track: fakeTrack().media, paused: false });

    expect(signaling.events.slice(1)).toEqual(['produce', 'closeProducer', 'produce']);
    expect(signaling.asked('closeProducer')).toEqual([{ producerId: 'p1' }]);
  });

  it('does not ask to pause what a host has paused, and asks to resume it', async () => {
    await publisher.set('microphone', { track: microphone, paused: false });
    expect(publisher.pausedByHost('microphone')).toBe(true);
    await publisher.set('microphone', { track: microphone, paused: true });
    expect(publisher.pausedByHost('microphone')).toBe(false);
    await publisher.set('microphone', { track: microphone, paused: false });

    expect(signaling.events.slice(2)).toEqual(['resumeProducer']);
  });
});

describe('Publisher, after a lost connection', () => {
  beforeEach(async () => {
    await publisher.set('camera', { track: camera, paused: false });
    await publisher.set('microphone', { track: microphone, paused: false });
    signaling.requests = [];
  });

  const all = kept({ producerTransportId: 'up', producerIds: ['p1', 'p2'] });
  const own = sends('me', { videoProducerId: 'p1', audioProducerId: 'p2' });

  it('asks nothing when the server kept everything', async () => {
    await publisher.takeUp(all, own);
    await publisher.set('camera', { track: camera, paused: false });
    await publisher.set('microphone', { track: microphone, paused: false });

    expect(signaling.events).toEqual([]);
  });

  it('sends again what the server lost', async () => {
    await publisher.takeUp({ ...all, producerIds: ['p2'] }, own);
    await publisher.set('camera', { track: camera, paused: false });
    await publisher.set('microphone', { track: microphone, paused: false });

    expect(signaling.asked('produce')).toMatchObject([{ kind: 'video' }]);
  });

  it('closes what was turned off meanwhile', async () => {
    signaling.connected = false;
    await expect(publisher.set('camera', undefined)).rejects.toMatchObject({ code: 'disconnected' });
    signaling.connected = true;
    await publisher.takeUp(all, own);

    expect(signaling.requests).toEqual([['closeProducer', { producerId: 'p1' }]]);
  });

  it('is content when what it would close is gone', async () => {
    signaling.answers.closeProducer = refuses('producer_not_found');
    await expect(publisher.takeUp({ ...all, producerIds: ['p1', 'p2', 'asked-for'] }, own)).resolves.toBeUndefined();
  });

  it('mutes on the server what was muted meanwhile', async () => {
    signaling.connected = false;
    await expect(publisher.set('microphone', { track: microphone, paused: true })).rejects.toMatchObject({ code: 'disconnected' });
    signaling.connected = true;
    await publisher.takeUp(all, own);
    await publisher.set('microphone', { track: microphone, paused: true });

    expect(signaling.requests).toEqual([['pauseProducer', { producerId: 'p2' }]]);
  });

  it('speaks again on the server, which never heard that it shall', async () => {
    await publisher.takeUp(all, { ...own, audioPaused: true });
    await publisher.set('microphone', { track: microphone, paused: false });

    expect(signaling.requests).toEqual([['resumeProducer', { producerId: 'p2' }]]);
  });
});
