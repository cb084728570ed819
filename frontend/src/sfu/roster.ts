// Who is in the room, as far as the server has told: from joins and leaves, and from the list of producers.
import type { PeerProducers } from '../signaling/generated';
import type { TrackRole } from './producers-diff';
import type { Person, RemoteTrack } from './session-state';

export class Roster {
  readonly #names = new Map<string, string | undefined>();
  #producers: readonly PeerProducers[] = [];

  /** A peer that sends nothing appears in no producer list, so joins are remembered here. */
  joined(peerId: string, displayName?: string): void {
    this.#names.set(peerId, displayName);
  }

  left(peerId: string): void {
    this.#names.delete(peerId);
    this.#producers = this.#producers.filter((peer) => peer.peerId !== peerId);
  }

  producersChanged(producers: readonly PeerProducers[]): void {
    this.#producers = producers;
    for (const peer of producers) this.#names.set(peer.peerId, peer.displayName ?? this.#names.get(peer.peerId));
  }

  /** Everybody but oneself, in the order they were first heard of. */
  people(ownPeerId: string | undefined, trackOf: (peerId: string, role: TrackRole) => RemoteTrack | undefined): Person[] {
    return [...this.#names]
      .filter(([peerId]) => peerId !== ownPeerId)
      .map(([peerId, displayName]) => {
        const sends = this.#producers.find((peer) => peer.peerId === peerId);
        return {
          peerId,
          displayName,
          camera: trackOf(peerId, 'camera'),
          microphone: trackOf(peerId, 'microphone'),
          screen: trackOf(peerId, 'screen'),
          screenAudio: trackOf(peerId, 'screenAudio'),
          cameraPaused: sends?.videoPaused ?? false,
          muted: !sends?.audioProducerId || sends.audioPaused,
        };
      });
  }
}
