// Where the broadcast of a room is watched, for somebody who stands before its door.
import { useEffect, useState } from 'react';
import type { RoomSummary } from '../signaling/generated';

/** Undefined where nothing is broadcast, and of rooms behind a password or a join token: those are watched by the viewers' link alone. */
export function useWatchPath(roomId: string): string | undefined {
  const [path, setPath] = useState<string>();

  useEffect(() => {
    const leaving = new AbortController();
    fetch(`/api/rooms/${encodeURIComponent(roomId)}`, { signal: leaving.signal })
      .then(async (response) => {
        if (response.ok) setPath(watchPath((await response.json()) as RoomSummary));
      })
      // Nothing depends on it: the link is not there then.
      .catch(() => undefined);
    return () => leaving.abort();
  }, [roomId]);

  return path;
}

/** By the watch id, as it stands in the playlist's address: with the room's own id, whoever is shown the link could join. */
export function watchPath({ broadcast }: RoomSummary): string | undefined {
  if (!broadcast || !('playlistUrl' in broadcast) || broadcast.phase === 'ended') return undefined;
  const [, watchId] = /\/hls\/([^/]+)\/index\.m3u8$/.exec(broadcast.playlistUrl ?? '') ?? [];
  return watchId && `/watch/${watchId}`;
}
