// For tests: a server that answers what it is told to, and a call without a browser's media.
import { vi } from 'vitest';
import type { FactName, Facts, Requests, RequestName, Signaling } from '../signaling/contract';
import type { KeptMedia, PeerProducers, RoomJoined } from '../signaling/generated';
import { SignalingError, type SignalingErrorCode } from '../signaling/signaling-error';
import type { Call } from './call';

type Answers = { [N in RequestName]?: (payload: Requests[N]['payload']) => unknown };

export class FakeSignaling implements Signaling {
  connected = true;
  requests: [string, unknown][] = [];
  answers: Answers = {};
  readonly #listeners = new Map<string, ((data: never) => void)[]>();

  connect = () => Promise.resolve();
  reconnect = vi.fn();
  close = vi.fn();
  on = (fact: string, listener: (data: never) => void) => {
    this.#listeners.set(fact, [...(this.#listeners.get(fact) ?? []), listener]);
    return () => undefined;
  };
  request = (event: string, payload?: unknown) => {
    if (!this.connected) return Promise.reject(refused('disconnected'));
    this.requests.push([event, payload]);
    const answer = this.answers[event as RequestName] as ((payload: unknown) => unknown) | undefined;
    return Promise.resolve().then(() => answer?.(payload) as never);
  };

  tell<N extends FactName>(fact: N, data: Facts[N]) {
    for (const listener of this.#listeners.get(fact) ?? []) listener(data as never);
  }
  lose() {
    this.connected = false;
    this.tell('disconnected', undefined);
  }
  find() {
    this.connected = true;
    this.tell('connected', undefined);
  }

  asked = (event: RequestName) => this.requests.filter(([name]) => name === event).map(([, payload]) => payload);
  get events() {
    return this.requests.map(([event]) => event);
  }
}

export function refused(code: SignalingErrorCode): SignalingError {
  return new SignalingError(code, `Refused: ${code}.`);
}

/** What answers a request that is refused. */
export function refuses(code: SignalingErrorCode): () => never {
  return () => {
    throw refused(code);
  };
}

export const kept = (parts: Partial<KeptMedia> = {}): KeptMedia => ({ producerIds: [], consumerIds: [], ...parts });

export const sends = (peerId: string, producers: Partial<PeerProducers>): PeerProducers => ({
  peerId,
  videoPaused: false,
  audioPaused: false,
  ...producers,
});

export function entered(parts: Partial<RoomJoined> = {}): RoomJoined {
  return {
    roomId: 'room',
    watchId: 'watch',
    peerId: 'me',
    role: 'publisher',
    host: false,
    rtpCapabilities: {},
    producers: [],
    peers: [],
    settings: { locked: false, hasPassword: false, layout: 'auto' },
    session: { id: 'seat', secret: 'secret', keptFor: 30_000 },
    rejoinToken: 'token',
    kept: kept(),
    ...parts,
  };
}

export function fakeCall() {
  return {
    publisher: {
      set: vi.fn<Call['publisher']['set']>(() => Promise.resolve()),
      roleOf: vi.fn<Call['publisher']['roleOf']>(() => undefined),
      pausedByHost: vi.fn(() => true),
      takeUp: vi.fn<Call['publisher']['takeUp']>(() => Promise.resolve()),
      close: vi.fn(),
    },
    subscriber: {
      synchronise: vi.fn<Call['subscriber']['synchronise']>(() => Promise.resolve()),
      trackOf: vi.fn(() => undefined),
      producerOf: vi.fn<Call['subscriber']['producerOf']>(() => undefined),
      attached: vi.fn(() => Promise.resolve()),
      setWatching: vi.fn(() => Promise.resolve()),
      showCamerasAt: vi.fn(),
      takeUp: vi.fn<Call['subscriber']['takeUp']>(() => Promise.resolve()),
      close: vi.fn(),
    },
  } satisfies Call;
}

export function fakeTrack(kind: 'audio' | 'video' = 'video') {
  const stop = vi.fn();
  return { media: { kind, enabled: true, stop, onended: null, getSettings: () => ({}) } as unknown as MediaStreamTrack, stop };
}

/** Lets everything that waits for nothing but its turn happen. */
export const settle = () => vi.advanceTimersByTimeAsync(0);
