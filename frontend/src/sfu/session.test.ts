// A session joins, follows the server's facts, and comes back after losing the connection.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FactName, Facts, Signaling } from '../signaling/contract';
import { SignalingError } from '../signaling/signaling-error';
import type { Call } from './call';
import { Session } from './session';

class FakeSignaling implements Signaling {
  connected = true;
  requests: [string, unknown][] = [];
  replies: Record<string, () => unknown> = {};
  readonly #listeners = new Map<string, (data: never) => void>();

  connect = () => Promise.resolve();
  close = vi.fn();
  on = (fact: string, listener: (data: never) => void) => {
    this.#listeners.set(fact, listener);
    return () => undefined;
  };
  request = (event: string, payload?: unknown) => {
    this.requests.push([event, payload]);
    return Promise.resolve().then(() => this.replies[event]?.() as never);
  };
  tell<N extends FactName>(fact: N, data: Facts[N]) {
    this.#listeners.get(fact)?.(data as never);
  }
  asked = (event: string) => this.requests.filter(([name]) => name === event).map(([, payload]) => payload);
}

function fakeCall() {
  return {
    publisher: {
      publish: vi.fn(() => Promise.resolve()),
      publishes: vi.fn(() => false),
      pause: vi.fn(() => Promise.resolve()),
      resume: vi.fn(() => Promise.resolve()),
      stop: vi.fn(() => Promise.resolve()),
      close: vi.fn(),
    },
    subscriber: {
      synchronise: vi.fn(() => Promise.resolve()),
      trackOf: vi.fn(() => undefined),
      resume: vi.fn(() => Promise.resolve()),
      close: vi.fn(),
    },
  } satisfies Call;
}

function track() {
  const stop = vi.fn();
  return { media: { enabled: true, stop, onended: null } as unknown as MediaStreamTrack, stop };
}
const joined = () => ({ roomId: 'room', peerId: 'me', rtpCapabilities: {}, producers: [] });
const settle = () => vi.advanceTimersByTimeAsync(0);

let signaling: FakeSignaling;
let calls: ReturnType<typeof fakeCall>[];
let failTransport: () => void;
let session: Session;

beforeEach(() => {
  vi.useFakeTimers();
  signaling = new FakeSignaling();
  signaling.replies = { createRoom: joined, joinRoom: joined };
  calls = [];
  session = new Session(signaling, (_capabilities, onFailed) => {
    const call = fakeCall();
    calls.push(call);
    failTransport = onFailed;
    return Promise.resolve(call);
  });
});

afterEach(() => vi.useRealTimers());

function loseConnection() {
  signaling.connected = false;
  signaling.tell('disconnected', undefined);
}

async function findConnection() {
  signaling.connected = true;
  signaling.tell('connected', undefined);
  await settle();
}

