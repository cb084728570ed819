// What a session looks like from outside at one moment: the snapshot React renders.
import type { BroadcastStatus } from '../signaling/generated';

/**
 * - `new`: not in a room yet
 * - `joining`: asking to be let in
 * - `joined`: in the room
 * - `reconnecting`: was in the room, joins it again as soon as the server answers
 * - `closed`: out of the room for good; `closedReason` says why, unless the person left
 */
export type SessionPhase = 'new' | 'joining' | 'joined' | 'reconnecting' | 'closed';

/** One of the person's own devices. */
export interface LocalSource {
  /** Off, being opened or closed, or on. */
  state: 'off' | 'changing' | 'on';
  track?: MediaStreamTrack;
}

export interface RemoteTrack {
  producerId: string;
  track: MediaStreamTrack;
}

/** Somebody else in the room. */
export interface Person {
  peerId: string;
  displayName?: string;
  camera?: RemoteTrack;
  microphone?: RemoteTrack;
  screen?: RemoteTrack;
  screenAudio?: RemoteTrack;
  cameraPaused: boolean;
  muted: boolean;
}

/** A sentence for the person that does not block anything. */
export interface Notice {
  id: number;
  text: string;
}

export interface SessionState {
  phase: SessionPhase;
  roomId?: string;
  peerId?: string;
  displayName?: string;
  closedReason?: string;
  people: readonly Person[];
  activeSpeakerId?: string;
  broadcast: BroadcastStatus;
  camera: LocalSource;
  microphone: LocalSource;
  screen: LocalSource;
  notices: readonly Notice[];
}

export const initialState: SessionState = {
  phase: 'new',
  people: [],
  broadcast: { phase: 'idle' },
  camera: { state: 'off' },
  microphone: { state: 'off' },
  screen: { state: 'off' },
  notices: [],
};
