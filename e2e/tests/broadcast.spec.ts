// What people send becomes one HLS stream with all of them in it.
import { startChromium } from '../harness/chromium';
import { decodeLive } from '../harness/decode';
import { IS_FULL, within } from '../harness/form';
import { lastPicture } from '../harness/last-picture';
import { report } from '../harness/measured';
import { ada, ben, cleo } from '../harness/person';
import { closeTo, GRID, tileColour } from '../harness/picture';
import { fetchPlaylist } from '../harness/playlist';
import { follow } from '../harness/smoothness';
import { Recording } from '../harness/recording';
import { StagePage } from '../harness/stage-page';
import { expect, test } from '../harness/test';
import { isHeard } from '../harness/tone';
import { until } from '../harness/until';

test('one person is broadcast: ffmpeg plays the address, their colour fills it and their tone is heard', async ({
  enter,
  composer,
  system,
}) => {
  const page = await enter(ada);
  const roomId = await page.createRoom();
  await expect(page.broadcastPhase).toHaveAttribute('data-phase', 'live');
  await expect(page.page.getByTestId('watch-link')).toHaveAttribute('href', `/watch/${(await page.snapshot()).watchId}`);
  await until('the input is active', async () => (await composer.activeInputs(roomId)) > 0);

  const master = await fetch(`${system.url}/hls/${roomId}/index.m3u8`);
  expect(await master.text()).toMatch(/#EXT-X-STREAM-INF:BANDWIDTH=\d+,AVERAGE-BANDWIDTH=\d+,CODECS="avc1[^"]+,mp4a[^"]+",RESOLUTION=256x144,FRAME-RATE=15/);
  const room = (await (await fetch(`${system.url}/api/rooms/${roomId}`)).json()) as object;
  const { watchId } = await page.snapshot();
  const broadcast = { phase: 'live', playlistUrl: `/hls/${watchId}/index.m3u8` };
  expect(room).toEqual({ roomId, peers: 1, hasPassword: false, locked: false, broadcast });

  await expect
    .poll(
      async () => {
        const { pictures, samples } = await decodeLive(`${system.url}/hls/${roomId}/index.m3u8`, 2);
        expect(pictures.length).toBeGreaterThanOrEqual(28);
        return [closeTo(tileColour(pictures.at(-1)!, GRID.one[0]), ada.colour), isHeard(samples, ada.tone), isHeard(samples, ben.tone)];
      },
      { timeout: 30_000 },
    )
    .toEqual([true, true, false]);
});

for (const codec of ['vp8', 'h264'] as const) {
  test(`two people who send ${codec} stand side by side, both are heard, and the Watch page plays 10 s without a stall`, async ({
    enter,
    watch,
    system,
  }) => {
    const first = await enter(ada, { codec });
    const roomId = await first.createRoom();
    const second = await enter(ben, { codec });
    await second.join(roomId);

    const viewer = await watch(roomId);
    await viewer.playsSteadily();
    const recording = Recording.start(system.url, roomId);
    await viewer.observe();
    await viewer.advances(10);
    const playback = await viewer.observed();
    await recording.stop();

    report(`played for ${playback.seconds.toFixed(1)} s: ${playback.waits} waits, ${playback.frames} pictures, longest time without a new one ${Math.round(playback.longestGap)} ms`);
    if (IS_FULL) expect(playback.waits).toBe(0);
    expect(playback.longestGap).toBeLessThan(within(1000));
    expect(playback.frames).toBeGreaterThan(playback.seconds * (IS_FULL ? 10 : 1));

    const { pictures, samples } = await recording.decoded();
    const recent = pictures.slice(-75);
    const colours = recent.map((picture) => GRID.two.map((tile, n) => closeTo(tileColour(picture, tile), [ada, ben][n]!.colour)));
    expect(colours).toEqual(recent.map(() => [true, true]));
    const lately = samples.subarray(-48_000 * 5);
    expect([ada, ben, cleo].map(({ tone }) => isHeard(lately, tone))).toEqual([true, true, false]);
  });
}

test('a person joins muted, unmutes, mutes, another leaves: one timeline, one encoder, and the others miss no frame', async ({
  enter,
  watch,
  composer,
  system,
}) => {
  const first = await enter(ada);
  const roomId = await first.createRoom();
  const second = await enter(ben);
  await second.join(roomId);
  const viewer = await watch(roomId);
  await viewer.playsSteadily();
  const active = () => composer.activeInputs(roomId);
  await expect.poll(active).toBe(2);
  const { encoder, inputs: before } = await composer.broadcast(roomId);
  const firstId = await first.peerId();
  const input = before.find(({ participantId }) => participantId === firstId)!;
  // The third browser starts before anything is measured, because that alone takes a small machine's breath.
  const third = await enter(cleo);
  await third.arrive(roomId, { muted: true });
  const sentBefore = await first.sentFrames();
  const recording = Recording.start(system.url, roomId);
  await viewer.observe();
  await viewer.advances(3);

  await third.enter({ muted: true });
  await expect.poll(active).toBe(3);
  await viewer.advances(2);
  await third.toggle('microphone');
  await viewer.advances(4);
  await third.toggle('microphone');
  await viewer.advances(2);
  await third.toggle('microphone');
  await viewer.advances(2);
  await second.leave();
  await expect.poll(active).toBe(2);
  await viewer.advances(4);
  await recording.stop();

  const playback = await viewer.observed();
  const sentRate = ((await first.sentFrames()) - sentBefore) / playback.seconds;
  report(`three come and go: ${playback.waits} waits of the viewer`);
  if (IS_FULL) expect(playback.waits).toBe(0);
  expect((await composer.broadcast(roomId)).encoder).toMatchObject({ pid: encoder?.pid, generation: encoder?.generation });

  const { playlists, history, segments } = recording;
  expect(history.filter((playlist) => !playlist)).toEqual([]);
  expect(Math.max(...playlists.map(({ discontinuities }) => discontinuities))).toBe(0);
  expect(new Set(playlists.map(({ discontinuitySequence }) => discontinuitySequence)).size).toBe(1);
  expect(playlists.some(({ ended }) => ended)).toBe(false);
  expect(playlists.map(({ mediaSequence }) => mediaSequence)).toEqual(playlists.map(({ mediaSequence }) => mediaSequence).toSorted((a, b) => a - b));
  expect(segments.map(({ sequence }) => sequence)).toEqual(segments.map((_, n) => segments[0]!.sequence + n));

  const { pictures, samples } = await recording.decoded();
  const whole = follow(pictures, [
    { tiles: GRID.two, people: [ada, ben] },
    { tiles: GRID.three, people: [ada, ben, cleo] },
    { tiles: GRID.two, people: [ada, cleo] },
  ]);
  test.info().annotations.push({ type: 'smoothness', description: JSON.stringify({ sentRate, ...whole.smoothness }) });
  expect(whole.scenes).toEqual([0, 1, 2]);
  // Nothing of those who stayed was started again, and all they sent is in the picture. What remains is the difference of two
  // clocks and what a busy machine makes late; starting an input again would cost far more than these limits.
  const { inputs } = await composer.broadcast(roomId);
  expect(inputs.find(({ participantId }) => participantId === firstId)).toMatchObject({ inputId: input.inputId, pid: input.pid, generation: 1 });
  const { fresh = NaN, longestFreeze = NaN, pictures: shown = NaN } = whole.smoothness[ada.name] ?? {};
  report(`${ada.name}: ${fresh} of ${shown} pictures new, ${longestFreeze} in a row without a new one at most`);
  expect((longestFreeze * 1000) / 15).toBeLessThanOrEqual(within(470));
  expect((fresh / shown) * 15, 'frames shown a second').toBeGreaterThan((IS_FULL ? 0.8 : 0.3) * sentRate);
  expect(((whole.smoothness[ben.name]?.longestFreeze ?? Infinity) * 1000) / 15).toBeLessThanOrEqual(within(470));
  expect(isHeard(samples.subarray(-48_000 * 2), cleo.tone)).toBe(true);
});

test('a person whose connection is lost keeps its place and its last picture in the broadcast for as long as its seat is kept', async ({
  enter,
  composer,
  system,
}) => {
  const first = await enter(ada);
  const roomId = await first.createRoom();
  const chromium = await startChromium(ben);
  try {
    const second = await StagePage.open(chromium.browser, system.url, ben.name);
    await second.join(roomId);
    await expect.poll(() => composer.activeInputs(roomId)).toBe(2);
  } finally {
    await chromium.kill();
  }
  await expect(first.page.locator('[data-testid="tile"][data-reconnecting="true"]')).toHaveCount(1);
  const last = async () => (await fetchPlaylist(system.url, roomId))?.segments.at(-1)?.sequence ?? 0;
  const before = await last();
  await until('three segments later', async () => (await last()) >= before + 3);
  const picture = (await lastPicture(system.url, roomId))!;
  expect(closeTo(tileColour(picture, GRID.two[0]), ada.colour)).toBe(true);
  // Darkened and greyed, as what is not live is.
  const [red, green, blue] = tileColour(picture, GRID.two[1]);
  expect(blue, `shown: ${red}, ${green}, ${blue}`).toBeGreaterThan(Math.max(red, green) + 20);
  expect(blue).toBeLessThan(ben.colour[2] - 30);
});
