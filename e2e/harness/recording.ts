// A viewer that keeps everything: follows a live playlist, remembers each state of it and every segment it named.
import { setTimeout as pause } from 'node:timers/promises';
import { decode, type Decoded } from './decode';
import { fetchPlaylist, type Playlist, type Segment } from './playlist';

const POLL_MS = 250;

export class Recording {
  /** Every answer so far; undefined where there was none. */
  readonly history: (Playlist | undefined)[] = [];
  readonly segments: Segment[] = [];
  readonly #base: string;
  readonly #origin: string;
  readonly #roomId: string;
  readonly #bytes = new Map<string, Buffer>();
  #running = true;
  #loop: Promise<void>;

  private constructor(origin: string, roomId: string) {
    this.#origin = origin;
    this.#roomId = roomId;
    this.#base = `${origin}/hls/${roomId}`;
    this.#loop = this.#follow();
  }

  /** Begins at the live edge, with the newest segment listed now. */
  static start(origin: string, roomId: string): Recording {
    return new Recording(origin, roomId);
  }

  /** The playlists that were there. */
  get playlists(): Playlist[] {
    return this.history.filter((playlist) => playlist !== undefined);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#loop;
  }

  /** Pictures and sound of everything recorded. */
  async decoded(): Promise<Decoded> {
    const whole: Decoded = { pictures: [], samples: new Float32Array() };
    for (const run of this.runs()) {
      const { pictures, samples } = await decode(run);
      whole.pictures.push(...pictures);
      whole.samples = Float32Array.from([...whole.samples, ...samples]);
    }
    return whole;
  }

  /** Segments that share an initialization section, each run with it in front. */
  runs(): Buffer[] {
    const runs = new Map<string, Buffer[]>();
    for (const { map, uri } of this.segments) {
      const run = runs.get(map) ?? [this.#bytes.get(map) ?? Buffer.alloc(0)];
      run.push(this.#bytes.get(uri) ?? Buffer.alloc(0));
      runs.set(map, run);
    }
    return [...runs.values()].map((run) => Buffer.concat(run));
  }

  async #follow(): Promise<void> {
    while (this.#running) {
      const playlist = await fetchPlaylist(this.#origin, this.#roomId);
      this.history.push(playlist);
      const listed = playlist?.segments ?? [];
      for (const segment of this.segments.length === 0 ? listed.slice(-1) : listed) {
        if (this.#bytes.has(segment.uri) || segment.sequence < (this.segments[0]?.sequence ?? 0)) continue;
        if (!this.#bytes.has(segment.map)) this.#bytes.set(segment.map, await this.#fetch(segment.map));
        this.#bytes.set(segment.uri, await this.#fetch(segment.uri));
        this.segments.push(segment);
      }
      await pause(POLL_MS);
    }
  }

  async #fetch(name: string): Promise<Buffer> {
    const response = await fetch(`${this.#base}/${name}`);
    if (!response.ok) throw new Error(`a listed file is not served: ${name}: ${response.status}`);
    return Buffer.from(await response.arrayBuffer());
  }
}
