// A session comes back: to its kept seat where there is one, by joining anew where there is none.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSignaling, entered, fakeCall, fakeTrack, kept, refused, refuses, sends, settle } from './fakes';
import { Irreconcilable } from './link';
import { Session } from './session';

let signaling: FakeSignaling;
let calls: ReturnType<typeof fakeCall>[];
let failTransport: (held: boolean) => void;
let callOpens: boolean;
let session: Session;

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  signaling = new FakeSignaling();
  signaling.answers = { joinRoom: () => entered(), resumeSession: refuses('session_not_found') };
  calls = [];
  callOpens = true;
  session = new Session(signaling, (_capabilities, onFailed) => {
    const call = fakeCall();
    calls.push(call);
    failTransport = onFailed;
    if (!callOpens) return Promise.reject(new Error('No more connections.'));
    return Promise.resolve(call);
  });
});

afterEach(() => vi.useRealTimers());

async function cut() {
  signaling.lose();
  expect(session.getSnapshot().phase).toBe('reconnecting');
  signaling.find();
  await settle();
}

const again = { roomId: 'room', displayName: 'Ada', role: 'publisher', rejoinToken: 'token' };

describe('Session, resuming its seat', () => {
  const resumed = entered({
    kept: kept({ producerIds: ['mine'] }),
    producers: [sends('me', { videoProducerId: 'mine' }), sends('ada', { videoProducerId: 'v1' })],
  });

  beforeEach(() => {
    signaling.answers.resumeSession = () => resumed;
  });

  it('goes on with the same call, which learns what the server kept', async () => {
    const camera = fakeTrack().media;
    await session.join({ roomId: 'room', displayName: 'Ada' }, () => ({ camera }));
    await cut();

    expect(session.getSnapshot()).toMatchObject({ phase: 'joined', peerId: 'me' });
    expect(signaling.requests).toEqual([
      ['joinRoom', { roomId: 'room', displayName: 'Ada' }],
      ['resumeSession', { roomId: 'room', sessionId: 'seat', secret: 'secret' }],
    ]);
    expect(calls).toHaveLength(1);
    expect(calls[0]?.publisher.close).not.toHaveBeenCalled();
    expect(calls[0]?.publisher.takeUp).toHaveBeenCalledWith(resumed.kept, resumed.producers[0]);
    expect(calls[0]?.subscriber.takeUp).toHaveBeenCalledWith(resumed.kept);
    expect(calls[0]?.publisher.set).toHaveBeenCalledWith('camera', { track: camera, paused: false });
    expect(calls[0]?.subscriber.synchronise).toHaveBeenLastCalledWith(
      [{ producerId: 'v1', peerId: 'ada', role: 'camera' }],
      expect.any(Function),
    );
  });

  it('brings along what the person changed meanwhile', async () => {
    const microphone = fakeTrack('audio').media;
    await session.join({ roomId: 'room' }, () => ({ microphone }));
    signaling.lose();
    calls[0]?.publisher.set.mockRejectedValueOnce(refused('disconnected'));
    await session.setMicrophone(false);
    expect(session.getSnapshot().notices).toEqual([]);
    signaling.find();
    await settle();

    expect(calls[0]?.publisher.set).toHaveBeenCalledWith('microphone', { track: microphone, paused: true });
    expect(microphone.enabled).toBe(false);
  });

  it('is mute when a host muted it meanwhile', async () => {
    await session.join({ roomId: 'room' }, () => ({ microphone: fakeTrack('audio').media }));
    calls[0]?.publisher.roleOf.mockReturnValue('microphone');
    signaling.answers.resumeSession = () =>
      entered({ producers: [sends('me', { audioProducerId: 'mine', audioPaused: true, mutedByHost: ['mine'] })] });
    await cut();

    expect(session.getSnapshot().microphone.state).toBe('off');
  });

  it('resumes with the newest seat and the next cut', async () => {
    await session.join({ roomId: 'room' });
    signaling.answers.resumeSession = () => entered({ session: { id: 'seat', secret: 'newer', keptFor: 30_000 } });
    await cut();
    await cut();

    expect(signaling.asked('resumeSession')).toMatchObject([{ secret: 'secret' }, { secret: 'newer' }]);
  });

  it('leaves and joins anew when the two sides cannot be reconciled', async () => {
    await session.join({ roomId: 'room', displayName: 'Ada' });
    calls[0]?.subscriber.takeUp.mockRejectedValueOnce(new Irreconcilable());
    await cut();

    expect(signaling.events).toEqual(['joinRoom', 'resumeSession', 'leaveRoom', 'joinRoom']);
    expect(calls).toHaveLength(2);
    expect(session.getSnapshot().phase).toBe('joined');
  });

  it('tries once more from the beginning when the connection breaks again meanwhile', async () => {
    await session.join({ roomId: 'room' });
    signaling.lose();
    calls[0]?.publisher.takeUp.mockImplementationOnce(() => {
      signaling.lose();
      return Promise.reject(refused('disconnected'));
    });
    signaling.find();
    await settle();
    expect(session.getSnapshot().phase).toBe('reconnecting');
    signaling.find();
    await settle();

    expect(signaling.events).toEqual(['joinRoom', 'resumeSession', 'resumeSession']);
    expect(session.getSnapshot().phase).toBe('joined');
  });
});

