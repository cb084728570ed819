// A session joins, follows the server's facts, and lets the person turn devices on and off.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeSignaling, entered, fakeCall, fakeTrack, refused, refuses, sends, settle } from './fakes';
import { recallSeat } from './seat-memory';
import { Session } from './session';

let signaling: FakeSignaling;
let call: ReturnType<typeof fakeCall>;
let session: Session;

beforeEach(() => {
  vi.useFakeTimers();
  sessionStorage.clear();
  signaling = new FakeSignaling();
  signaling.answers = { createRoom: () => ({ ...entered({ host: true }), hostToken: 'host' }), joinRoom: () => entered() };
  call = fakeCall();
  session = new Session(signaling, () => Promise.resolve(call));
});

afterEach(() => vi.useRealTimers());

describe('Session, joining', () => {
  it('is in the room it created, as its host, without joining it a second time', async () => {
    await session.create({ displayName: ' Ada ', password: 'sesame' });

    expect(session.getSnapshot()).toMatchObject({
      phase: 'joined', roomId: 'room', watchId: 'watch', peerId: 'me', displayName: 'Ada', host: true,
    });
    expect(signaling.requests).toEqual([['createRoom', { displayName: 'Ada', password: 'sesame' }]]);
  });

  it('leaves prepared tracks alone and can be tried again when joining is refused', async () => {
    signaling.answers.joinRoom = refuses('room_full');
    const take = vi.fn(() => ({}));

    await expect(session.join({ roomId: 'room' }, take)).rejects.toMatchObject({ code: 'room_full' });
    expect(take).not.toHaveBeenCalled();
    expect(session.getSnapshot().phase).toBe('new');
  });

  it('leaves no empty seat when the call cannot be opened', async () => {
    const unable = new Session(signaling, () => Promise.reject(new Error('This browser cannot take part.')));

    await expect(unable.join({ roomId: 'room' })).rejects.toThrow('This browser cannot take part.');
    expect(signaling.events).toEqual(['joinRoom', 'leaveRoom']);
    expect(unable.getSnapshot().phase).toBe('new');
  });

  it('leaves no empty seat when the call fails while it is being set up', async () => {
    call.subscriber.setWatching.mockRejectedValueOnce(refused('media_failed'));

    await expect(session.join({ roomId: 'room' })).rejects.toMatchObject({ code: 'media_failed' });
    expect(signaling.events).toEqual(['joinRoom', 'leaveRoom']);
    expect(call.publisher.close).toHaveBeenCalledTimes(1);
  });

  it('shows whoever is there already', async () => {
    const grace = { peerId: 'grace', displayName: 'Grace', role: 'publisher', host: true, reconnecting: false } as const;
    signaling.answers.joinRoom = () => entered({ peers: [grace, { ...grace, peerId: 'me' }] });
    await session.join({ roomId: 'room' });

    expect(session.getSnapshot().people).toMatchObject([{ peerId: 'grace', displayName: 'Grace', host: true, muted: true }]);
  });

  it('publishes nothing as one who only watches', async () => {
    signaling.answers.joinRoom = () => entered({ role: 'viewer' });
    const take = vi.fn(() => ({ camera: fakeTrack().media }));
    await session.join({ roomId: 'room', role: 'viewer' }, take);
    await session.startDevices({ camera: true, microphone: true });

    expect(take).not.toHaveBeenCalled();
    expect(session.getSnapshot()).toMatchObject({ role: 'viewer', camera: { state: 'off' } });
  });

  it('joins a room this tab was in a moment ago with what it was given there', async () => {
    await session.create({});
    session.stepOut();
    const reloaded = new Session(signaling, () => Promise.resolve(fakeCall()));
    await reloaded.join({ roomId: 'room' });

    expect(signaling.asked('joinRoom')).toEqual([{ roomId: 'room', hostToken: 'host', rejoinToken: 'token' }]);
  });

  it('joins as a stranger would when what it was given does not hold any more', async () => {
    await session.create({});
    session.stepOut();
    signaling.answers.joinRoom = ({ rejoinToken }) => {
      if (rejoinToken) throw refused('invalid_token');
      return entered();
    };
    const reloaded = new Session(signaling, () => Promise.resolve(fakeCall()));
    await reloaded.join({ roomId: 'room', joinToken: 'invitation' });

    expect(signaling.asked('joinRoom').at(-1)).toEqual({ roomId: 'room', hostToken: 'host', joinToken: 'invitation' });
    expect(reloaded.getSnapshot().phase).toBe('joined');
  });

  it('forgets what does not let it in', async () => {
    await session.create({});
    session.stepOut();
    signaling.answers.joinRoom = ({ rejoinToken }) => {
      throw refused(rejoinToken ? 'invalid_token' : 'wrong_password');
    };
    const reloaded = new Session(signaling, () => Promise.resolve(fakeCall()));
    await expect(reloaded.join({ roomId: 'room' })).rejects.toMatchObject({ code: 'wrong_password' });

    expect(recallSeat('room')).toEqual({ hostToken: 'host' });
  });

  it('is asked everything again after leaving, though a host stays one', async () => {
    await session.create({});
    await session.leave();

    expect(recallSeat('room')).toEqual({ hostToken: 'host' });
  });
});

