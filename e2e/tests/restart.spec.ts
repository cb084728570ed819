// Parts of the product start again while a call is broadcast: the call goes on, the stream comes back, its address stays.
import type { CallStats } from '../harness/call-stats';
import type { Step } from '../harness/composer-client';
import { IS_FULL, REPEAT, within } from '../harness/form';
import { coloursOnAir, expect, test } from '../harness/live';
import { percentile, report } from '../harness/measured';
import { ada, ben } from '../harness/person';
import { closeTo, GRID, tileColour } from '../harness/picture';
import { fetchPlaylist, newest, type Playlist } from '../harness/playlist';
import { ffmpegsOf } from '../harness/processes';
import { Recording } from '../harness/recording';
import type { StagePage } from '../harness/stage-page';
import { until } from '../harness/until';

/** How long the stream may take to move on after the start of hls-composer. */
const ADVANCES_WITHIN_MS = 3000;

for (const scope of ['INPUTS', 'ENCODER', 'EVERYTHING'] as const) {
  const [inputs, encoder] = [scope !== 'ENCODER', scope !== 'INPUTS'];
  const what = inputs ? `climbs every input's ladder in order${encoder ? ', starts a new encoder' : ''}` : 'starts a new encoder';
  test(`RestartPipeline of ${scope} ${what}, and the Watch page plays on`, async ({ composer, live, system }) => {
    const { roomId, viewer } = live;
    const before = await composer.broadcast(roomId);
    const recording = Recording.start(system.url, roomId);
    await viewer.observe();
    await viewer.advances(2);

    const calledAt = Date.now();
    const restarted = await composer.restartPipeline({ roomId, scope });
    expect(restarted.complete).toBe(true);
    expect(restarted.inputs).toHaveLength(inputs ? 2 : 0);
    for (const { trace, state, inputId } of restarted.inputs) {
      expect(['ACTIVE', 'SILENT']).toContain(state);
      expect(before.inputs.map((input) => input.inputId)).not.toContain(inputId);
      expectOrderedTrace(trace, calledAt);
    }
    await viewer.advances(6);
    await recording.stop();

    const after = await composer.broadcast(roomId);
    const pids = (status: typeof before) => status.inputs.map(({ pid }) => pid);
    expect(pids(after).some((pid) => pids(before).includes(pid))).toBe(!inputs);
    expect(after.encoder?.pid === before.encoder?.pid).toBe(!encoder);
    expect(Math.max(...recording.playlists.map(({ discontinuities }) => discontinuities))).toBe(encoder ? 1 : 0);
    const playback = await viewer.observed();
    test.info().annotations.push({ type: 'playback', description: JSON.stringify(playback) });
    report(`restart of ${scope}: ${playback.waits} waits, longest time without a new picture ${Math.round(playback.longestGap)} ms`);
    expect(playback.longestGap).toBeLessThan(within(1000));
    // A new encoder is a discontinuity, at which a player may take a breath; inputs alone are none.
    if (IS_FULL && !encoder) expect(playback.waits).toBe(0);
    const last = (await recording.decoded()).pictures.at(-1)!;
    expect(GRID.two.map((tile, n) => closeTo(tileColour(last, tile), [ada, ben][n]!.colour))).toEqual([true, true]);
  });
}

test('RestartPipeline of one person climbs for that person alone', async ({ composer, live }) => {
  const { roomId, first, second } = live;
  const [one, other] = [await first.peerId(), await second.peerId()];
  const before = await composer.broadcast(roomId);
  const restarted = await composer.restartPipeline({ roomId, scope: 'ONE_INPUT', input: one });
  expect(restarted).toMatchObject({ complete: true, inputs: [{ participantId: one }] });
  const after = await composer.broadcast(roomId);
  const inputOf = ({ inputs }: typeof before, peerId: string) => inputs.find(({ participantId }) => participantId === peerId)?.inputId;
  expect(inputOf(after, one)).not.toBe(inputOf(before, one));
  expect(inputOf(after, other)).toBe(inputOf(before, other));
});

