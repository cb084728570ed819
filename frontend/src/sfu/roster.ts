// Who is in the room and who sends what, as far as the server has told.
import type { Peer, PeerProducers } from '../signaling/generated';
import type { TrackRole } from './producers-diff';
import type { Person, RemoteTrack } from './session-state';

export class Roster {
  readonly #peers: Map<string, Peer>;
  #producers: readonly PeerProducers[];

  constructor(peers: readonly Peer[] = [], producers: readonly PeerProducers[] = []) {
    this.#peers = new Map(peers.map((peer) => [peer.peerId, peer]));
    this.#producers = producers;
  }

  get producers(): readonly PeerProducers[] {
    return this.#producers;
  }

  /** Somebody joined, or is not as before. */
  changed(peer: Peer): void {
    this.#peers.set(peer.peerId, peer);
  }

  left(peerId: string): void {
    this.#peers.delete(peerId);
    this.#producers = this.#producers.filter((peer) => peer.peerId !== peerId);
  }

  producersChanged(producers: readonly PeerProducers[]): void {
    this.#producers = producers;
  }

  producersOf(peerId: string | undefined): PeerProducers | undefined {
    return this.#producers.find((peer) => peer.peerId === peerId);
  }

  /** Everybody but oneself, in the order in which they joined. */
  people(ownPeerId: string | undefined, trackOf: (peerId: string, role: TrackRole) => RemoteTrack | undefined): Person[] {
    return [...this.#peers.values()]
      .filter(({ peerId }) => peerId !== ownPeerId)
      .map((peer) => {
        const sends = this.producersOf(peer.peerId);
        return {
          ...peer,
          camera: trackOf(peer.peerId, 'camera'),
          microphone: trackOf(peer.peerId, 'microphone'),
          screen: trackOf(peer.peerId, 'screen'),
          screenAudio: trackOf(peer.peerId, 'screenAudio'),
          cameraPaused: sends?.videoPaused ?? false,
          muted: !sends?.audioProducerId || sends.audioPaused,
        };
      });
  }
}