it('remembers nothing of a room it was removed from, whatever it is still told', async () => {
  await session.join({ roomId: 'room' });
  signaling.tell('roomClosed', { code: 'removed', reason: 'words' });
  signaling.tell('rejoinToken', { rejoinToken: 'newest' });

  expect(recallSeat('room')).toEqual({});
});

it.each([
  ['ended_by_host', undefined, true],
  ['ended_by_host', 'invitation', false],
  ['removed', undefined, false],
] as const)('after %s with the join token %s, that the room is gone is %s', async (code, joinToken, roomIsGone) => {
  await session.join({ roomId: 'room', joinToken });
  signaling.tell('roomClosed', { code, reason: 'words' });

  expect(session.getSnapshot()).toMatchObject({ phase: 'closed', roomIsGone });
});

describe('Session, in the room', () => {
  it('consumes what the newest list of producers names', async () => {
    await session.join({ roomId: 'room' });
    signaling.tell('roomProducersChanged', { producers: [sends('ada', { videoProducerId: 'v1' })] });
    await settle();

    expect(call.subscriber.synchronise).toHaveBeenLastCalledWith(
      [{ producerId: 'v1', peerId: 'ada', role: 'camera' }],
      expect.any(Function),
    );
  });

  it('shows somebody as reconnecting, and back again, as the server tells it', async () => {
    await session.join({ roomId: 'room' });
    const ada = { peerId: 'ada', role: 'publisher', host: false, reconnecting: false } as const;
    signaling.tell('peerJoined', ada);
    signaling.tell('peerChanged', { ...ada, reconnecting: true });
    expect(session.getSnapshot().people).toMatchObject([{ peerId: 'ada', reconnecting: true }]);

    signaling.tell('peerChanged', ada);
    expect(session.getSnapshot().people).toMatchObject([{ peerId: 'ada', reconnecting: false }]);
  });

  it('turns the camera off by stopping its track and closing its producer', async () => {
    const { media: camera, stop } = fakeTrack();
    await session.join({ roomId: 'room' }, () => ({ camera }));
    await session.setCamera(false);

    expect(stop).toHaveBeenCalledTimes(1);
    expect(call.publisher.set).toHaveBeenLastCalledWith('camera', undefined);
    expect(session.getSnapshot().camera.state).toBe('off');
  });

  it('mutes the microphone at once and keeps its track', async () => {
    const microphone = fakeTrack('audio').media;
    await session.join({ roomId: 'room' }, () => ({ microphone }));
    const muted = session.setMicrophone(false);
    expect(microphone.enabled).toBe(false);
    await muted;

    expect(call.publisher.set).toHaveBeenLastCalledWith('microphone', { track: microphone, paused: true });
  });

  it('receives only once a track is attached', async () => {
    await session.join({ roomId: 'room' });
    session.trackAttached('v1');

    expect(call.subscriber.attached).toHaveBeenCalledWith('v1');
  });

  it('shows a failed operation as a notice and stays in the room', async () => {
    await session.join({ roomId: 'room' }, () => ({ microphone: fakeTrack('audio').media }));
    call.publisher.set.mockRejectedValueOnce(refused('media_failed'));
    await session.setMicrophone(false);

    expect(session.getSnapshot()).toMatchObject({ phase: 'joined', notices: [{ text: 'Refused: media_failed.' }] });
  });

  it('shows what a host may not do after all as a notice', async () => {
    await session.join({ roomId: 'room' });
    signaling.answers.lockRoom = refuses('not_host');
    session.hostControls.lock(true);
    await settle();

    expect(signaling.asked('lockRoom')).toEqual([{ locked: true }]);
    expect(session.getSnapshot().notices).toMatchObject([{ text: 'Refused: not_host.' }]);
  });

  it('stops every track, tells the server and stays out when the person leaves', async () => {
    const { media: camera, stop } = fakeTrack();
    await session.join({ roomId: 'room' }, () => ({ camera }));
    await session.leave();
    signaling.find();
    await settle();

    expect(stop).toHaveBeenCalledTimes(1);
    expect(signaling.events).toEqual(['joinRoom', 'leaveRoom']);
    expect(signaling.close).toHaveBeenCalledTimes(1);
    expect(session.getSnapshot().phase).toBe('closed');
  });

  it.each(['removed', 'ended_by_host', 'session_taken'] as const)('is over, and says why, when the server tells %s', async (code) => {
    const { media: camera, stop } = fakeTrack();
    await session.join({ roomId: 'room' }, () => ({ camera }));
    signaling.tell('roomClosed', { code, reason: 'words' });
    await settle();

    expect(session.getSnapshot()).toMatchObject({ phase: 'closed', closedReason: expect.stringMatching(/\.$/) as string });
    expect(stop).toHaveBeenCalledTimes(1);
    expect(signaling.events).toEqual(['joinRoom']);
  });
});

