// The one error a signaling request can end with: a sentence for a person and a code for the program.
import type { ErrorCode, Failure } from './generated';

/** Codes of the server, and three the client finds out by itself; `refused` is the connection as a whole. */
export type SignalingErrorCode = ErrorCode | 'timeout' | 'disconnected' | 'refused';

export class SignalingError extends Error {
  readonly code: SignalingErrorCode;

  constructor(code: SignalingErrorCode, message: string) {
    super(message);
    this.name = 'SignalingError';
    this.code = code;
  }
}

/** The code of a refused request; undefined for any other error. */
export function codeOf(error: unknown): SignalingErrorCode | undefined {
  return error instanceof SignalingError ? error.code : undefined;
}

/** Coming back repairs what failed only because the connection broke. */
export function isDisconnected(error: unknown): boolean {
  return codeOf(error) === 'disconnected';
}

/** What the request was about ended meanwhile; the next list of producers says so. */
export function isGone(error: unknown): boolean {
  const code = codeOf(error);
  return code === 'producer_not_found' || code === 'consumer_not_found';
}

export function isFailure(reply: unknown): reply is Failure {
  return typeof reply === 'object' && reply !== null && 'error' in reply && typeof reply.error === 'string';
}
