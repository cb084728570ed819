// Compares what a browser has of a call with what the server kept of it while the connection was lost.

export interface Differences {
  /** The browser has them, the server does not. */
  lost: string[];
  /** The server has them, the browser does not: asked for, or given up, when the connection broke. */
  unknown: string[];
}

export function differences(known: Iterable<string>, kept: readonly string[]): Differences {
  const knownIds = new Set(known);
  const keptIds = new Set(kept);
  return {
    lost: [...knownIds].filter((id) => !keptIds.has(id)),
    unknown: kept.filter((id) => !knownIds.has(id)),
  };
}