describe('Session, muted by a host', () => {
  const tellMuted = (ids: string[]) =>
    signaling.tell('roomProducersChanged', {
      producers: [sends('me', { audioProducerId: 'mine', audioPaused: true, mutedByHost: ids })],
    });

  it('turns the microphone off and says so; the person may turn it on again', async () => {
    const microphone = fakeTrack('audio').media;
    await session.join({ roomId: 'room' }, () => ({ microphone }));
    call.publisher.roleOf.mockReturnValue('microphone');
    tellMuted(['mine']);
    await settle();

    expect(microphone.enabled).toBe(false);
    expect(session.getSnapshot()).toMatchObject({
      microphone: { state: 'off' },
      notices: [{ text: expect.stringContaining('The host muted your microphone') as string }],
    });

    tellMuted([]);
    await session.setMicrophone(true);
    expect(call.publisher.set).toHaveBeenLastCalledWith('microphone', { track: microphone, paused: false });
    expect(session.getSnapshot().microphone.state).toBe('on');
  });

  it('stops a camera for good', async () => {
    const { media: camera, stop } = fakeTrack();
    await session.join({ roomId: 'room' }, () => ({ camera }));
    call.publisher.roleOf.mockReturnValue('camera');
    tellMuted(['mine']);
    await settle();

    expect(stop).toHaveBeenCalledTimes(1);
    expect(call.publisher.set).toHaveBeenLastCalledWith('camera', undefined);
    expect(session.getSnapshot().camera.state).toBe('off');
  });

  it('lets what was asked for before happen first, and goes by the newest list then', async () => {
    const microphone = fakeTrack('audio').media;
    await session.join({ roomId: 'room' }, () => ({ microphone }));
    await session.setMicrophone(false);
    call.publisher.roleOf.mockReturnValue('microphone');
    let answer = () => {};
    call.publisher.set.mockImplementationOnce(() => new Promise((resolve) => (answer = resolve)));
    const turningOn = session.setMicrophone(true);
    await settle();
    // The host's mute reached the server before the person's request, which overruled it.
    tellMuted(['mine']);
    tellMuted([]);
    answer();
    await turningOn;
    await settle();

    expect(session.getSnapshot()).toMatchObject({ microphone: { state: 'on' }, notices: [] });
  });

  it('does not say again what it has said, while the producer stays muted', async () => {
    await session.join({ roomId: 'room' }, () => ({ microphone: fakeTrack('audio').media }));
    call.publisher.roleOf.mockReturnValue('microphone');
    call.publisher.pausedByHost.mockReturnValue(false);
    tellMuted(['mine']);
    await settle();

    expect(session.getSnapshot().notices).toEqual([]);
  });
});
