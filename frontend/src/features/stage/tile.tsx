// One person: the camera's picture, or initials on a colour of their own.
import { MicOff } from 'lucide-react';
import { useTrack } from '../../hooks/use-track';
import { hue, initials } from './avatar';

interface Props {
  peerId: string;
  displayName?: string;
  /** Missing while the camera is off. */
  track?: MediaStreamTrack;
  muted: boolean;
  speaking: boolean;
  self?: boolean;
  onAttached?: () => void;
}

export function Tile({ peerId, displayName, track, muted, speaking, self = false, onAttached }: Props) {
  const video = useTrack<HTMLVideoElement>(track, onAttached);
  const name = displayName ?? 'Guest';
  const colour = hue(peerId);

  return (
    <figure
      data-testid="tile"
      data-peer-id={peerId}
      data-self={self}
      data-speaking={speaking}
      data-muted={muted}
      className={`@container relative overflow-hidden rounded-2xl bg-panel ring-2 transition-shadow ${
        speaking ? 'ring-calm shadow-[0_0_2rem_-0.5rem_var(--color-calm)]' : 'ring-transparent'
      }`}
    >
      <div
        aria-hidden
        className="grid size-full place-items-center pb-6"
        style={{ background: `radial-gradient(circle at 50% 40%, oklch(0.36 0.07 ${colour}), oklch(0.22 0.03 ${colour}))` }}
      >
        <span
          className="grid size-[clamp(2.25rem,22cqw,7rem)] place-items-center rounded-full text-[clamp(1rem,9cqw,1.875rem)] font-semibold text-white"
          style={{ background: `oklch(0.52 0.11 ${colour})` }}
        >
          {initials(displayName)}
        </span>
      </div>
      {/* Before its first frame a video is transparent, so the initials bridge the wait. */}
      {track && (
        <video
          ref={video}
          autoPlay
          muted
          playsInline
          aria-label={self ? 'Your camera' : `Camera of ${name}`}
          className={`absolute inset-0 size-full object-cover ${self ? '-scale-x-100' : ''}`}
        />
      )}
      <figcaption className="absolute bottom-2 left-2 flex max-w-[calc(100%-1rem)] items-center gap-1.5 rounded-lg bg-black/55 px-2.5 py-1 text-xs font-medium backdrop-blur-sm sm:text-sm">
        {muted && <MicOff size={14} className="shrink-0 text-live" aria-label="Muted" />}
        <span className="truncate">{self ? `${name} (you)` : name}</span>
      </figcaption>
    </figure>
  );
}
