// What a browser says about its own call: getStats of every open connection, with each received track under its peer.
import type { Page } from '@playwright/test';

export interface ReceivedTrack {
  peerId: string;
  kind: 'audio' | 'video';
  producerId: string;
  /** The consumer's id: mediasoup-client names the track so. */
  trackId: string;
  packetsReceived: number;
  packetsLost: number;
  framesDecoded: number;
  /** Of the layer that arrives, in pixels; 0 before the first picture. */
  frameHeight: number;
  audioEnergy: number;
}

export interface CallStats {
  received: ReceivedTrack[];
  /** One per open transport. */
  srtpCiphers: string[];
  negotiations: number;
  connections: number;
  /** Packets of this browser's pictures that the server says it has missed. Of sound it tells the loss of whoever hears it
   * worst, by which Opus chooses how much it repeats. */
  missed: number;
}

export function readCallStats(page: Page): Promise<CallStats> {
  return page.evaluate(async () => {
    const people = window.__session?.getSnapshot().people ?? [];
    const owners = new Map<string, { peerId: string; producerId: string }>();
    for (const { peerId, camera, microphone } of people) {
      for (const remote of [camera, microphone]) if (remote) owners.set(remote.track.id, { peerId, producerId: remote.producerId });
    }
    const open = window.__calls.connections.filter((connection) => connection.connectionState !== 'closed');
    const stats: CallStats = {
      received: [],
      srtpCiphers: [],
      negotiations: window.__calls.negotiations,
      connections: window.__calls.connections.length,
      missed: 0,
    };
    for (const connection of open) {
      for (const report of (await connection.getStats()).values()) {
        if (report.type === 'transport' && report.srtpCipher) stats.srtpCiphers.push(report.srtpCipher);
        if (report.type === 'remote-inbound-rtp' && report.kind === 'video') stats.missed += report.packetsLost ?? 0;
        const owner = report.type === 'inbound-rtp' ? owners.get(report.trackIdentifier) : undefined;
        if (!owner) continue;
        stats.received.push({
          ...owner,
          kind: report.kind,
          trackId: report.trackIdentifier,
          packetsReceived: report.packetsReceived,
          packetsLost: report.packetsLost,
          framesDecoded: report.framesDecoded ?? 0,
          frameHeight: report.frameHeight ?? 0,
          audioEnergy: report.totalAudioEnergy ?? 0,
        });
      }
    }
    return stats;
  });
}
