// HTTP requests as they stand here and no header more: a client library would add a Host, and forbid another one.
import { once } from 'node:events';
import net from 'node:net';
import { text } from 'node:stream/consumers';

/** Sends `head` to a port of this machine and answers the status and body that came back. */
export async function said(port: number, ...head: string[]): Promise<{ status: number; body: string }> {
  const socket = net.connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  const answer = await text(socket);
  const [, status = '', body = ''] = /^HTTP\/1\.[01] (\d+)[^]*?\r\n\r\n([^]*)$/.exec(answer) ?? [];
  return { status: Number(status), body };
}
