// Which peers' media arrives badly, and has for a while: a score falls for a moment at every start and every lost packet.
import type { ConsumerState } from '../signaling/generated';

/** Of 10, and worse. */
const BAD = 4;
const BAD_FOR_MS = 4000;

/** How well a stream arrives on its whole way; one that is paused is not bad. */
export function scoreOf({ score, producerScore, producerPaused }: ConsumerState): number {
  return producerPaused ? 10 : Math.min(score, producerScore);
}

interface Stream {
  peerId: string;
  weak: boolean;
  timer: ReturnType<typeof setTimeout>;
}

export class WeakStreams {
  readonly #onChange: (peerIds: readonly string[]) => void;
  /** By the id of a consumer, or of an own producer; only the bad ones. */
  readonly #bad = new Map<string, Stream>();

  constructor(onChange: (peerIds: readonly string[]) => void) {
    this.#onChange = onChange;
  }

  scored(streamId: string, peerId: string, score: number): void {
    const known = this.#bad.get(streamId);
    if (score > BAD) {
      clearTimeout(known?.timer);
      this.#bad.delete(streamId);
      if (known?.weak) this.#tell();
    } else if (!known) {
      const stream: Stream = {
        peerId,
        weak: false,
        timer: setTimeout(() => {
          stream.weak = true;
          this.#tell();
        }, BAD_FOR_MS),
      };
      this.#bad.set(streamId, stream);
    }
  }

  /** Forgets streams that ended: those for which `lives` is false. */
  keepOnly(lives: (streamId: string) => boolean): void {
    for (const streamId of [...this.#bad.keys()]) if (!lives(streamId)) this.scored(streamId, '', 10);
  }

  #tell(): void {
    const weak = [...this.#bad.values()].filter((stream) => stream.weak).map(({ peerId }) => peerId);
    this.#onChange([...new Set(weak)]);
  }
}
