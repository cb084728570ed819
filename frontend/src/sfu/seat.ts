// The person's place in a room, and how it is taken again after the connection, the room's worker or the server was lost.
import type { Signaling } from '../signaling/contract';
import type { JoinRoom, Role, RoomJoined, Session } from '../signaling/generated';
import { SignalingError, codeOf } from '../signaling/signaling-error';
import { giveSeatUp, type Tokens } from './seat-memory';

export interface Seat {
  roomId: string;
  displayName?: string;
  role: Role;
  /** Missing once the server does not keep the seat: only joining anew helps. */
  session?: Session;
  rejoinToken: string;
  /** Makes the person a host. */
  hostToken?: string;
}

const ROOM_IS_GONE =
  'This room no longer exists: it ended while the connection was lost. Create a new room and share its link.';

/** Joins for the first time since the page was loaded, with what the tab remembers of the room; what is refused is forgotten. */
export async function joinRemembered(signaling: Signaling, wishes: JoinRoom, tokens: Tokens): Promise<RoomJoined> {
  try {
    return await signaling.request('joinRoom', { ...wishes, ...tokens });
  } catch (error) {
    if (!tokens.rejoinToken || codeOf(error) !== 'invalid_token') throw error;
    giveSeatUp({ roomId: wishes.roomId, hostToken: tokens.hostToken });
    throw new SignalingError('invalid_token', 'The room does not remember you. Join it once more.');
  }
}

/** Takes up the kept seat with everything on it; undefined when the server does not keep it any more. */
export async function resume(signaling: Signaling, { roomId, session }: Seat): Promise<RoomJoined | undefined> {
  if (!session) return undefined;
  try {
    return await signaling.request('resumeSession', { roomId, sessionId: session.id, secret: session.secret });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'session_not_found' || code === 'room_not_found') return undefined;
    throw error;
  }
}

/** Joins the room anew. The rejoin token opens it again where a restarted server has forgotten it. */
export async function rejoin(signaling: Signaling, { roomId, displayName, role, rejoinToken, hostToken }: Seat): Promise<RoomJoined> {
  try {
    return await signaling.request('joinRoom', { roomId, displayName, role, rejoinToken, hostToken });
  } catch (error) {
    const code = codeOf(error);
    // A server restarted with another key knows neither room nor token.
    if (code === 'room_not_found' || code === 'invalid_token') throw new SignalingError(code, ROOM_IS_GONE);
    throw error;
  }
}

/**
 * Refusals that pass: the server may still count this peer's old connection, have its most rooms for now, be short of breath,
 * or have just reopened the room.
 */
const PASSING = new Set<string | undefined>([
  'room_full',
  'limit_reached',
  'room_busy',
  'rate_limited',
  'timeout',
  'media_failed',
  'worker_lost',
]);

/**
 * - `wait`: the connection is gone, or goes, and its return starts everything anew
 * - `leave`: the server still has this peer in a room
 * - `retry`: it may work in a moment
 * - `stop`: it will not work
 */
export type Verdict = 'wait' | 'leave' | 'retry' | 'stop';

export function judge(error: unknown): Verdict {
  const code = codeOf(error);
  if (code === 'disconnected' || code === 'shutting_down') return 'wait';
  if (code === 'already_joined') return 'leave';
  return PASSING.has(code) ? 'retry' : 'stop';
}
