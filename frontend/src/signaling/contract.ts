// The part of the signaling contract that is not generated: the connection's own two facts, and what a client of it can do.
import type { Facts as ServerFacts, Requests } from './generated';

export type { Requests } from './generated';

/** Facts the server tells unasked, and the two states of the connection itself. */
export interface Facts extends ServerFacts {
  connected: undefined;
  disconnected: undefined;
}

export type RequestName = keyof Requests;
export type FactName = keyof Facts;

/** `undefined` as payload means the event is emitted with only the ack callback. */
export type PayloadOf<N extends RequestName> = Requests[N]['payload'] extends undefined ? [] : [Requests[N]['payload']];

/** The part of the signaling client the rest of the program depends on. */
export interface Signaling {
  readonly connected: boolean;
  connect(): Promise<void>;
  /** Tries again at once, if it waits to try again. */
  reconnect(): void;
  request<N extends RequestName>(event: N, ...payload: PayloadOf<N>): Promise<Requests[N]['reply']>;
  on<N extends FactName>(fact: N, listener: (data: Facts[N]) => void): () => void;
  close(): void;
}
