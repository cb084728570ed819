// How far from the live edge playback is.

/** Catching up at 1.2 times the speed happens within this distance; beyond it, somebody has to seek. */
const AT_EDGE_WITHIN_S = 2.5;

export interface LiveEdge {
  atEdge: boolean;
  /** Whole seconds behind where a new viewer would start; 0 at the edge. */
  behindSeconds: number;
}

export function liveEdge(latency: number | undefined, targetLatency: number | undefined): LiveEdge {
  const behind = (latency ?? 0) - (targetLatency ?? 0);
  if (latency === undefined || targetLatency === undefined || behind < AT_EDGE_WITHIN_S) return { atEdge: true, behindSeconds: 0 };
  return { atEdge: false, behindSeconds: Math.round(behind) };
}
