// coturn on loopback, as an operator would run it beside sfu-server: credentials that lapse, made with a shared secret.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { until } from './until';

export class TurnServer {
  readonly url: string;
  readonly secret = 'what coturn and sfu-server share';
  readonly #child: ChildProcess;
  readonly #dir: string;

  private constructor(url: string, child: ChildProcess, dir: string) {
    this.url = url;
    this.#child = child;
    this.#dir = dir;
  }

  static async start(): Promise<TurnServer> {
    const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'e2e-turn-'));
    const port = await freePort();
    const child = spawn(
      'turnserver',
      [
        ...['-n', '--no-cli', '--no-tls', '--no-dtls', '--log-file', 'stdout', '--simple-log'],
        ...['--listening-ip', '127.0.0.1', '--relay-ip', '127.0.0.1', '--listening-port', String(port)],
        // The SFU is on loopback here, where coturn relays to nobody unless told.
        '--allow-loopback-peers',
        ...['--use-auth-secret', '--static-auth-secret', 'what coturn and sfu-server share', '--realm', 'e2e'],
        ...['--pidfile', path.join(dir, 'pid'), '--userdb', path.join(dir, 'users')],
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    const turn = new TurnServer(`turn:127.0.0.1:${port}?transport=udp`, child, dir);
    child.stdout?.resume();
    await until('coturn listens', () => accepts(port)).catch(async (error: unknown) => {
      await turn.stop();
      throw error;
    });
    return turn;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null) {
      const exit = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await exit;
    }
    await fs.rm(this.#dir, { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** It listens on TCP and UDP alike. */
async function accepts(port: number): Promise<boolean> {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
