// Compares the server's whole list of producers with what is consumed now.
import type { PeerProducers } from '../signaling/generated';

/** What a remote track is. */
export type TrackRole = 'camera' | 'microphone' | 'screen' | 'screenAudio';

export interface RemoteProducer {
  producerId: string;
  peerId: string;
  role: TrackRole;
}

export interface ProducersDiff {
  toConsume: RemoteProducer[];
  toClose: string[];
}

/** Every producer of everybody but oneself. */
export function remoteProducers(peers: readonly PeerProducers[], ownPeerId: string): RemoteProducer[] {
  return peers
    .filter((peer) => peer.peerId !== ownPeerId)
    .flatMap((peer) => {
      const byRole: [TrackRole, string | undefined][] = [
        ['microphone', peer.audioProducerId],
        ['camera', peer.videoProducerId],
        ['screen', peer.screenProducerId],
        ['screenAudio', peer.screenAudioProducerId],
      ];
      return byRole.flatMap(([role, producerId]) => (producerId ? [{ producerId, peerId: peer.peerId, role }] : []));
    });
}

/** What to start and stop consuming so that exactly `wanted` is consumed. */
export function diffProducers(consumed: Iterable<string>, wanted: readonly RemoteProducer[]): ProducersDiff {
  const consumedIds = new Set(consumed);
  const wantedIds = new Set(wanted.map((producer) => producer.producerId));
  return {
    toConsume: wanted.filter((producer) => !consumedIds.has(producer.producerId)),
    toClose: [...consumedIds].filter((producerId) => !wantedIds.has(producerId)),
  };
}
