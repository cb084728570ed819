// Stands between one player and the origin, on loopback, and keeps what the player was answered. While the origin is away it is
// away as well: the connection breaks.
import fs from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { frontendDir } from '../places';

/** One answer; the text only of playlists. */
export interface Answer {
  /** Milliseconds since the Unix epoch. */
  at: number;
  url: string;
  /** 0 where the connection broke. */
  status: number;
  text?: string;
}

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

export class RecordingProxy {
  readonly answers: Answer[] = [];
  readonly #server: http.Server;

  private constructor(upstream: URL) {
    this.#server = http.createServer((request, response) => {
      if (request.url?.startsWith('/hls/')) this.#pass(upstream, request, response);
      else servePage(request, response);
    });
  }

  static async start(upstream: string): Promise<RecordingProxy> {
    const proxy = new RecordingProxy(new URL(upstream));
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The playlists served, oldest first. */
  get playlists(): Answer[] {
    return this.answers.filter(({ text }) => text !== undefined);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    if (this.#server.listening) await once(this.#server, 'close');
  }

  #pass(upstream: URL, request: http.IncomingMessage, response: http.ServerResponse): void {
    const url = request.url ?? '';
    const note = (status: number, text?: string) => this.answers.push({ at: Date.now(), url, status, ...(text !== undefined && { text }) });
    // What is kept must be readable.
    const headers = { ...request.headers, host: upstream.host, 'accept-encoding': 'identity', connection: 'close' };
    const asked = http.request(new URL(url, upstream), { method: request.method, headers, agent: false }, (answer) => {
      const pieces: Buffer[] = [];
      answer.on('data', (piece: Buffer) => pieces.push(piece));
      answer.on('end', () => {
        const status = answer.statusCode ?? 0;
        const isPlaylist = status === 200 && new URL(url, upstream).pathname.endsWith('.m3u8');
        note(status, isPlaylist ? Buffer.concat(pieces).toString() : undefined);
        response.writeHead(status, answer.headers);
        response.end(Buffer.concat(pieces));
      });
      answer.on('error', () => broken());
    });
    const broken = () => {
      if (!response.destroyed) note(0);
      request.socket.destroy();
    };
    asked.on('error', broken);
    response.on('close', () => asked.destroy());
    asked.end();
  }
}

/** The product's pages, as a web server serves a single-page application; nothing else is known here. */
function servePage(request: http.IncomingMessage, response: http.ServerResponse): void {
  const { pathname } = new URL(request.url ?? '/', 'http://localhost');
  if (pathname.startsWith('/api/')) {
    response.writeHead(404).end();
    return;
  }
  const asked = path.join(frontendDir, path.normalize(pathname));
  const file = fs.existsSync(asked) && fs.statSync(asked).isFile() ? asked : path.join(frontendDir, 'index.html');
  fs.readFile(file, (error, content) => {
    if (error) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' }).end(content);
  });
}
