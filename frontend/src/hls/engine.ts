// What plays a playlist in a video element: hls.js, or the browser itself where Media Source Extensions are missing.
import Hls, { ErrorTypes, Events, type ErrorData, type HlsConfig } from 'hls.js';

export interface Engine {
  readonly hls?: Hls;
  /** Where playback should be to be live, in media time. */
  readonly livePosition?: number;
  /** Seconds behind the end of the playlist. */
  readonly latency?: number;
  readonly targetLatency?: number;
  destroy(): void;
}

export type CreateEngine = (video: HTMLVideoElement, url: string, onFailed: () => void) => Engine;

// liveSyncDurationCount stays unset: setting it makes hls.js ignore the playlist's PART-HOLD-BACK, which costs a second or more.
// liveMaxLatencyDurationCount needs it, so far-behind playback is the player's own business ("Go live").
const HLS_CONFIG: Partial<HlsConfig> = {
  lowLatencyMode: true,
  maxLiveSyncPlaybackRate: 1.2,
  backBufferLength: 30,
};

const MEDIA_RECOVERY_EVERY_MS = 5000;

/** Undefined when this browser can play HLS in no way. */
export function chooseEngine(video: HTMLVideoElement): CreateEngine | undefined {
  // Asked first: Chromium claims to play HLS by itself, but with neither low latency nor control over it.
  if (Hls.isSupported()) return (...args) => new HlsEngine(...args);
  if (video.canPlayType('application/vnd.apple.mpegurl')) return (...args) => new NativeEngine(...args);
  return undefined;
}

class HlsEngine implements Engine {
  readonly hls = new Hls(HLS_CONFIG);
  readonly #onFailed: () => void;
  #recoveredAt = -Infinity;

  constructor(video: HTMLVideoElement, url: string, onFailed: () => void) {
    this.#onFailed = onFailed;
    this.hls.on(Events.ERROR, (_event, error) => this.#failed(error));
    this.hls.loadSource(url);
    this.hls.attachMedia(video);
  }

  get livePosition(): number | undefined {
    return this.hls.liveSyncPosition ?? undefined;
  }

  get latency(): number | undefined {
    return this.hls.latency || undefined;
  }

  get targetLatency(): number | undefined {
    return this.hls.targetLatency ?? undefined;
  }

  destroy(): void {
    this.hls.destroy();
  }

  #failed(error: ErrorData): void {
    if (!error.fatal) return;
    const now = performance.now();
    if (error.type === ErrorTypes.MEDIA_ERROR && now - this.#recoveredAt > MEDIA_RECOVERY_EVERY_MS) {
      this.#recoveredAt = now;
      this.hls.recoverMediaError();
      return;
    }
    this.#onFailed();
  }
}

class NativeEngine implements Engine {
  readonly #video: HTMLVideoElement;
  readonly #onFailed: () => void;

  constructor(video: HTMLVideoElement, url: string, onFailed: () => void) {
    this.#video = video;
    this.#onFailed = onFailed;
    video.addEventListener('error', onFailed);
    video.src = url;
  }

  get livePosition(): number | undefined {
    const { seekable } = this.#video;
    return seekable.length > 0 ? seekable.end(seekable.length - 1) : undefined;
  }

  get latency(): number | undefined {
    const edge = this.livePosition;
    return edge === undefined ? undefined : Math.max(0, edge - this.#video.currentTime);
  }

  /** The browser chooses its own distance from the edge, commonly two or three target durations. */
  readonly targetLatency = 6;

  destroy(): void {
    this.#video.removeEventListener('error', this.#onFailed);
    this.#video.removeAttribute('src');
    this.#video.load();
  }
}
