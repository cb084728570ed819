// The Socket.IO protocol by hand, frame by frame: a client library would hide a second acknowledgement, and cannot send nonsense.
import { once } from 'node:events';
import WebSocket from 'ws';
import { until } from './until';

export class RawSocket {
  readonly #socket: WebSocket;
  /** Every acknowledgement, in the order it came. */
  readonly acknowledged: { id: number; answer: unknown }[] = [];
  /** How often the server has let the client into the namespace. */
  admissions = 0;
  /** The server has disconnected the client, or closed the connection. */
  closed = false;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Connects; `greeting` is sent in the moment the server admits. */
  static async connect(origin: string, greeting?: string): Promise<RawSocket> {
    const socket = new WebSocket(`${origin.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`);
    const raw = new RawSocket(socket);
    socket.on('close', () => (raw.closed = true));
    socket.on('error', () => undefined); // What matters is that it closes.
    socket.on('message', (data: Buffer) => {
      const frame = data.toString();
      if (frame.startsWith('0')) socket.send('40');
      if (frame.startsWith('40')) {
        raw.admissions += 1;
        if (greeting) socket.send(greeting);
      }
      if (frame.startsWith('41')) raw.closed = true;
      if (frame === '2') socket.send('3');
      const [, id, answers] = /^43(\d+)(\[.*)$/s.exec(frame) ?? [];
      if (id && answers) raw.acknowledged.push({ id: Number(id), answer: (JSON.parse(answers) as unknown[])[0] });
    });
    await until('a Socket.IO connection', () => raw.admissions > 0, { every: 5 });
    return raw;
  }

  /** Sends an event that wants an acknowledgement. */
  ask(id: number, event: string, ...payload: unknown[]): void {
    this.frame(`42${id}${JSON.stringify([event, ...payload])}`);
  }

  frame(text: string): void {
    this.#socket.send(text);
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    this.#socket.close();
    await once(this.#socket, 'close');
  }
}
