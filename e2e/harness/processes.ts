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
  const table = await fs.readFile('/proc/net/udp', 'utf8');
  const ports = table.split('\n').slice(1).map((row) => parseInt(/^\s*\d+: [0-9A-F]+:([0-9A-F]{4})/.exec(row)?.[1] ?? '0', 16));
  return ports.filter((port) => port >= first && port <= last);
}
