// A shared screen: shown whole, because its edges matter.
import { MonitorUp, Pin } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTrack } from '../../hooks/use-track';

interface Props {
  name: string;
  peerId: string;
  track: MediaStreamTrack;
  pinned: boolean;
  menu?: ReactNode;
  onAttached?: () => void;
}

export function ScreenTile({ name, peerId, track, pinned, menu, onAttached }: Props) {
  const video = useTrack<HTMLVideoElement>(track, onAttached);
  return (
    <figure data-testid="screen-tile" data-peer-id={peerId} data-pinned={pinned} className="relative overflow-hidden rounded-2xl bg-black">
      <video ref={video} autoPlay muted playsInline aria-label={name} className="size-full object-contain" />
      {menu}
      <figcaption className="absolute bottom-2 left-2 flex max-w-[calc(100%-1rem)] items-center gap-1.5 rounded-lg bg-black/55 px-2.5 py-1 text-xs font-medium backdrop-blur-sm sm:text-sm">
        {pinned && <Pin size={14} className="shrink-0 text-accent" aria-label="Pinned in the broadcast" />}
        <MonitorUp size={14} className="shrink-0 text-accent" aria-hidden />
        <span className="truncate">{name}</span>
      </figcaption>
    </figure>
  );
}
