// The whole product as one test sees it: both daemons on ports and in a directory of their own.
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Certificate } from './certificate';
import { Daemon } from './daemon';
import { frontendDir } from './places';
import { reservePorts, type Ports } from './ports';

const LOOPBACK = '127.0.0.1';

export interface SystemOptions {
  /** False for tests of the call alone: no hls-composer, no broadcast. */
  broadcast: boolean;
  sfuArgs: string[];
  composerArgs: string[];
  /** Where sfu-server listens, media included; loopback when missing. */
  listenIp?: string;
  /** Other pages than the product's. */
  frontendDir?: string;
  /** The daemons speak TLS with each other, hls-composer with this certificate. */
  link?: Certificate;
}

export class System {
  readonly sfu: Daemon;
  readonly composer: Daemon;
  readonly ports: Ports;
  readonly dataDir: string;
  readonly #options: SystemOptions;

  private constructor(options: SystemOptions, ports: Ports, dataDir: string, logDir: string) {
    this.#options = options;
    this.ports = ports;
    this.dataDir = dataDir;
    const scheme = options.link ? 'https' : 'http';
    this.sfu = new Daemon({
      program: 'sfu-server',
      opsPort: ports.sfuOps,
      logFile: path.join(logDir, 'sfu-server.log'),
      args: [
        ...['--listen', `${options.listenIp ?? LOOPBACK}:${ports.sfuHttp}`],
        ...['--rtc-listen-ip', options.listenIp ?? LOOPBACK],
        ...['--ops-listen', `127.0.0.1:${ports.sfuOps}`],
        ...['--rtc-port', String(ports.rtc)],
        ...['--plain-ports', ports.plain],
        ...['--composer', `${scheme}://127.0.0.1:${ports.grpc}`],
        ...['--hls-upstream', `${scheme}://127.0.0.1:${ports.hlsHttp}`],
        ...(options.link ? ['--composer-ca', options.link.certFile] : []),
        ...['--frontend-dir', options.frontendDir ?? frontendDir],
        // hls-composer passes hidden directories by.
        ...['--key-file', path.join(dataDir, '.sfu-server', 'rejoin.key')],
        ...['--broadcast', options.broadcast ? 'auto' : 'off'],
        ...options.sfuArgs,
      ],
    });
    this.composer = new Daemon({
      program: 'hls-composer',
      opsPort: ports.composerOps,
      logFile: path.join(logDir, 'hls-composer.log'),
      args: [
        ...['--grpc-listen', `127.0.0.1:${ports.grpc}`],
        ...['--http-listen', `127.0.0.1:${ports.hlsHttp}`],
        ...['--ops-listen', `127.0.0.1:${ports.composerOps}`],
        ...['--rtp-ports', ports.rtp],
        ...['--data-dir', dataDir],
        ...(options.link ? tlsFlags(options.link) : []),
        ...options.composerArgs,
      ],
    });
  }

  /** Starts everything; logs are written into `logDir`. */
  static async start(options: SystemOptions, logDir: string): Promise<System> {
    await fs.mkdir(logDir, { recursive: true });
    const ports = await reservePorts();
    const dataDir = await fs.mkdtemp(path.join(os.tmpdir(), 'e2e-hls-'));
    const system = new System(options, ports, dataDir, logDir);
    try {
      if (options.broadcast) await system.composer.start();
      await system.sfu.start();
    } catch (error) {
      await system.stop();
      throw error;
    }
    return system;
  }

  /** What people open in their browsers. */
  get url(): string {
    return `http://${this.#options.listenIp ?? LOOPBACK}:${this.ports.sfuHttp}`;
  }

  /** The composer's own HLS origin, which answers also while sfu-server is away. */
  get hlsUrl(): string {
    return `http://127.0.0.1:${this.ports.hlsHttp}`;
  }

  get logFiles(): string[] {
    return [this.sfu.logFile, ...(this.#options.broadcast ? [this.composer.logFile] : [])];
  }

  async stop(): Promise<void> {
    const ends = await Promise.allSettled([this.sfu.stop(), this.composer.stop()]);
    await fs.rm(this.dataDir, { recursive: true, force: true });
    await this.ports.release();
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  }
}

/** Both listeners of hls-composer with the certificate. */
function tlsFlags({ certFile, keyFile }: Certificate): string[] {
  return ['--tls-cert', certFile, '--tls-key', keyFile, '--grpc-tls-cert', certFile, '--grpc-tls-key', keyFile];
}