describe('Session', () => {
  it('is in the room it created, without joining it a second time', async () => {
    await session.create(' Ada ');

    expect(session.getSnapshot()).toMatchObject({ phase: 'joined', roomId: 'room', peerId: 'me', displayName: 'Ada' });
    expect(signaling.requests).toEqual([['createRoom', { displayName: 'Ada' }]]);
  });

  it('leaves prepared tracks alone and can be tried again when joining is refused', async () => {
    signaling.replies.joinRoom = () => {
      throw new SignalingError('room_full', 'The room is full.');
    };
    const take = vi.fn(() => ({}));

    await expect(session.join('room', '', take)).rejects.toThrow('The room is full.');
    expect(take).not.toHaveBeenCalled();
    expect(session.getSnapshot().phase).toBe('new');
  });

  it('consumes what the newest list of producers names', async () => {
    await session.join('room', '');
    signaling.tell('roomProducersChanged', {
      producers: [{ peerId: 'ada', displayName: 'Ada', videoProducerId: 'v1', videoPaused: false, audioPaused: false }],
    });
    await settle();

    expect(calls[0]?.subscriber.synchronise).toHaveBeenLastCalledWith(
      [{ producerId: 'v1', peerId: 'ada', role: 'camera' }],
      expect.any(Function),
    );
    expect(session.getSnapshot().people).toMatchObject([{ peerId: 'ada', displayName: 'Ada' }]);
  });

  it('joins the same room under the same name after a reconnect and publishes its tracks again', async () => {
    const camera = track().media;
    await session.join('room', 'Ada', () => ({ camera }));

    loseConnection();
    expect(session.getSnapshot().phase).toBe('reconnecting');
    await findConnection();

    expect(session.getSnapshot().phase).toBe('joined');
    expect(signaling.asked('joinRoom')).toEqual([
      { roomId: 'room', displayName: 'Ada' },
      { roomId: 'room', displayName: 'Ada' },
    ]);
    expect(calls).toHaveLength(2);
    expect(calls[0]?.publisher.close).toHaveBeenCalledTimes(1);
    expect(calls[1]?.publisher.publish).toHaveBeenCalledWith('camera', camera, false);
  });

  it('comes back muted when it was muted', async () => {
    const microphone = track().media;
    await session.join('room', '', () => ({ microphone }));
    await session.setMicrophone(false);
    expect(calls[0]?.publisher.pause).toHaveBeenCalledWith('microphone');

    loseConnection();
    await findConnection();

    expect(calls[1]?.publisher.publish).toHaveBeenCalledWith('microphone', microphone, true);
    expect(microphone.enabled).toBe(false);
  });

  it('joins again when the media worker of the room died', async () => {
    await session.join('room', '');
    signaling.tell('roomClosed', { code: 'worker_lost', reason: 'The media worker died.' });
    await settle();

    expect(session.getSnapshot().phase).toBe('joined');
    expect(signaling.asked('joinRoom')).toHaveLength(2);
  });

  const forgotten = () => {
    throw new SignalingError('room_not_found', 'No such room.');
  };

  it('opens the room again under the same id when a restarted server has forgotten it', async () => {
    await session.join('room', 'Ada');
    signaling.replies.joinRoom = forgotten;
    loseConnection();
    await findConnection();

    expect(signaling.asked('createRoom')).toEqual([{ roomId: 'room', displayName: 'Ada' }]);
    expect(session.getSnapshot()).toMatchObject({ phase: 'joined', roomId: 'room' });
  });

  it('joins when another peer opened the forgotten room first', async () => {
    await session.join('room', '');
    signaling.replies.joinRoom = forgotten;
    signaling.replies.createRoom = () => {
      signaling.replies.joinRoom = joined;
      throw new SignalingError('room_exists', 'The room is open already.');
    };
    loseConnection();
    await findConnection();
    await vi.advanceTimersByTimeAsync(1000);

    expect(signaling.asked('createRoom')).toHaveLength(1);
    expect(session.getSnapshot().phase).toBe('joined');
  });

  it('says honestly that the room is gone when it cannot be opened again either', async () => {
    await session.join('room', '');
    signaling.replies.joinRoom = forgotten;
    signaling.replies.createRoom = () => {
      throw new SignalingError('bad_request', 'No.');
    };
    loseConnection();
    await findConnection();

    expect(session.getSnapshot()).toMatchObject({ phase: 'closed', closedReason: expect.stringContaining('no longer exists') as string });
  });

  it('tries again while the server is busy', async () => {
    await session.join('room', '');
    let attempts = 0;
    signaling.replies.joinRoom = () => {
      attempts += 1;
      if (attempts < 3) throw new SignalingError('room_busy', 'Try again.');
      return joined();
    };
    loseConnection();
    await findConnection();
    expect(session.getSnapshot().phase).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(5000);

    expect(attempts).toBe(3);
    expect(session.getSnapshot().phase).toBe('joined');
  });

  it('leaves and joins again when a transport fails while the connection to the server holds', async () => {
    await session.join('room', '');
    failTransport();
    await settle();

    expect(signaling.requests.map(([event]) => event)).toEqual(['joinRoom', 'leaveRoom', 'joinRoom']);
    expect(session.getSnapshot().phase).toBe('joined');
  });

  it('turns the camera off by stopping its track and closing its producer', async () => {
    const { media: camera, stop } = track();
    await session.join('room', '', () => ({ camera }));
    await session.setCamera(false);

    expect(stop).toHaveBeenCalledTimes(1);
    expect(calls[0]?.publisher.stop).toHaveBeenCalledWith('camera');
    expect(session.getSnapshot().camera.state).toBe('off');
  });

  it('resumes a consumer only once its track is attached', async () => {
    await session.join('room', '');
    expect(calls[0]?.subscriber.resume).not.toHaveBeenCalled();

    session.trackAttached('v1');
    expect(calls[0]?.subscriber.resume).toHaveBeenCalledWith('v1');
  });

  it('shows a failed operation as a notice and stays in the room', async () => {
    await session.join('room', '', () => ({ microphone: track().media }));
    calls[0]?.publisher.pause.mockRejectedValueOnce(new SignalingError('media_failed', 'The media worker refused.'));
    await session.setMicrophone(false);

    expect(session.getSnapshot()).toMatchObject({ phase: 'joined', notices: [{ text: 'The media worker refused.' }] });
  });

  it('stops every track, tells the server and stays out when the person leaves', async () => {
    const { media: camera, stop } = track();
    await session.join('room', '', () => ({ camera }));
    await session.leave();
    await findConnection();

    expect(stop).toHaveBeenCalledTimes(1);
    expect(signaling.requests.map(([event]) => event)).toEqual(['joinRoom', 'leaveRoom']);
    expect(signaling.close).toHaveBeenCalledTimes(1);
    expect(session.getSnapshot().phase).toBe('closed');
  });
});
