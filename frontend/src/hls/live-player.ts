// Plays one live playlist in one video element, without React: waits until it exists, plays it, and comes back by itself from
// whatever interrupts it.
import type Hls from 'hls.js';
import { Backoff } from '../backoff';
import { ObservableState } from '../observable-state';
import type { CreateEngine, Engine } from './engine';
import { liveEdge } from './live-edge';
import { initialPlayerState, type PlayerState } from './player-state';
import type { PlaylistState } from './probe-playlist';

const TICK_MS = 500;
/** A picture that stands still this long is a lost connection to the viewer. */
const STALLED_AFTER_MS = 2000;
/** After this long the engine is replaced: whatever it waits for does not come. */
const REPLACED_AFTER_MS = 12_000;
/** A server that restarts may not know the playlist for a moment; only after this many misses in a row it is over. */
const MISSES_UNTIL_ENDED = 3;
/** An ended room may go live again under the same address. */
const ENDED_POLL_MS = 5000;

export interface PlayerParts {
  video: HTMLVideoElement;
  /** Lies behind the video and keeps the last picture while the video has none. */
  still: HTMLCanvasElement;
  url: string;
  createEngine: CreateEngine;
  probe: (url: string) => Promise<PlaylistState>;
}

export class LivePlayer {
  readonly #parts: PlayerParts;
  readonly #state = new ObservableState<PlayerState>(initialPlayerState);
  readonly #backoff = new Backoff(1000, 3000);
  readonly #stopListening = new AbortController();
  #engine?: Engine;
  #tick?: ReturnType<typeof setInterval>;
  #retry?: ReturnType<typeof setTimeout>;
  #hasPlayed = false;
  #misses = 0;
  #lastTime = 0;
  #lastMoved = 0;

  readonly subscribe = this.#state.subscribe;
  readonly getSnapshot = this.#state.getSnapshot;

  constructor(parts: PlayerParts) {
    this.#parts = parts;
  }

  get hls(): Hls | undefined {
    return this.#engine?.hls;
  }

  start(): void {
    const { video } = this.#parts;
    const { signal } = this.#stopListening;
    video.muted = true;
    for (const event of ['play', 'pause', 'volumechange']) video.addEventListener(event, () => this.#showControls(), { signal });
    video.addEventListener('playing', () => this.#observe(), { signal });
    video.addEventListener('ended', () => this.#ended(), { signal });
    this.#tick = setInterval(() => this.#observe(), TICK_MS);
    void this.#look();
  }

  destroy(): void {
    this.#stopListening.abort();
    clearInterval(this.#tick);
    clearTimeout(this.#retry);
    this.#dropEngine();
  }

  /** Jumps to where the picture is live. */
  goLive(): void {
    const position = this.#engine?.livePosition;
    if (position !== undefined) this.#parts.video.currentTime = position;
    void this.#play();
  }

  togglePaused(): void {
    if (this.#parts.video.paused) void this.#play();
    else this.#parts.video.pause();
  }

  setMuted(muted: boolean): void {
    this.#parts.video.muted = muted;
    if (!muted && this.#parts.video.volume === 0) this.#parts.video.volume = 1;
  }

  setVolume(volume: number): void {
    this.#parts.video.volume = volume;
    this.#parts.video.muted = volume === 0;
  }

  /** Looks whether the playlist can be played; if not, looks again later, for ever. */
  async #look(): Promise<void> {
    const playlist = await this.#parts.probe(this.#parts.url);
    if (this.#stopListening.signal.aborted) return;
    this.#misses = playlist === 'missing' ? this.#misses + 1 : 0;
    const gone = this.#hasPlayed && this.#misses >= MISSES_UNTIL_ENDED;
    if (this.#engine && !gone) {
      // As long as there is a playlist, the engine knows best what it waits for.
      if (playlist === 'missing' && this.#state.getSnapshot().phase === 'reconnecting') this.#lookLater();
      return;
    }
    if (playlist === 'live') {
      this.#begin();
      return;
    }
    if (gone || playlist === 'finished') {
      this.#ended();
      return;
    }
    if (this.#state.getSnapshot().phase !== 'ended') this.#state.update({ phase: this.#hasPlayed ? 'reconnecting' : 'waiting' });
    this.#lookLater();
  }

  #lookLater(): void {
    const ended = this.#state.getSnapshot().phase === 'ended';
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => void this.#look(), ended ? ENDED_POLL_MS : this.#backoff.next());
  }

  #begin(): void {
    const { video, url, createEngine } = this.#parts;
    this.#lastMoved = performance.now();
    this.#lastTime = video.currentTime;
    this.#engine = createEngine(video, url, () => this.#interrupted());
    void this.#play();
  }

  /** The engine gave up, or was given up on. */
  #interrupted(): void {
    this.#keepPicture();
    this.#dropEngine();
    this.#state.update({ phase: this.#hasPlayed ? 'reconnecting' : 'waiting', latency: undefined });
    this.#lookLater();
  }

  #ended(): void {
    this.#keepPicture();
    this.#dropEngine();
    this.#state.update({ phase: 'ended', latency: undefined, atEdge: true, behindSeconds: 0 });
    // Whatever comes next under this address is another broadcast.
    this.#hasPlayed = false;
    this.#misses = 0;
    this.#lookLater();
  }

  /** Compares the picture with half a second ago. */
  #observe(): void {
    const { video } = this.#parts;
    if (!this.#engine) return;
    const now = performance.now();
    const { phase } = this.#state.getSnapshot();
    if (video.currentTime !== this.#lastTime) {
      this.#lastTime = video.currentTime;
      this.#lastMoved = now;
      // An engine also moves the clock of a video that the browser refused to start: it goes to the live edge and waits there.
      if (!video.paused && video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.#moves();
    } else if (video.paused) {
      this.#lastMoved = now;
    } else if (now - this.#lastMoved >= REPLACED_AFTER_MS) {
      return this.#interrupted();
    } else if (phase === 'playing' && now - this.#lastMoved >= STALLED_AFTER_MS) {
      this.#state.update({ phase: 'reconnecting' });
      void this.#look();
    }
    const { latency, targetLatency } = this.#engine;
    this.#state.update({ latency, ...liveEdge(latency, targetLatency) });
  }

  #moves(): void {
    const { phase } = this.#state.getSnapshot();
    if (phase === 'playing') return;
    this.#backoff.reset();
    this.#hasPlayed = true;
    this.#misses = 0;
    this.#state.update({ phase: 'playing', needsGesture: false });
    // The viewer did not choose to be late, so a resumed picture is live again.
    if (phase === 'reconnecting' && !liveEdge(this.#engine?.latency, this.#engine?.targetLatency).atEdge) this.goLive();
  }

  async #play(): Promise<void> {
    try {
      await this.#parts.video.play();
      this.#state.update({ needsGesture: false });
    } catch (error) {
      if (error instanceof DOMException && error.name === 'NotAllowedError') this.#state.update({ needsGesture: true });
    }
  }

  #showControls(): void {
    const { paused, muted, volume } = this.#parts.video;
    this.#state.update({ paused, muted, volume });
  }

  #keepPicture(): void {
    const { video, still } = this.#parts;
    if (video.videoWidth === 0) return;
    still.width = video.videoWidth;
    still.height = video.videoHeight;
    still.getContext('2d')?.drawImage(video, 0, 0);
  }

  #dropEngine(): void {
    this.#engine?.destroy();
    this.#engine = undefined;
  }
}
