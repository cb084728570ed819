// What a session looks like from outside at one moment: the snapshot React renders.
import type { BroadcastStatus, Role, RoomSettings } from '../signaling/generated';

/**
 * - `new`: not in a room yet
 * - `joining`: asking to be let in
 * - `joined`: in the room
 * - `reconnecting`: was in the room, and comes back as soon as the server answers
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
  role: Role;
  host: boolean;
  /** The connection is lost; the seat is kept for a while. */
  reconnecting: boolean;
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
  /** In the links to the broadcast, where the room's id would let everybody in. */
  watchId?: string;
  peerId?: string;
  displayName?: string;
  role: Role;
  host: boolean;
  settings: RoomSettings;
  closedReason?: string;
  /** There is nothing to come back to. */
  roomIsGone: boolean;
  people: readonly Person[];
  activeSpeakerId?: string;
  /** How loud whoever is heard is, from 0 to 1. */
  levels: Readonly<Record<string, number>>;
  /** Peers whose media has arrived badly for a while; oneself, when what is sent does. */
  weakPeerIds: readonly string[];
  broadcast: BroadcastStatus;
  camera: LocalSource;
  microphone: LocalSource;
  screen: LocalSource;
  notices: readonly Notice[];
}

export const initialState: SessionState = {
  phase: 'new',
  role: 'publisher',
  host: false,
  settings: { locked: false, hasPassword: false, layout: 'auto' },
  roomIsGone: false,
  people: [],
  levels: {},
  weakPeerIds: [],
  broadcast: { phase: 'idle' },
  camera: { state: 'off' },
  microphone: { state: 'off' },
  screen: { state: 'off' },
  notices: [],
};