test('RestartPipeline of a room nobody knows is NOT_FOUND', async ({ composer }) => {
  await expect(composer.restartPipeline({ roomId: 'no-such-room' })).rejects.toMatchObject({ code: 5 });
});

for (const end of ['stop', 'kill'] as const) {
  const signal = end === 'stop' ? 'SIGTERM' : 'SIGKILL';
  test(`hls-composer ended by ${signal} and started again: the call is untouched, the stream goes on at its address`, async ({
    live,
    system,
  }) => {
    test.setTimeout(60_000 + REPEAT * 40_000);
    const { roomId, first, second, viewer, active } = live;
    const took: number[] = [];
    for (let round = 1; round <= REPEAT; round += 1) {
      await test.step(`round ${round} of ${REPEAT}`, async () => {
        const calls = [await first.stats(), await second.stats()];
        const before = (await fetchPlaylist(system.url, roomId))!;

        await system.composer[end]();
        await expectFramesGrow([first, second]);
        const startedAt = performance.now();
        await system.composer.start();
        const after = await until('the stream moves on', async () => {
          const playlist = await fetchPlaylist(system.url, roomId);
          return playlist && isNewer(playlist, before) && playlist;
        });
        took.push(performance.now() - startedAt);
        expect(took.at(-1)).toBeLessThan(within(ADVANCES_WITHIN_MS));
        expectContinued(after, before);

        await expect.poll(active).toBe(2);
        await expectFramesGrow([first, second]);
        expectUntouched([await first.stats(), await second.stats()], calls);
        await expect(first.broadcastPhase).toHaveAttribute('data-phase', 'live');
        await viewer.plays();
        await viewer.advances(3);
        await expect.poll(() => coloursOnAir(system.url, roomId), { timeout: 10_000 }).toEqual([true, true]);
      });
    }
    const [median, most] = [0.5, 1].map((share) => Math.round(percentile(took, share)));
    report(`hls-composer ended by ${signal}, ${took.length} of ${REPEAT}: the stream moves on ${median} ms (median), ${most} ms (most) after its start`);
    expect(await ffmpegsOf(system.composer.pid)).toHaveLength(3);
    expect((await fetchPlaylist(system.url, roomId))?.ended).toBe(false);
  });
}

test('an ingest and the encoder killed with SIGKILL come back by themselves', async ({ composer, live, system }) => {
  const { roomId, viewer, active } = live;
  const { inputs, encoder } = await composer.broadcast(roomId);
  await viewer.observe();
  process.kill(inputs[0]!.pid, 'SIGKILL');
  await expect.poll(async () => (await composer.broadcast(roomId)).inputs.find(({ inputId }) => inputId === inputs[0]!.inputId)?.generation).toBe(2);
  await expect.poll(active).toBe(2);
  await viewer.advances(2);
  const { waits } = await viewer.observed();
  report(`${waits} waits of the viewer`);
  if (IS_FULL) expect(waits).toBe(0);

  process.kill(encoder!.pid, 'SIGKILL');
  await expect.poll(async () => (await composer.broadcast(roomId)).encoder?.generation).toBe(encoder!.generation + 1);
  await viewer.advances(4);
  await viewer.plays();
  await expect.poll(() => coloursOnAir(system.url, roomId), { timeout: 10_000 }).toEqual([true, true]);
});

