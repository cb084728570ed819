// How a client gets into a room, and what it is told then.
import { expect } from '@playwright/test';
import type { Answer, SignalingPeer } from './signaling-peer';

/** The answer to createRoom, joinRoom and resumeSession, as far as the tests read it. */
export interface Entered {
  roomId: string;
  watchId: string;
  peerId: string;
  role: string;
  host: boolean;
  /** createRoom's alone. */
  hostToken: string;
  rejoinToken: string;
  settings: { hasPassword: boolean };
  session: { id: string; secret: string; keptFor: number };
  /** resumeSession's alone. */
  kept: { producerTransportId?: string; consumerTransportId?: string; producerIds: string[]; consumerIds: string[] };
  producers: { peerId: string }[];
  peers: { peerId: string; reconnecting: boolean }[];
}

/** Asks to enter, which must not be refused. */
export async function entered(peer: SignalingPeer, event: string, ...payload: unknown[]): Promise<Entered> {
  return (await peer.must(event, ...payload)) as unknown as Entered;
}

/** The answer is an error of this code, with a sentence. */
export function refuses(answer: Answer, code: string): void {
  expect(answer).toEqual({ error: expect.stringMatching(/\S+ \S+/), code });
}
