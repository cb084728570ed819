// Somebody's voice: heard, not seen.
import { useTrack } from '../../hooks/use-track';
import type { RemoteTrack } from '../../sfu/session-state';

export function RemoteAudio({ remote, onAttached }: { remote: RemoteTrack; onAttached: () => void }) {
  const audio = useTrack<HTMLAudioElement>(remote.track, onAttached);
  return <audio ref={audio} autoPlay />;
}
