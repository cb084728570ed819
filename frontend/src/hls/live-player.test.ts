// The player waits, plays, reconnects and ends by itself.
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Engine } from './engine';
import { LivePlayer } from './live-player';
import type { PlaylistState } from './probe-playlist';

class FakeEngine implements Engine {
  latency?: number = 1;
  targetLatency = 1;
  livePosition = 100;
  destroy = vi.fn();
  readonly fail: () => void;

  constructor(fail: () => void) {
    this.fail = fail;
  }
}

let playlist: PlaylistState;
let probe: ReturnType<typeof vi.fn<(url: string) => Promise<PlaylistState>>>;
let engines: FakeEngine[];
let video: HTMLVideoElement;
let player: LivePlayer;
let play: () => Promise<void>;

beforeEach(() => {
  vi.useFakeTimers();
  playlist = 'missing';
  engines = [];
  probe = vi.fn(() => Promise.resolve(playlist));
  video = document.createElement('video');
  let paused = true;
  play = () => {
    paused = false;
    return Promise.resolve();
  };
  Object.defineProperties(video, {
    readyState: { value: 4 },
    paused: { get: () => paused },
    play: { value: () => play() },
    pause: {
      value: () => {
        paused = true;
        video.dispatchEvent(new Event('pause'));
      },
    },
  });
  player = new LivePlayer({
    video,
    still: document.createElement('canvas'),
    url: '/hls/room/index.m3u8',
    probe,
    createEngine: (_video, _url, onFailed) => {
      const engine = new FakeEngine(onFailed);
      engines.push(engine);
      return engine;
    },
  });
});

afterEach(() => {
  player.destroy();
  vi.useRealTimers();
});

const phase = () => player.getSnapshot().phase;
const after = (ms: number) => vi.advanceTimersByTimeAsync(ms);

async function playFor(seconds: number) {
  for (let half = 0; half < seconds * 2; half += 1) {
    video.currentTime += 0.5;
    await after(500);
  }
}

async function startPlaying() {
  playlist = 'live';
  player.start();
  await after(0);
  await playFor(1);
}

describe('LivePlayer', () => {
  it('waits for a playlist that does not exist and starts by itself once it does', async () => {
    player.start();
    await after(10_000);
    expect(phase()).toBe('waiting');
    expect(engines).toHaveLength(0);

    playlist = 'live';
    await after(3000);
    expect(engines).toHaveLength(1);
    await playFor(1);
    expect(phase()).toBe('playing');
  });

  it('asks for a missing playlist after 1 s, 1.5 s, 2.25 s and then every 3 s', async () => {
    player.start();
    const asked: number[] = [];
    for (const ms of [0, 1000, 1500, 2250, 3000, 3000]) {
      await after(ms);
      asked.push(probe.mock.calls.length);
    }
    expect(asked).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('is not playing before the picture moves', async () => {
    playlist = 'live';
    player.start();
    await after(1000);

    expect(phase()).toBe('waiting');
  });

  it('says that it reconnects when the picture stands still for two seconds', async () => {
    await startPlaying();
    await after(1000);
    expect(phase()).toBe('playing');
    await after(1500);
    expect(phase()).toBe('reconnecting');

    await playFor(1);
    expect(phase()).toBe('playing');
    expect(engines).toHaveLength(1);
  });

  it('is not disturbed by a viewer who pauses', async () => {
    await startPlaying();
    player.togglePaused();
    await after(60_000);

    expect(player.getSnapshot()).toMatchObject({ phase: 'playing', paused: true });
    expect(engines).toHaveLength(1);
  });

  it('replaces an engine that gave up, however long the server is away', async () => {
    await startPlaying();
    playlist = 'notReady';
    engines[0]?.fail();
    await after(600_000);
    expect(phase()).toBe('reconnecting');
    expect(engines[0]?.destroy).toHaveBeenCalledTimes(1);

    playlist = 'live';
    await after(3000);
    await playFor(1);
    expect(engines).toHaveLength(2);
    expect(phase()).toBe('playing');
  });

  it('replaces an engine that waits without end', async () => {
    await startPlaying();
    await after(15_000);

    expect(engines.length).toBeGreaterThan(1);
  });

  it('is live again after an interruption left it behind', async () => {
    await startPlaying();
    await after(3000);
    const [engine] = engines;
    if (engine) engine.latency = 9;
    video.currentTime += 0.5;
    await after(500);

    expect(phase()).toBe('playing');
    expect(video.currentTime).toBe(100);
  });

  it('tells how far behind a viewer is and jumps to the live position on request', async () => {
    await startPlaying();
    const [engine] = engines;
    if (engine) engine.latency = 7;
    await playFor(1);
    expect(player.getSnapshot()).toMatchObject({ atEdge: false, behindSeconds: 6, latency: 7 });

    player.goLive();
    expect(video.currentTime).toBe(100);
  });

  it('ends when a finished playlist was played to its end', async () => {
    await startPlaying();
    video.dispatchEvent(new Event('ended'));

    expect(phase()).toBe('ended');
  });

  it('ends when the playlist is gone after having been live, but not at the first miss', async () => {
    await startPlaying();
    playlist = 'missing';
    engines[0]?.fail();
    await after(1000);
    expect(phase()).toBe('reconnecting');

    await after(10_000);
    expect(phase()).toBe('ended');
  });

  it('ends soon after the picture stands still when the playlist is gone, and not while there is one', async () => {
    await startPlaying();
    playlist = 'notReady';
    await after(8000);
    expect(phase()).toBe('reconnecting');
    await playFor(1);
    expect(phase()).toBe('playing');
    playlist = 'missing';
    await after(2000 + 1000);
    expect(phase()).toBe('reconnecting');
    await after(2000);
    expect(phase()).toBe('ended');
    expect(engines[0]?.destroy).toHaveBeenCalledOnce();
  });

  it('comes back from the end when the room goes live again', async () => {
    await startPlaying();
    playlist = 'finished';
    video.dispatchEvent(new Event('ended'));
    await after(20_000);
    expect(phase()).toBe('ended');

    playlist = 'live';
    await after(5000);
    await playFor(1);
    expect(phase()).toBe('playing');
  });

  it('asks for a click when the browser refuses to start by itself', async () => {
    play = () => Promise.reject(new DOMException('', 'NotAllowedError'));
    playlist = 'live';
    player.start();
    await after(0);

    expect(player.getSnapshot().needsGesture).toBe(true);
  });

  it('asks for that click also when the engine has gone to the live edge meanwhile', async () => {
    play = () => Promise.reject(new DOMException('', 'NotAllowedError'));
    playlist = 'live';
    player.start();
    await playFor(2);

    expect(player.getSnapshot()).toMatchObject({ phase: 'waiting', needsGesture: true });
  });

  it('starts muted', () => {
    player.start();

    expect(video.muted).toBe(true);
  });
});
