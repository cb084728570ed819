// Starts Chromium. One process per person, because the fake camera and microphone are flags of the process.
import { chromium, type Browser, type BrowserServer } from '@playwright/test';
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { writeDevices, type Person } from './person';
import { chromiumPath } from './places';

const ARGS = [
  // The sandbox refuses to work for root, which tests in a container are.
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--autoplay-policy=no-user-gesture-required',
];

export interface ChromiumOptions {
  /** What is started in place of Chromium, and starts it. */
  program?: string;
  /** Origins whose pages get a camera without HTTPS. */
  trusts?: string[];
}

export interface RunningChromium {
  browser: Browser;
  /** Ends it as a crash does: the servers hear nothing. */
  kill: () => Promise<void>;
  close: () => Promise<void>;
}

/** A browser with this person's camera and microphone; without a person one that only watches. */
export async function startChromium(person?: Person, { program = chromiumPath, trusts = [] }: ChromiumOptions = {}): Promise<RunningChromium> {
  const dir = await fs.mkdtemp(path.join(os.tmpdir(), 'e2e-devices-'));
  const args = [...ARGS, ...trusts.map((origin) => `--unsafely-treat-insecure-origin-as-secure=${origin}`)];
  if (person) {
    const { camera, microphone } = await writeDevices(person, dir);
    args.push(
      '--use-fake-ui-for-media-stream',
      '--use-fake-device-for-media-stream',
      `--use-file-for-fake-video-capture=${camera}`,
      `--use-file-for-fake-audio-capture=${microphone}`,
    );
  }
  const server = await chromium.launchServer({ executablePath: program, headless: true, args });
  const browser = await chromium.connect(server.wsEndpoint(), { timeout: 15_000 });
  const end = async (how: 'close' | 'kill', running: BrowserServer) => {
    await running[how]();
    await fs.rm(dir, { recursive: true, force: true });
  };
  return { browser, kill: () => end('kill', server), close: () => end('close', server) };
}
