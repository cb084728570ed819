// When a picture counts as live.
import { describe, expect, it } from 'vitest';
import { liveEdge } from './live-edge';

describe('liveEdge', () => {
  it('is live while the player can catch up by itself', () => {
    expect(liveEdge(2.9, 1)).toEqual({ atEdge: true, behindSeconds: 0 });
  });

  it('is behind by the distance to where a new viewer would start', () => {
    expect(liveEdge(8.6, 1)).toEqual({ atEdge: false, behindSeconds: 8 });
  });

  it('claims nothing while the latency is unknown', () => {
    expect(liveEdge(undefined, 1)).toEqual({ atEdge: true, behindSeconds: 0 });
  });
});
