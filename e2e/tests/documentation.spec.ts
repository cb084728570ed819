// What the documents tell people to type works, and what they say of the flags is true.
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { code, helpFlags, read, tableFlags, type Flag } from '../harness/documents';
import { ada } from '../harness/person';
import { programDir, repository } from '../harness/places';
import type { Ports } from '../harness/ports';
import { run } from '../harness/shell';
import { expect, test } from '../harness/test';
import { until } from '../harness/until';

const operations = read('docs/operations.md');
const commands = code(operations).filter((sample) => /^(curl|grpcurl) /.test(sample));

/** Of a stream of them; the next may have come at once. */
const FIRST_MESSAGE = /^\{$[^]*?^\}$/m;

/** What documented commands answer in a room with one person; every other command must answer something. */
const ANSWERS: readonly { of: RegExp; isRight: (printed: string, roomId: string) => void }[] = [
  { of: /readyz/, isRight: (printed) => expect(printed).toBe('ready\nready\n') },
  {
    of: /api\/rooms/,
    isRight: (printed, roomId) => expect(JSON.parse(printed)).toMatchObject({ roomId, peers: 1, broadcast: { phase: 'live' } }),
  },
  { of: /ListBroadcasts/, isRight: (printed, roomId) => expect(JSON.parse(printed)).toMatchObject({ broadcasts: [{ roomId }] }) },
  {
    of: /GetBroadcast|WatchBroadcast/,
    isRight: (printed, roomId) => {
      const trace = Array.from({ length: 8 }, (_, n) => ({ number: n + 1, outcome: 'ok' }));
      expect(JSON.parse(printed)).toMatchObject({ roomId, inputs: [{ state: 'ACTIVE', trace }] });
    },
  },
  { of: /RestartPipeline/, isRight: (printed) => expect(JSON.parse(printed)).toMatchObject({ complete: true }) },
  { of: /Health\/Check/, isRight: (printed) => expect(JSON.parse(printed)).toEqual({ status: 'SERVING' }) },
  {
    of: /describe/,
    isRight: (printed) => {
      const methods = [...read('proto/composer/v1/composer.proto').matchAll(/^ {2}rpc (\w+)/gm)].map(([, name]) => name);
      const described = [...printed.matchAll(/^ {2}rpc (\w+)/gm)].map(([, name]) => name);
      expect(described.toSorted()).toEqual(methods.toSorted());
    },
  },
];

test('every curl and grpcurl command of docs/operations.md answers what it is there for', async ({ composer, enter, system }) => {
  for (const { of } of ANSWERS) expect(commands.filter((command) => of.test(command)), `a command with ${of}`).not.toEqual([]);
  const page = await enter(ada);
  const roomId = await page.createRoom();

  for (const command of commands) {
    // A restart gives inputs new ids.
    const { inputId } = await until('an active input', async () =>
      (await composer.broadcast(roomId)).inputs.find(({ state }) => state === 'ACTIVE'),
    );
    await test.step(command, async () => {
      const typed = withPorts(command, system.ports).replace(/\bROOM\b/, roomId).replace(/\bID\b/, inputId);
      const printed = await run(typed, typed.includes('WatchBroadcast') ? FIRST_MESSAGE : undefined);
      expect(printed).not.toBe('');
      for (const { of, isRight } of ANSWERS) if (of.test(command)) isRight(printed, roomId);
      // The room comes back on a new media worker.
      if (command.includes('/replace')) {
        await until('another input', async () => (await composer.broadcast(roomId)).inputs.some((input) => input.state === 'ACTIVE' && input.inputId !== inputId));
      }
    });
  }
  expect((await page.snapshot()).notices).toEqual([]);
});

for (const program of ['sfu-server', 'hls-composer'] as const) {
  test(`docs/operations.md lists every flag of ${program} with its default, and no other`, () => {
    const flags = flagsOf(program);
    const withDefaults = flags.map(({ name, default: value }) => ({ name, default: value }));
    expect(sorted(tableFlags(operations, program))).toEqual(sorted(withDefaults));
    const prefix = { 'sfu-server': 'SFU', 'hls-composer': 'COMPOSER' }[program];
    for (const { name, variable } of flags) expect(variable).toBe(prefix + name.slice(1).replaceAll('-', '_').toUpperCase());
  });
}

test('every flag and environment variable that documents and settings name exists', () => {
  const known = [...flagsOf('sfu-server'), ...flagsOf('hls-composer')];
  const settings = fs.readdirSync(path.join(repository, 'systemd')).filter((file) => file.endsWith('.env'));
  expect(settings).not.toEqual([]);
  const documents = ['README.md', 'docs/operations.md', 'docs/design.md', 'docs/signaling.md', 'docs/security.md'];
  for (const file of [...documents, 'docker-compose.yml', ...settings.map((name) => `systemd/${name}`)]) {
    const variables = read(file).match(/\b(SFU|COMPOSER)_[A-Z_]*[A-Z]\b/g) ?? [];
    expect(variables.filter((variable) => known.every((flag) => flag.variable !== variable)), file).toEqual([]);
  }
  for (const file of documents) {
    // Other programs have flags of their own.
    const ours = code(read(file)).filter((sample) => /^(--|sfu-server |hls-composer )/.test(sample));
    const flags = ours.flatMap((sample) => sample.match(/--[a-z][a-z-]*/g) ?? []).filter((flag) => flag !== '--help');
    expect(flags.filter((name) => known.every((flag) => flag.name !== name)), file).toEqual([]);
  }
});

test('every test that docs/security.md names for a claim is there', () => {
  const claims = [...read('docs/security.md').matchAll(/\| `([^`|]+\.(?:rs|ts))`: (.+) \|$/gm)];
  expect(claims.length).toBeGreaterThan(20);
  for (const [, file = '', name = ''] of claims) expect(read(file), `${file} has a test of this name`).toContain(name);
});

function flagsOf(program: 'sfu-server' | 'hls-composer'): Flag[] {
  const flags = helpFlags(execFileSync(path.join(programDir, program), ['--help'], { encoding: 'utf8' }));
  expect(flags.length).toBeGreaterThan(10);
  return flags;
}

function sorted<T extends { name: string }>(flags: T[]): T[] {
  return flags.toSorted((a, b) => a.name.localeCompare(b.name));
}

/** The same command, to this test's daemons. */
function withPorts(command: string, { sfuHttp, hlsHttp, grpc, sfuOps, composerOps }: Ports): string {
  const own = new Map([['3000', sfuHttp], ['3001', hlsHttp], ['50051', grpc], ['9100', sfuOps], ['9101', composerOps]]);
  return command.replace(/127\.0\.0\.1:(\d+)/g, (_, port: string) => `127.0.0.1:${own.get(port)}`);
}
