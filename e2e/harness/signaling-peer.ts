// A client that speaks signaling alone, without a browser: what it sends and is told can be anything.
import { io, type ManagerOptions, type Socket } from 'socket.io-client';

const ANSWERED_WITHIN_MS = 5000;

/** Any reply: of its fields a test reads what it asked for. */
export interface Answer {
  [field: string]: unknown;
  error?: string;
  code?: string;
}

export interface Fact {
  event: string;
  payload: Answer;
}

export class SignalingPeer {
  readonly #socket: Socket;
  /** All that the server told this peer unasked, in order. */
  readonly facts: Fact[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.onAny((event: string, payload: Answer) => this.facts.push({ event, payload }));
  }

  static async connect(server: string, options: Partial<ManagerOptions> = {}): Promise<SignalingPeer> {
    const socket = io(server, { transports: ['websocket'], forceNew: true, reconnection: false, ...options });
    const peer = new SignalingPeer(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve);
      socket.once('connect_error', reject);
    });
    return peer;
  }

  get connected(): boolean {
    return this.#socket.connected;
  }

  /** Asks, whatever the answer will be. */
  ask(event: string, ...payload: unknown[]): Promise<Answer> {
    return this.#socket.timeout(ANSWERED_WITHIN_MS).emitWithAck(event, ...payload);
  }

  /** Asks for what must not be refused. */
  async must(event: string, ...payload: unknown[]): Promise<Answer> {
    const answer = await this.ask(event, ...payload);
    if (answer.code !== undefined) throw new Error(`${event}: ${answer.code}: ${String(answer.error)}`);
    return answer;
  }

  /** Sends without waiting for an answer. */
  send(event: string, ...payload: unknown[]): void {
    this.#socket.emit(event, ...payload);
  }

  disconnected(): Promise<void> {
    if (!this.#socket.connected) return Promise.resolve();
    return new Promise((resolve) => this.#socket.once('disconnect', () => resolve()));
  }

  /** The link breaks: nobody says goodbye. */
  breakOff(): void {
    this.#socket.io.engine.close();
  }

  /** Leaves: the server forgets this peer at once. */
  close(): void {
    this.#socket.disconnect();
  }
}
