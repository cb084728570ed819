// The newest picture of a stream, as a viewer who has just come gets it.
import { decode } from './decode';
import type { Picture } from './picture';
import { fetchPlaylist } from './playlist';

export async function lastPicture(origin: string, roomId: string): Promise<Picture | undefined> {
  const segment = (await fetchPlaylist(origin, roomId))?.segments.at(-1);
  if (!segment) return undefined;
  const media = [segment.map, segment.uri].map(async (name) => {
    const response = await fetch(`${origin}/hls/${roomId}/${name}`);
    if (!response.ok) throw new Error(`a listed file is not served: ${name}: ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  });
  return (await decode(Buffer.concat(await Promise.all(media)))).pictures.at(-1);
}
