// What a client does with the server's whole list of producers.
import { describe, expect, it } from 'vitest';
import type { PeerProducers } from '../signaling/generated';
import { diffProducers, remoteProducers } from './producers-diff';

const peer = (peerId: string, producers: Partial<PeerProducers>): PeerProducers => ({
  peerId,
  videoPaused: false,
  audioPaused: false,
  ...producers,
});

describe('remoteProducers', () => {
  it('names every track of every other peer with its role', () => {
    const peers = [
      peer('ada', { videoProducerId: 'v1', audioProducerId: 'a1' }),
      peer('grace', { screenProducerId: 's2', screenAudioProducerId: 'sa2' }),
    ];

    expect(remoteProducers(peers, 'me')).toEqual([
      { producerId: 'a1', peerId: 'ada', role: 'microphone' },
      { producerId: 'v1', peerId: 'ada', role: 'camera' },
      { producerId: 's2', peerId: 'grace', role: 'screen' },
      { producerId: 'sa2', peerId: 'grace', role: 'screenAudio' },
    ]);
  });

  it('leaves out what this peer sends itself', () => {
    const peers = [peer('me', { videoProducerId: 'mine' }), peer('ada', { videoProducerId: 'hers' })];

    expect(remoteProducers(peers, 'me').map((producer) => producer.producerId)).toEqual(['hers']);
  });
});

describe('diffProducers', () => {
  const wanted = remoteProducers([peer('ada', { videoProducerId: 'v1', audioProducerId: 'a1' })], 'me');

  it('consumes everything when nothing is consumed yet', () => {
    expect(diffProducers([], wanted)).toEqual({ toConsume: wanted, toClose: [] });
  });

  it('does nothing when the list repeats what is consumed', () => {
    expect(diffProducers(['v1', 'a1'], wanted)).toEqual({ toConsume: [], toClose: [] });
  });

  it('closes what the list no longer names and consumes only what is new', () => {
    const { toConsume, toClose } = diffProducers(['a1', 'old'], wanted);

    expect(toConsume.map((producer) => producer.producerId)).toEqual(['v1']);
    expect(toClose).toEqual(['old']);
  });

  it('treats a camera that came back under a new id as one to close and one to consume', () => {
    const again = remoteProducers([peer('ada', { videoProducerId: 'v2' })], 'me');

    expect(diffProducers(['v1'], again)).toEqual({ toConsume: again, toClose: ['v1'] });
  });
});
