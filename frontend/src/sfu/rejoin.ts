// How a room is entered again, and what its refusals mean.
import type { Signaling } from '../signaling/contract';
import type { RoomCreated, RoomJoined } from '../signaling/generated';
import { SignalingError } from '../signaling/signaling-error';

/** Refusals that pass: the server may still count this peer's old connection, be short of breath, or have just reopened the room. */
const PASSING = new Set<string>(['room_full', 'room_busy', 'room_exists', 'timeout', 'media_failed', 'worker_lost']);

const ROOM_IS_GONE =
  'This room no longer exists: it ended while the connection was lost. Create a new room and share its link.';

/**
 * Joins the room; when the server restarted and has forgotten it, opens it again under the same id, so that its links stay
 * valid. Of several peers that come back at once one opens the room; the others are told `room_exists` and join.
 */
export async function joinOrReopen(signaling: Signaling, roomId: string, displayName?: string): Promise<RoomCreated | RoomJoined> {
  try {
    return await signaling.request('joinRoom', { roomId, displayName });
  } catch (error) {
    if (codeOf(error) !== 'room_not_found') throw error;
  }
  try {
    return await signaling.request('createRoom', { roomId, displayName });
  } catch (error) {
    const code = codeOf(error);
    if (code === 'disconnected' || code === 'already_joined' || PASSING.has(code)) throw error;
    throw new SignalingError('room_not_found', ROOM_IS_GONE);
  }
}

/**
 * - `wait`: the connection is gone, and its return starts everything anew
 * - `leave`: the server still has this peer in a room
 * - `retry`: it may work in a moment
 * - `stop`: it will not work
 */
export type Verdict = 'wait' | 'leave' | 'retry' | 'stop';

export function judge(error: unknown): Verdict {
  const code = codeOf(error);
  if (code === 'disconnected') return 'wait';
  if (code === 'already_joined') return 'leave';
  return PASSING.has(code) ? 'retry' : 'stop';
}

function codeOf(error: unknown): string {
  return error instanceof SignalingError ? error.code : '';
}
