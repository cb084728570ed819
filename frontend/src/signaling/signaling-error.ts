// The one error a signaling request can end with: a sentence for a person and a code for the program.
import type { ErrorCode, Failure } from './generated';

/** Codes of the server, and two the client finds out by itself. */
export type SignalingErrorCode = ErrorCode | 'timeout' | 'disconnected';

export class SignalingError extends Error {
  readonly code: SignalingErrorCode;

  constructor(code: SignalingErrorCode, message: string) {
    super(message);
    this.name = 'SignalingError';
    this.code = code;
  }
}

export function isFailure(reply: unknown): reply is Failure {
  return typeof reply === 'object' && reply !== null && 'error' in reply && typeof reply.error === 'string';
}