describe('Session, joining anew', () => {
  it.each(['session_not_found', 'room_not_found'] as const)('does so when its seat is refused with %s', async (code) => {
    const camera = fakeTrack().media;
    signaling.answers.resumeSession = refuses(code);
    await session.join({ roomId: 'room', displayName: 'Ada' }, () => ({ camera }));
    await cut();

    expect(session.getSnapshot().phase).toBe('joined');
    expect(signaling.asked('joinRoom')[1]).toEqual(again);
    expect(calls).toHaveLength(2);
    expect(calls[0]?.publisher.close).toHaveBeenCalledTimes(1);
    expect(calls[1]?.publisher.set).toHaveBeenCalledWith('camera', { track: camera, paused: false });
  });

  it('shows the newest rejoin token, and a host its host token', async () => {
    signaling.answers.createRoom = () => ({ ...entered(), hostToken: 'host' });
    await session.create({ displayName: 'Ada' });
    signaling.tell('rejoinToken', { rejoinToken: 'newest' });
    await cut();

    expect(signaling.asked('joinRoom')).toEqual([{ ...again, rejoinToken: 'newest', hostToken: 'host' }]);
  });

  it('comes back muted when it was muted', async () => {
    const microphone = fakeTrack('audio').media;
    await session.join({ roomId: 'room' }, () => ({ microphone }));
    await session.setMicrophone(false);
    await cut();

    expect(calls[1]?.publisher.set).toHaveBeenCalledWith('microphone', { track: microphone, paused: true });
  });

  it.each(['worker_lost', 'server_fault'] as const)(
    'does so on the same connection, without asking for its seat, when the room ended by accident: %s',
    async (code) => {
      await session.join({ roomId: 'room' });
      signaling.tell('roomClosed', { code, reason: 'The room ended by accident.' });
      await settle();

      expect(session.getSnapshot().phase).toBe('joined');
      expect(signaling.events).toEqual(['joinRoom', 'joinRoom']);
    },
  );

  it('waits for the next connection when the server stops', async () => {
    await session.join({ roomId: 'room' });
    signaling.tell('roomClosed', { code: 'shutting_down', reason: 'The server stops.' });
    await settle();
    expect(signaling.events).toEqual(['joinRoom']);
    expect(session.getSnapshot().phase).toBe('reconnecting');
    await cut();

    expect(signaling.events).toEqual(['joinRoom', 'joinRoom']);
    expect(session.getSnapshot().phase).toBe('joined');
  });

  describe('when its rejoin token is refused: somebody else opened the room again, and it is another one', () => {
    const refuseRejoinToken = () => {
      signaling.answers.joinRoom = ({ rejoinToken }) => {
        if (rejoinToken) throw refused('invalid_token');
        return entered({ peerId: 'new' });
      };
    };

    it('comes in with the join token it was invited with', async () => {
      await session.join({ roomId: 'room', displayName: 'Ada', joinToken: 'invitation' });
      refuseRejoinToken();
      await cut();

      expect(session.getSnapshot()).toMatchObject({ phase: 'joined', peerId: 'new' });
      expect(signaling.asked('joinRoom').slice(1)).toEqual([again, { ...again, rejoinToken: undefined, joinToken: 'invitation' }]);
    });

    it('comes in by the same token into a room it had created with it', async () => {
      signaling.answers.createRoom = () => ({ ...entered(), hostToken: 'host' });
      await session.create({ joinToken: 'invitation' });
      refuseRejoinToken();
      await cut();

      expect(signaling.asked('joinRoom').at(-1)).toEqual({ roomId: 'room', role: 'publisher', hostToken: 'host', joinToken: 'invitation' });
      expect(session.getSnapshot().phase).toBe('joined');
    });

    it('comes in as anybody does where there is none', async () => {
      await session.join({ roomId: 'room', displayName: 'Ada' });
      refuseRejoinToken();
      await cut();

      expect(session.getSnapshot().phase).toBe('joined');
      expect(signaling.asked('joinRoom').at(-1)).toEqual({ ...again, rejoinToken: undefined });
    });

    it('does so while the server is busy, too', async () => {
      await session.join({ roomId: 'room', joinToken: 'invitation' });
      const answers = [refuses('invalid_token'), refuses('room_busy'), refuses('invalid_token'), () => entered()];
      signaling.answers.joinRoom = () => answers.shift()?.();
      await cut();
      await vi.advanceTimersByTimeAsync(1000);

      expect(answers).toEqual([]);
      expect(session.getSnapshot().phase).toBe('joined');
    });

    it('says what the server says of the join token when that does not hold any more either', async () => {
      await session.join({ roomId: 'room', joinToken: 'invitation' });
      signaling.answers.joinRoom = refuses('invalid_token');
      await cut();

      expect(session.getSnapshot()).toMatchObject({ phase: 'closed', closedReason: 'Refused: invalid_token.' });
    });
  });

  it.each(['room_not_found', 'invalid_token'] as const)('says honestly that the room is gone when %s answers', async (code) => {
    await session.join({ roomId: 'room' });
    signaling.answers.joinRoom = refuses(code);
    await cut();

    expect(session.getSnapshot()).toMatchObject({
      phase: 'closed',
      closedReason: expect.stringContaining('no longer exists') as string,
      roomIsGone: true,
    });
  });

  it('waits as a viewer, whose token opens no room, until somebody else has opened it', async () => {
    signaling.answers.joinRoom = () => entered({ role: 'viewer' });
    await session.join({ roomId: 'room', role: 'viewer' });
    signaling.answers.joinRoom = refuses('room_not_found');
    await cut();
    await vi.advanceTimersByTimeAsync(5000);
    expect(session.getSnapshot().phase).toBe('reconnecting');
    signaling.answers.joinRoom = () => entered({ role: 'viewer' });
    await vi.advanceTimersByTimeAsync(5000);

    expect(session.getSnapshot().phase).toBe('joined');
  });

  it('leaves no empty seat, and no connection, when it gives up', async () => {
    await session.join({ roomId: 'room' });
    callOpens = false;
    await cut();

    expect(session.getSnapshot()).toMatchObject({ phase: 'closed', closedReason: 'No more connections.' });
    expect(signaling.events.at(-1)).toBe('leaveRoom');
    expect(signaling.close).toHaveBeenCalledTimes(1);
  });

  it('tries again while the server is busy, and asks for its seat only once', async () => {
    await session.join({ roomId: 'room' });
    let attempts = 0;
    signaling.answers.joinRoom = () => {
      attempts += 1;
      if (attempts < 3) throw refused('room_busy');
      return entered();
    };
    await cut();
    expect(session.getSnapshot().phase).toBe('reconnecting');
    await vi.advanceTimersByTimeAsync(5000);

    expect(attempts).toBe(3);
    expect(signaling.asked('resumeSession')).toHaveLength(1);
    expect(session.getSnapshot().phase).toBe('joined');
  });

  it.each(['room_full', 'room_busy', 'rate_limited', 'limit_reached', 'media_failed', 'worker_lost', 'server_fault', 'timeout'] as const)(
    'tries again when %s answers, which passes',
    async (code) => {
      await session.join({ roomId: 'room' });
      signaling.answers.joinRoom = refuses(code);
      await cut();
      expect(session.getSnapshot().phase).toBe('reconnecting');
      signaling.answers.joinRoom = () => entered();
      await vi.advanceTimersByTimeAsync(1000);

      expect(session.getSnapshot().phase).toBe('joined');
    },
  );

  it.each(['room_locked', 'token_required', 'removed', 'ended_by_host', 'cannot_consume', 'bad_request'] as const)(
    'is over, with a sentence, when %s answers, which does not pass',
    async (code) => {
      await session.join({ roomId: 'room' });
      signaling.answers.joinRoom = refuses(code);
      await cut();

      expect(session.getSnapshot()).toMatchObject({ phase: 'closed', closedReason: `Refused: ${code}.` });
    },
  );

  it('waits for the next connection when the server that answers is about to stop', async () => {
    await session.join({ roomId: 'room' });
    signaling.answers.joinRoom = refuses('shutting_down');
    await cut();
    expect(session.getSnapshot().phase).toBe('reconnecting');
    signaling.answers.joinRoom = () => entered();
    await cut();

    expect(session.getSnapshot().phase).toBe('joined');
  });

  it('gives up after a while, with the last sentence, when it does not pass', async () => {
    await session.join({ roomId: 'room' });
    signaling.answers.joinRoom = refuses('limit_reached');
    await cut();
    await vi.advanceTimersByTimeAsync(60_000);

    expect(session.getSnapshot()).toMatchObject({ phase: 'closed', closedReason: 'Refused: limit_reached.' });
  });

  it('leaves first when a transport is beyond mending while the connection to the server holds', async () => {
    await session.join({ roomId: 'room' });
    failTransport(true);
    await settle();

    expect(signaling.events).toEqual(['joinRoom', 'leaveRoom', 'joinRoom']);
    expect(session.getSnapshot().phase).toBe('joined');
  });
});

