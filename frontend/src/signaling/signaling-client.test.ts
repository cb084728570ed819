// Requests become promises, failures become typed errors.
import { describe, expect, it, vi } from 'vitest';
import { SignalingClient, type SocketLike } from './signaling-client';

function socketThatAnswers(answer: () => Promise<unknown>, connected = true) {
  const listeners = new Map<string, (data: never) => void>();
  const emitWithAck = vi.fn<(event: string, ...payload: unknown[]) => Promise<unknown>>(answer);
  const socket = {
    connected,
    connect: vi.fn(),
    disconnect: vi.fn(),
    on: (event: string, listener: (data: never) => void) => listeners.set(event, listener),
    off: (event: string) => listeners.delete(event),
    timeout: () => ({ emitWithAck }),
  } satisfies SocketLike;
  return { socket, emitWithAck, tell: (event: string, data?: unknown) => listeners.get(event)?.(data as never) };
}

describe('SignalingClient', () => {
  it('resolves a request with the server’s reply', async () => {
    const { socket, emitWithAck } = socketThatAnswers(() => Promise.resolve({ id: 'producer' }));
    const client = new SignalingClient(socket);

    await expect(client.request('closeProducer', { producerId: 'producer' })).resolves.toEqual({ id: 'producer' });
    expect(emitWithAck).toHaveBeenCalledWith('closeProducer', { producerId: 'producer' });
  });

  it('emits an event without data with nothing but the ack callback', async () => {
    const { socket, emitWithAck } = socketThatAnswers(() => Promise.resolve({ left: true }));

    await new SignalingClient(socket).request('leaveRoom');

    expect(emitWithAck.mock.calls).toEqual([['leaveRoom']]);
  });

  it('rejects with a sentence for a person and the server’s code', async () => {
    const { socket } = socketThatAnswers(() => Promise.resolve({ error: 'too many requests are waiting', code: 'room_busy' }));

    await expect(new SignalingClient(socket).request('joinRoom', { roomId: 'r' })).rejects.toMatchObject({
      name: 'SignalingError',
      code: 'room_busy',
      message: 'Too many requests are waiting.',
    });
  });

  it('rejects with `timeout` when the server does not acknowledge', async () => {
    const { socket } = socketThatAnswers(() => Promise.reject(new Error('operation has timed out')));

    await expect(new SignalingClient(socket).request('leaveRoom')).rejects.toMatchObject({ code: 'timeout' });
  });

  it('rejects with `disconnected` when the connection breaks under a request', async () => {
    const { socket } = socketThatAnswers(() => {
      socket.connected = false;
      return Promise.reject(new Error('socket has been disconnected'));
    });

    await expect(new SignalingClient(socket).request('leaveRoom')).rejects.toMatchObject({ code: 'disconnected' });
  });

  it('never keeps a request for a later connection', async () => {
    const { socket, emitWithAck } = socketThatAnswers(() => Promise.resolve({}), false);

    await expect(new SignalingClient(socket).request('leaveRoom')).rejects.toMatchObject({ code: 'disconnected' });
    expect(emitWithAck).not.toHaveBeenCalled();
  });

  it('tells listeners facts until they stop listening', () => {
    const { socket, tell } = socketThatAnswers(() => Promise.resolve({}));
    const heard = vi.fn();
    const stop = new SignalingClient(socket).on('activeSpeaker', heard);

    tell('activeSpeaker', { peerId: 'ada' });
    stop();
    tell('activeSpeaker', { peerId: 'grace' });

    expect(heard.mock.calls).toEqual([[{ peerId: 'ada' }]]);
  });

  it('waits for the connection', async () => {
    const { socket, tell } = socketThatAnswers(() => Promise.resolve({}), false);
    const connecting = new SignalingClient(socket).connect();

    expect(socket.connect).toHaveBeenCalledTimes(1);
    tell('connect');
    await expect(connecting).resolves.toBeUndefined();
  });

  it('tries again at once when it shall, and leaves a connection that holds alone', () => {
    const { socket } = socketThatAnswers(() => Promise.resolve({}), false);
    const client = new SignalingClient(socket);
    client.reconnect();
    expect(socket.connect).toHaveBeenCalledTimes(1);

    socket.connected = true;
    client.reconnect();
    expect(socket.connect).toHaveBeenCalledTimes(1);
    expect(socket.disconnect).toHaveBeenCalledTimes(1);
  });
});
