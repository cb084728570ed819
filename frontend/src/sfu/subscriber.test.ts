// What is received follows the list of producers, what is seen, and what the server kept.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeDevice } from './fake-device';
import { FakeSignaling, kept, refuses } from './fakes';
import type { RemoteProducer } from './producers-diff';
import { Subscriber } from './subscriber';

const camera: RemoteProducer = { producerId: 'v', peerId: 'ada', role: 'camera' };
const microphone: RemoteProducer = { producerId: 'a', peerId: 'ada', role: 'microphone' };
const onChange = vi.fn();

let signaling: FakeSignaling;
let subscriber: Subscriber;

beforeEach(async () => {
  vi.useFakeTimers();
  let consumed = 0;
  signaling = new FakeSignaling();
  signaling.answers = {
    createConsumerTransport: () => ({ id: 'down' }),
    consume: ({ producerId }) => ({
      id: `${producerId}-${(consumed += 1)}`,
      producerId,
      kind: producerId.startsWith('v') ? 'video' : 'audio',
      rtpParameters: {},
    }),
  };
  subscriber = new Subscriber({ signaling, device: new FakeDevice().device, relayOnly: false, onFailed: vi.fn() });
  await subscriber.synchronise([camera, microphone], onChange);
  signaling.requests = [];
});

afterEach(() => vi.useRealTimers());

const all = kept({ consumerTransportId: 'down', consumerIds: ['v-1', 'a-2'] });

describe('Subscriber', () => {
  it('lets media flow once, when its track is attached', async () => {
    await subscriber.attached('v');
    await subscriber.attached('v');

    expect(signaling.requests).toEqual([['resumeConsumer', { consumerId: 'v-1' }]]);
  });

  it('pauses pictures nobody sees, and never sound', async () => {
    await subscriber.attached('v');
    await subscriber.attached('a');
    signaling.requests = [];
    await subscriber.setWatching(false);
    await subscriber.setWatching(true);

    expect(signaling.requests).toEqual([['pauseConsumer', { consumerId: 'v-1' }], ['resumeConsumer', { consumerId: 'v-1' }]]);
  });

  it('tells the height of a camera’s tile, once, when it has settled', async () => {
    subscriber.showCamerasAt(200);
    await vi.advanceTimersByTimeAsync(299);
    subscriber.showCamerasAt(180);
    await vi.advanceTimersByTimeAsync(299);
    expect(signaling.events).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    expect(signaling.requests).toEqual([['setPreferredLayers', { consumerId: 'v-1', height: 180 }]]);

    subscriber.showCamerasAt(180);
    await vi.advanceTimersByTimeAsync(1000);
    expect(signaling.requests).toHaveLength(1);
  });

  it('tells it of a camera that comes later at once', async () => {
    subscriber.showCamerasAt(180);
    await vi.advanceTimersByTimeAsync(300);
    signaling.requests = [];
    await subscriber.synchronise([camera, microphone, { ...camera, producerId: 'v2' }], onChange);

    expect(signaling.asked('setPreferredLayers')).toEqual([{ consumerId: 'v2-3', height: 180 }]);
  });
});

describe('Subscriber, after a lost connection', () => {
  it('asks nothing when the server kept everything', async () => {
    await subscriber.takeUp(all);
    await subscriber.synchronise([camera, microphone], onChange);

    expect(signaling.events).toEqual([]);
  });

  it('consumes again what the server lost', async () => {
    await subscriber.takeUp({ ...all, consumerIds: ['a-2'] });
    await subscriber.synchronise([camera, microphone], onChange);

    expect(signaling.asked('consume')).toMatchObject([{ producerId: 'v' }]);
  });

  it('closes what the server has and it does not know', async () => {
    signaling.answers.closeConsumer = refuses('consumer_not_found');
    await subscriber.takeUp({ ...all, consumerIds: ['v-1', 'a-2', 'asked-for'] });

    expect(signaling.requests).toEqual([['closeConsumer', { consumerId: 'asked-for' }]]);
  });

  it('says again what it said in vain', async () => {
    signaling.connected = false;
    await subscriber.attached('v');
    subscriber.showCamerasAt(180);
    await vi.advanceTimersByTimeAsync(300);
    signaling.connected = true;
    await subscriber.takeUp(all);

    expect(signaling.requests).toEqual([
      ['resumeConsumer', { consumerId: 'v-1' }],
      ['setPreferredLayers', { consumerId: 'v-1', height: 180 }],
    ]);
  });
});
