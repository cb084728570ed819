// A transport is mended where possible, and given up where not.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeDevice } from './fake-device';
import { FakeSignaling, refuses, settle } from './fakes';
import { Irreconcilable, Link } from './link';

const iceServers = [{ urls: ['turn:relay.example.org'], username: 'u', credential: 'c' }];

let signaling: FakeSignaling;
let device: FakeDevice;
const onFailed = vi.fn();

beforeEach(() => {
  vi.useFakeTimers();
  onFailed.mockReset();
  signaling = new FakeSignaling();
  signaling.answers = {
    createProducerTransport: () => ({ id: 'up', iceServers }),
    restartIce: () => ({ iceParameters: { usernameFragment: 'new' } }),
  };
  device = new FakeDevice();
});

afterEach(() => vi.useRealTimers());

async function connectedLink(relayOnly = false) {
  const link = new Link('send', { signaling, device: device.device, relayOnly, onFailed });
  await link.open();
  device.transport.become('connected');
  return link;
}

describe('Link', () => {
  it('hands the relays to the browser, and asks for them alone when it shall', async () => {
    await connectedLink(true);
    expect(device.transport.options).toMatchObject({ iceServers, iceTransportPolicy: 'relay' });
  });

  it('opens one transport, however often it is asked', async () => {
    const link = await connectedLink();
    await link.open();

    expect(device.transports).toHaveLength(1);
  });

  it('waits a moment when the way is interrupted, and mends nothing that mends itself', async () => {
    await connectedLink();
    device.transport.become('disconnected');
    await vi.advanceTimersByTimeAsync(1000);
    device.transport.become('connected');
    await vi.advanceTimersByTimeAsync(60_000);

    expect(signaling.asked('restartIce')).toEqual([]);
  });

  it.each(['disconnected', 'failed'] as const)('finds a new way for the same transport when it stays %s', async (state) => {
    await connectedLink();
    device.transport.become(state);
    await vi.advanceTimersByTimeAsync(3000);

    expect(signaling.asked('restartIce')).toEqual([{ transportId: 'up' }]);
    expect(device.transport.restartIce).toHaveBeenCalledWith({ iceParameters: { usernameFragment: 'new' } });
    expect(onFailed).not.toHaveBeenCalled();
  });

  it('goes by the relays, and their credentials, that hold now', async () => {
    const fresh = [{ urls: ['turn:relay.example.org'], username: 'later', credential: 'd' }];
    signaling.answers.restartIce = () => ({ iceParameters: { usernameFragment: 'new' }, iceServers: fresh });
    await connectedLink();
    device.transport.become('failed');
    await settle();

    const { updateIceServers, restartIce } = device.transport;
    expect(updateIceServers).toHaveBeenCalledWith({ iceServers: fresh });
    expect(updateIceServers.mock.invocationCallOrder[0]).toBeLessThan(restartIce.mock.invocationCallOrder[0] ?? 0);
  });

  it('keeps the relays it has when it is told of none', async () => {
    await connectedLink();
    device.transport.become('failed');
    await settle();

    expect(device.transport.restartIce).toHaveBeenCalledTimes(1);
    expect(device.transport.updateIceServers).not.toHaveBeenCalled();
  });

  it('gives up after three attempts, each given more time than the one before', async () => {
    await connectedLink();
    device.transport.become('failed');
    await vi.advanceTimersByTimeAsync(3999);
    expect(signaling.asked('restartIce')).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(signaling.asked('restartIce')).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(60_000);

    expect(signaling.asked('restartIce')).toHaveLength(3);
    expect(onFailed.mock.calls).toEqual([[true]]);
  });

  it('gives up at once when the server refuses to mend it', async () => {
    await connectedLink();
    signaling.answers.restartIce = refuses('transport_missing');
    device.transport.become('failed');
    await settle();

    expect(onFailed).toHaveBeenCalledTimes(1);
  });

  it('leaves mending to the return of the connection while that is lost', async () => {
    const link = await connectedLink();
    signaling.lose();
    device.transport.become('failed');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(signaling.asked('restartIce')).toEqual([]);
    expect(onFailed).not.toHaveBeenCalled();

    signaling.find();
    await link.takeUp('up');
    expect(signaling.asked('restartIce')).toEqual([{ transportId: 'up' }]);
  });
});

describe('Link, taken up after the connection was lost', () => {
  it('changes nothing when media flowed all the while', async () => {
    const link = await connectedLink();
    await link.takeUp('up');

    expect(signaling.asked('restartIce')).toEqual([]);
  });

  it('restarts when media was interrupted meanwhile, even if it flows again', async () => {
    const link = await connectedLink();
    signaling.lose();
    device.transport.become('disconnected');
    device.transport.become('connected');
    signaling.find();
    await link.takeUp('up');

    expect(signaling.asked('restartIce')).toEqual([{ transportId: 'up' }]);
  });

  it('does nothing for a transport that was never needed', async () => {
    const link = new Link('send', { signaling, device: device.device, relayOnly: false, onFailed });
    await expect(link.takeUp(undefined)).resolves.toBeUndefined();
  });

  it.each([['another'], [undefined]])('cannot go on when the server has the transport %s', async (keptId) => {
    const link = await connectedLink();
    await expect(link.takeUp(keptId)).rejects.toBeInstanceOf(Irreconcilable);
  });

  it('cannot go on when it is not sure that the server knows how to secure it', async () => {
    const link = new Link('send', { signaling, device: device.device, relayOnly: false, onFailed });
    await link.open();
    signaling.answers.connectProducerTransport = refuses('disconnected');
    await expect(device.transport.connect()).rejects.toMatchObject({ code: 'disconnected' });

    await expect(link.takeUp('up')).rejects.toBeInstanceOf(Irreconcilable);
  });
});
