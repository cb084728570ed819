// Requests become promises, failures become typed errors.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SignalingClient, type SocketLike } from './signaling-client';

function socketThatAnswers(answer: () => Promise<unknown>, connected = true) {
  const listeners: [string, (data: never) => void][] = [];
  const emitWithAck = vi.fn<(event: string, ...payload: unknown[]) => Promise<unknown>>(answer);
  const socket = {
    connected,
    active: connected,
    connect: vi.fn((): void => void (socket.active = true)),
    disconnect: vi.fn((): void => void (socket.active = socket.connected = false)),
    on: (event: string, listener: (data: never) => void) => listeners.push([event, listener]),
    off: (event: string, listener: (data: never) => void) =>
      listeners.splice(listeners.findIndex(([name, known]) => name === event && known === listener), 1),
    timeout: () => ({ emitWithAck }),
  } satisfies SocketLike;
  const tell = (event: string, data?: unknown) => {
    for (const [name, listener] of [...listeners]) if (name === event) listener(data as never);
  };
  return {
    socket,
    emitWithAck,
    tell,
    /** The server admits the connection. */
    admit: () => {
      socket.connected = socket.active = true;
      tell('connect');
    },
    /** The network fails: Socket.IO tries again by itself. */
    fail: () => tell('connect_error', new Error('websocket error')),
    /** The server does not want the connection: Socket.IO does nothing more. */
    refuse: (sentence: string) => {
      socket.active = false;
      tell('connect_error', new Error(sentence));
    },
  };
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

describe('SignalingClient, refused by the server', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  const tooMany = 'this server has its most connections, 1000; try again later';

  function established() {
    const fake = socketThatAnswers(() => Promise.resolve({}), false);
    const client = new SignalingClient(fake.socket);
    void client.connect();
    fake.admit();
    fake.socket.connected = false;
    fake.tell('disconnect');
    fake.socket.connect.mockClear();
    return { client, ...fake };
  }

  it('says at once what the server said, and does not ask it again', async () => {
    const { socket, refuse } = socketThatAnswers(() => Promise.resolve({}), false);
    const connecting = new SignalingClient(socket).connect();
    refuse(tooMany);

    await expect(connecting).rejects.toMatchObject({
      name: 'SignalingError',
      code: 'refused',
      message: 'This server has its most connections, 1000; try again later.',
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.connect).toHaveBeenCalledTimes(1);
  });

  it('waits on while it is the network that fails', async () => {
    const { socket, admit, fail } = socketThatAnswers(() => Promise.resolve({}), false);
    const connecting = new SignalingClient(socket).connect();
    fail();
    await vi.advanceTimersByTimeAsync(5000);
    expect(socket.connect).toHaveBeenCalledTimes(1);
    admit();

    await expect(connecting).resolves.toBeUndefined();
  });

  it('comes back by itself once it was connected, pausing longer each time', async () => {
    const { socket, refuse, admit } = established();
    const pauses: number[] = [];
    for (let n = 1; n <= 6; n += 1) {
      refuse(tooMany);
      const from = Date.now();
      await vi.advanceTimersToNextTimerAsync();
      pauses.push(Date.now() - from);
      expect(socket.connect).toHaveBeenCalledTimes(n);
    }
    for (const ms of pauses) expect(ms).toBeLessThanOrEqual(2500);
    expect(pauses[0]).toBeLessThanOrEqual(325);
    expect(pauses.at(-1)).toBeGreaterThanOrEqual(1300);

    admit();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(socket.connect).toHaveBeenCalledTimes(6);
  });

  it('leaves trying again to Socket.IO wherever that does it', async () => {
    const { socket, fail } = established();
    fail();
    await vi.advanceTimersByTimeAsync(60_000);

    expect(socket.connect).not.toHaveBeenCalled();
  });

  it('comes back when the server ended the connection, which Socket.IO takes for its last word', async () => {
    const { socket, admit, tell } = established();
    admit();
    socket.connected = socket.active = false;
    tell('disconnect', 'io server disconnect');
    await vi.advanceTimersByTimeAsync(400);

    expect(socket.connect).toHaveBeenCalledTimes(1);
  });

  it('stays away when it was closed', async () => {
    const { client, socket, refuse, tell } = established();
    refuse(tooMany);
    client.close();
    tell('disconnect', 'io client disconnect');
    await vi.advanceTimersByTimeAsync(60_000);

    expect(socket.connect).not.toHaveBeenCalled();
  });

  it('does not try twice when it is told that the network is there again', async () => {
    const { client, socket, refuse } = established();
    refuse(tooMany);
    client.reconnect();
    await vi.advanceTimersByTimeAsync(60_000);

    expect(socket.connect).toHaveBeenCalledTimes(1);
  });
});
