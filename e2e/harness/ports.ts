// A block of ports for one test. Whoever listens on a block's first port owns the block, so suites that run at the same time
// never meet; the kernel is the register.
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';

const HOST = '127.0.0.1';
/** Below the ports the kernel hands out by itself, above the daemons' defaults. */
const FIRST = 20_000;
const LAST = 31_999;
const BLOCK = 200;

/** The ports of one test's two daemons. */
export interface Ports {
  sfuHttp: number;
  sfuOps: number;
  /** First media port; worker n listens on this + n, so seven more belong to it. */
  rtc: number;
  plain: string;
  grpc: number;
  hlsHttp: number;
  composerOps: number;
  rtp: string;
  /** Gives the block back. */
  release: () => Promise<void>;
}

export async function reservePorts(): Promise<Ports> {
  const blocks = Math.floor((LAST - FIRST + 1) / BLOCK);
  const start = Math.floor(Math.random() * blocks);
  for (let i = 0; i < blocks; i += 1) {
    const base = FIRST + ((start + i) % blocks) * BLOCK;
    const guard = await listen(base);
    if (!guard) continue;
    const fixed = [1, 2, 3, 4, 5, 8, 9, 10, 11].map((offset) => base + offset);
    const free = await Promise.all([...fixed.map(tcpIsFree), ...fixed.map(udpIsFree)]);
    if (free.every(Boolean)) return blockFrom(base, guard);
    await closed(guard);
  }
  throw new Error(`no block of ${BLOCK} ports is free between ${FIRST} and ${LAST}`);
}

function blockFrom(base: number, guard: net.Server): Ports {
  return {
    sfuHttp: base + 1,
    sfuOps: base + 2,
    grpc: base + 3,
    hlsHttp: base + 4,
    composerOps: base + 5,
    rtc: base + 8,
    plain: `${base + 20}-${base + 99}`,
    rtp: `${base + 100}-${base + BLOCK - 1}`,
    release: () => closed(guard),
  };
}

async function listen(port: number): Promise<net.Server | undefined> {
  const server = net.createServer();
  server.listen({ port, host: HOST, exclusive: true });
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}

async function closed(server: net.Server): Promise<void> {
  server.close();
  await once(server, 'close');
}

async function tcpIsFree(port: number): Promise<boolean> {
  const server = await listen(port);
  if (server) await closed(server);
  return server !== undefined;
}

async function udpIsFree(port: number): Promise<boolean> {
  const socket = dgram.createSocket('udp4');
  socket.bind({ port, address: HOST, exclusive: true });
  try {
    await once(socket, 'listening');
    socket.close();
    return true;
  } catch {
    return false;
  }
}