describe('Session, of a person whose network lets no media through', () => {
  it('tries once more, and then says so and leaves', async () => {
    await session.join({ roomId: 'room' });
    failTransport(false);
    await settle();
    expect(session.getSnapshot().phase).toBe('joined');
    failTransport(false);
    await settle();

    expect(session.getSnapshot()).toMatchObject({ phase: 'closed', closedReason: expect.stringContaining('another network') as string });
    expect(signaling.events).toEqual(['joinRoom', 'leaveRoom', 'joinRoom', 'leaveRoom']);
  });

  it('goes on for ever where media flowed in between', async () => {
    await session.join({ roomId: 'room' });
    for (const held of [false, true, false, true]) {
      failTransport(held);
      await settle();
    }

    expect(session.getSnapshot().phase).toBe('joined');
  });
});

describe('Session, of a page that goes and comes back', () => {
  it('leaves without waiting, and joins anew', async () => {
    await session.join({ roomId: 'room', displayName: 'Ada' });
    session.stepOut();
    expect(signaling.events).toEqual(['joinRoom', 'leaveRoom']);
    session.stepIn();
    await settle();

    expect(signaling.events).toEqual(['joinRoom', 'leaveRoom', 'joinRoom']);
    expect(session.getSnapshot().phase).toBe('joined');
  });

  it('receives no more than it shows, in a new call too', async () => {
    await session.join({ roomId: 'room' });
    session.showCamerasAt(240);
    session.setWatching(false);
    await cut();

    expect(calls[1]?.subscriber.showCamerasAt).toHaveBeenCalledWith(240);
    expect(calls[1]?.subscriber.setWatching).toHaveBeenCalledWith(false);
  });
});
