// What the kernel says about the daemons' processes and sockets.
import fs from 'node:fs/promises';

export interface Child {
  pid: number;
  argv: string[];
}

/** Direct children whose argv[0] names ffmpeg. */
export async function ffmpegsOf(parent: number): Promise<Child[]> {
  const children: Child[] = [];
  for (const name of await fs.readdir('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const stat = await fs.readFile(`/proc/${name}/stat`, 'utf8');
      // The name in parentheses may hold spaces; state and parent follow it.
      const [state, ppid] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      if (Number(ppid) !== parent || state === 'Z') continue;
      const argv = (await fs.readFile(`/proc/${name}/cmdline`, 'utf8')).split('\0');
      if (argv[0]?.includes('ffmpeg')) children.push({ pid: Number(name), argv });
    } catch {
      // It ended while it was looked at.
    }
  }
  return children;
}

/** UDP ports of this network that are bound within `first-last`. */
export async function boundUdpPorts(range: string): Promise<number[]> {
  const [first = 0, last = 0] = range.split('-').map(Number);
  return (await udpSockets()).map(({ port }) => port).filter((port) => port >= first && port <= last);
}

/** Datagrams that the kernel has thrown away because the sockets of these ports were full. */
export async function droppedDatagrams(ports: readonly number[]): Promise<number> {
  const sockets = await udpSockets();
  return sockets.filter(({ port }) => ports.includes(port)).reduce((sum, { drops }) => sum + drops, 0);
}

async function udpSockets(): Promise<{ port: number; drops: number }[]> {
  const rows = (await fs.readFile('/proc/net/udp', 'utf8')).trim().split('\n').slice(1);
  return rows.map((row) => ({
    port: parseInt(/^\s*\d+: [0-9A-F]+:([0-9A-F]{4})/.exec(row)?.[1] ?? '0', 16),
    drops: Number(row.trim().split(/\s+/).at(-1)),
  }));
}
