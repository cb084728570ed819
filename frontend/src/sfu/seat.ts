// The person's place in a room, and how it is taken again after the connection, the room's worker or the server was lost.
import type { Signaling } from '../signaling/contract';
import type { JoinRoom, Role, RoomJoined, Session } from '../signaling/generated';
import { SignalingError, codeOf, type SignalingErrorCode } from '../signaling/signaling-error';
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
  /** What a product invited the person with. */
  joinToken?: string;
}

const ROOM_IS_GONE =
  'This room no longer exists: it ended while the connection was lost. Create a new room and share its link.';

/** Joins for the first time since the page was loaded, with what the tab remembers of the room; what is refused is forgotten. */
export async function joinRemembered(signaling: Signaling, wishes: JoinRoom, tokens: Tokens): Promise<RoomJoined> {
  try {
    return await signaling.request('joinRoom', { ...wishes, ...tokens });
  } catch (error) {
    if (!tokens.rejoinToken || codeOf(error) !== 'invalid_token') throw error;
    const { hostToken } = tokens;
    giveSeatUp({ roomId: wishes.roomId, hostToken });
    return signaling.request('joinRoom', { ...wishes, hostToken });
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

/**
 * Joins the room anew. The rejoin token opens it again where a restarted server has forgotten it; where others opened it before
 * with their own invitation it is another room, into which this person comes as for the first time.
 */
export async function rejoin(signaling: Signaling, seat: Seat): Promise<RoomJoined> {
  const { roomId, displayName, role, hostToken, rejoinToken, joinToken } = seat;
  const wishes: JoinRoom = { roomId, displayName, role, hostToken };
  try {
    return await signaling.request('joinRoom', { ...wishes, rejoinToken }).catch((error: unknown) => {
      if (codeOf(error) !== 'invalid_token') throw error;
      return signaling.request('joinRoom', { ...wishes, joinToken });
    });
  } catch (error) {
    const code = codeOf(error);
    // Of an invitation that does not hold any more, the server says what to do.
    if (code === 'room_not_found' || (code === 'invalid_token' && !joinToken)) {
      throw new SignalingError('room_not_found', ROOM_IS_GONE);
    }
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
  'server_fault',
]);

/** Ends of a room, or of a place in it, that were nobody's wish: the person comes back on the connection there is. */
export const ACCIDENTS = new Set<SignalingErrorCode>(['worker_lost', 'server_fault']);

/** An invitation opens its room again; any other room that ended is gone. */
export function isGoneFor(seat: Seat | undefined, code: SignalingErrorCode | undefined): boolean {
  return !seat?.joinToken && (code === 'ended_by_host' || code === 'room_not_found');
}

/**
 * - `wait`: the connection is gone, or goes, and its return starts everything anew
 * - `leave`: the server still has this peer in a room
 * - `retry`: it may work in a moment
 * - `stop`: it will not work
 */
export type Verdict = 'wait' | 'leave' | 'retry' | 'stop';

export function judge(error: unknown, role: Role): Verdict {
  const code = codeOf(error);
  // Whoever only watches opens no room again; those who do may still be on their way.
  if (code === 'room_not_found' && role === 'viewer') return 'retry';
  if (code === 'disconnected' || code === 'shutting_down') return 'wait';
  if (code === 'already_joined') return 'leave';
  return PASSING.has(code) ? 'retry' : 'stop';
}