for (const end of ['stop', 'kill'] as const) {
  const how = end === 'stop' ? 'restarted in a live broadcast' : 'killed in a live broadcast and started again';
  test(`sfu-server, ${how}: the playlist stays open, and the people are back in it`, async ({ composer, live, system }) => {
    const { roomId, first, second, viewer, active } = live;
    const before = (await fetchPlaylist(system.hlsUrl, roomId))!;
    const { encoder } = await composer.broadcast(roomId);
    const recording = Recording.start(system.hlsUrl, roomId);

    await system.sfu[end]();
    await until('the composer notices', async () => (await composer.broadcast(roomId)).phase === 'ORPHANED');
    await until('the slate goes on', async () => isNewer((await fetchPlaylist(system.hlsUrl, roomId))!, before));
    await system.sfu.start();

    for (const page of [first, second]) {
      await expect.poll(async () => (await page.snapshot()).phase).toBe('joined');
      expect(await page.room()).toBe(roomId);
      await expect(page.broadcastPhase).toHaveAttribute('data-phase', 'live');
    }
    await expect.poll(active).toBe(2);
    await expect
      .poll(async () => (await coloursOnAir(system.url, roomId)).toSorted(), { timeout: 10_000 })
      .toEqual([true, true]);
    await viewer.plays();
    await viewer.advances(3);
    await recording.stop();

    expect(recording.playlists.some(({ ended }) => ended)).toBe(false);
    expect(recording.history).not.toContain(undefined);
    expect(Math.max(...recording.playlists.map(({ discontinuities }) => discontinuities))).toBe(0);
    expect((await composer.broadcast(roomId)).encoder?.pid).toBe(encoder?.pid);
  });
}

/** Steps 1 to 8, each once, each begun no earlier than the one before and timed, all of this restart. */
function expectOrderedTrace(trace: readonly Step[], calledAt: number): void {
  expect(trace.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(trace.map(({ outcome }) => outcome)).toEqual(trace.map(() => 'ok'));
  const starts = trace.map(({ startedUnixMs }) => startedUnixMs);
  expect(starts).toEqual(starts.toSorted((a, b) => a - b));
  expect(starts[0]).toBeGreaterThanOrEqual(calledAt - 50);
  for (const [n, step] of trace.entries()) {
    const next = trace[n + 1];
    const end = step.startedUnixMs + step.tookUs / 1000;
    // Both daemons write into one trace, in whole milliseconds.
    if (next) expect(end, `${step.name} ends before ${next.name} begins`).toBeLessThanOrEqual(next.startedUnixMs + 2);
  }
}

/** No transport and no consumer was exchanged, and nothing was negotiated. */
function expectUntouched(after: readonly CallStats[], before: readonly CallStats[]): void {
  const identity = ({ received, negotiations, connections }: CallStats) => ({
    negotiations,
    connections,
    tracks: received.map(({ peerId, producerId, trackId, kind }) => ({ peerId, producerId, trackId, kind })),
  });
  expect(after.map(identity)).toEqual(before.map(identity));
}

async function expectFramesGrow(pages: readonly StagePage[]): Promise<void> {
  for (const page of pages) {
    const frames = async () => (await page.stats()).received.filter(({ kind }) => kind === 'video').map(({ framesDecoded }) => framesDecoded);
    const [before = 0] = await frames();
    await expect.poll(async () => (await frames())[0], { timeout: within(3000) }).toBeGreaterThan(before + 5);
  }
}

/** Something is listed that was not before. */
function isNewer(playlist: Playlist, before: Playlist): boolean {
  const lastBefore = before.segments.at(-1)?.sequence ?? 0;
  return newest(playlist) !== newest(before) && (playlist.segments.at(-1)?.sequence ?? 0) > lastBefore;
}

/** The same timeline goes on: numbers grow, an old segment keeps its number and name, and nothing is ended. */
function expectContinued(after: Playlist, before: Playlist): void {
  expect(after.ended).toBe(false);
  expect(after.mediaSequence).toBeGreaterThanOrEqual(before.mediaSequence);
  expect(after.discontinuitySequence).toBeGreaterThanOrEqual(before.discontinuitySequence);
  const old = new Map(before.segments.map(({ sequence, uri }) => [sequence, uri]));
  for (const { sequence, uri } of after.segments) expect(uri).toBe(old.get(sequence) ?? uri);
}
