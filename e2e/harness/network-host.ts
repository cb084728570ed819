// Another host: a network namespace of the test's own with one cable to this machine, which can be cut silently, as a bad
// Wi-Fi does it (no interface goes down, no connection is reset, nothing arrives any more), or lose packets.
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { chromiumPath } from './places';

const run = promisify(execFile);

export class NetworkHost {
  readonly #name: string;
  readonly #dir: string;
  /** This machine, seen from the host. */
  readonly gateway: string;

  private constructor(name: string, dir: string, gateway: string) {
    this.#name = name;
    this.#dir = dir;
    this.gateway = gateway;
  }

  static async create(): Promise<NetworkHost> {
    // Networks of documentation and benchmarks (RFC 2544): nobody has them, and two tests hardly ever the same.
    const number = randomInt(0, 64 * 256);
    const network = `198.${18 + (number & 1)}.${number >> 6}.${((number >> 1) & 31) * 8}`;
    const [gateway, address] = [1, 2].map((host) => network.replace(/\d+$/, (last) => String(Number(last) + host)));
    const name = `e2e${number}`;
    const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'e2e-host-'));
    const host = new NetworkHost(name, dir, String(gateway));
    try {
      await run('ip', ['netns', 'add', name]);
      await run('ip', ['link', 'add', `${name}a`, 'type', 'veth', 'peer', 'name', `${name}b`, 'netns', name]);
      await run('ip', ['address', 'add', `${gateway}/30`, 'dev', `${name}a`]);
      await run('ip', ['link', 'set', `${name}a`, 'up']);
      await host.#inside('ip', 'address', 'add', `${address}/30`, 'dev', `${name}b`);
      for (const device of [`${name}b`, 'lo']) await host.#inside('ip', 'link', 'set', device, 'up');
      return host;
    } catch (error) {
      await host.remove();
      throw error;
    }
  }

  /** A program that is Chromium on this host. */
  async chromium(): Promise<string> {
    const program = path.join(this.#dir, 'chromium');
    await fs.writeFile(program, `#!/bin/sh\nexec nsenter --net=/run/netns/${this.#name} ${chromiumPath} "$@"\n`, { mode: 0o755 });
    return program;
  }

  /** From now on nothing gets in or out. */
  async cut(): Promise<void> {
    await this.#inside('nft', 'add table inet cut { chain in { type filter hook input priority 0; policy drop; }; chain out { type filter hook output priority 0; policy drop; }; }');
  }

  /** From now on so many of a hundred UDP packets are lost, each way: media, not signaling. */
  async lose(percent: number): Promise<void> {
    const drop = `meta l4proto udp numgen random mod 100 < ${percent} drop;`;
    await this.#inside('nft', `add table inet cut { chain in { type filter hook input priority 0; ${drop} }; chain out { type filter hook output priority 0; ${drop} }; }`);
  }

  async mend(): Promise<void> {
    await this.#inside('nft', 'delete table inet cut');
  }

  async remove(): Promise<void> {
    // The cable goes with the namespace.
    await run('ip', ['netns', 'delete', this.#name]).catch(() => undefined);
    await run('ip', ['link', 'delete', `${this.#name}a`]).catch(() => undefined);
    await fs.rm(this.#dir, { recursive: true, force: true });
  }

  async #inside(program: string, ...args: string[]): Promise<void> {
    // Not `ip netns exec`, which mounts /sys anew and cannot where the root is no mount.
    await run('nsenter', [`--net=/run/netns/${this.#name}`, program, ...args]);
  }
}
