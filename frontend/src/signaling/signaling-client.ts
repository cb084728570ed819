// The typed signaling client: one Socket.IO connection, requests as promises, facts as listeners.
import { io } from 'socket.io-client';
import { Backoff } from '../backoff';
import type { FactName, Facts, PayloadOf, RequestName, Requests, Signaling } from './contract';
import { asSentence, refusal } from './sentences';
import { SignalingError, isFailure } from './signaling-error';

const ACK_TIMEOUT_MS = 10_000;
const CONNECT_TIMEOUT_MS = 10_000;

/** What the client needs of a Socket.IO socket. */
export interface SocketLike {
  readonly connected: boolean;
  /** Connected, or trying to be by itself. */
  readonly active: boolean;
  connect(): unknown;
  disconnect(): unknown;
  on(event: string, listener: (data: never) => void): unknown;
  off(event: string, listener: (data: never) => void): unknown;
  timeout(ms: number): { emitWithAck(event: string, ...payload: unknown[]): Promise<unknown> };
}

/** Connection events are renamed to facts, so that listeners need to know one vocabulary only. */
const SOCKET_EVENTS: Partial<Record<FactName, string>> = { connected: 'connect', disconnected: 'disconnect' };

const RECONNECTION = { delay: 250, delayMax: 500, jitter: 0.3 };
/**
 * An attempt that meets a silent network is given up soon, and the next one comes soon: some two seconds after the network is
 * back, whenever that is. Every third is patient, for networks that are slow. TCP itself asks again after 1 s and after 3 s.
 */
const ATTEMPT_MS = { quick: 1500, patient: 3500 };

const SOCKET_OPTIONS = {
  // Every browser that can call has WebSockets: beginning with polling only takes longer.
  transports: ['websocket'],
  autoConnect: false,
  timeout: ATTEMPT_MS.patient,
  reconnectionDelay: RECONNECTION.delay,
  reconnectionDelayMax: RECONNECTION.delayMax,
  randomizationFactor: RECONNECTION.jitter,
};

function openSocket(): SocketLike {
  const socket = io(SOCKET_OPTIONS);
  socket.io.on('reconnect_attempt', (attempt) => socket.io.timeout(attempt % 3 === 0 ? ATTEMPT_MS.patient : ATTEMPT_MS.quick));
  return socket as SocketLike;
}

export class SignalingClient implements Signaling {
  readonly #socket: SocketLike;
  /** A server that refuses is full, or wants others: it is asked less and less often. */
  readonly #backoff = new Backoff(RECONNECTION.delay, 5000, RECONNECTION.jitter);
  /** It was connected, and shall be again. */
  #established = false;
  #timer?: ReturnType<typeof setTimeout>;

  constructor(socket: SocketLike = openSocket()) {
    this.#socket = socket;
    socket.on('connect', () => {
      this.#established = true;
      this.#backoff.reset();
    });
    socket.on('connect_error', () => this.#tryAgain());
    socket.on('disconnect', () => this.#tryAgain());
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  /** Resolves once connected, and rejects when the server does not want the connection; afterwards it is kept up by itself. */
  connect(): Promise<void> {
    if (this.#socket.connected) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const stopListening = () => {
        clearTimeout(timer);
        this.#socket.off('connect', admitted);
        this.#socket.off('connect_error', failed);
      };
      const admitted = () => {
        stopListening();
        resolve();
      };
      const failed = (error: Error) => {
        if (this.#socket.active) return;
        stopListening();
        reject(new SignalingError('refused', asSentence(error.message)));
      };
      const timer = setTimeout(() => {
        stopListening();
        this.#socket.disconnect();
        reject(new SignalingError('timeout', 'The server does not answer. Check your connection and try again.'));
      }, CONNECT_TIMEOUT_MS);
      this.#socket.on('connect', admitted);
      this.#socket.on('connect_error', failed);
      this.#socket.connect();
    });
  }

  reconnect(): void {
    if (this.#socket.connected) return;
    clearTimeout(this.#timer);
    // Ends the pause before the next attempt, or an attempt that waits for an answer.
    this.#socket.disconnect();
    this.#socket.connect();
  }

  async request<N extends RequestName>(event: N, ...payload: PayloadOf<N>): Promise<Requests[N]['reply']> {
    // Socket.IO keeps packets for later while it is offline. A request that arrives after a reconnect would reach a server
    // that no longer knows this peer, so it fails now instead.
    if (!this.connected) throw disconnected();
    let reply: unknown;
    try {
      reply = await this.#socket.timeout(ACK_TIMEOUT_MS).emitWithAck(event, ...payload);
    } catch {
      if (!this.#socket.connected) throw disconnected();
      throw new SignalingError('timeout', 'The server took too long to answer. Try again.');
    }
    if (isFailure(reply)) throw new SignalingError(reply.code, refusal(reply.code, reply.error));
    return reply as Requests[N]['reply'];
  }

  on<N extends FactName>(fact: N, listener: (data: Facts[N]) => void): () => void {
    const event = SOCKET_EVENTS[fact] ?? fact;
    this.#socket.on(event, listener);
    return () => void this.#socket.off(event, listener);
  }

  close(): void {
    this.#established = false;
    clearTimeout(this.#timer);
    this.#socket.disconnect();
  }

  /** Socket.IO takes a server that refuses or ends a connection at its word; a call outlives both. */
  #tryAgain(): void {
    if (this.#socket.active || !this.#established) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.connect(), this.#backoff.next());
  }
}

function disconnected(): SignalingError {
  return new SignalingError('disconnected', 'The connection to the server is lost. It is being restored.');
}
