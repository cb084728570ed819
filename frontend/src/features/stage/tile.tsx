// One person: the camera's picture, or initials on a colour of their own.
import { MicOff, Pin, WifiLow } from 'lucide-react';
import type { ReactNode } from 'react';
import { useTrack } from '../../hooks/use-track';
import { hue, initials } from './avatar';

interface Props {
  peerId: string;
  displayName?: string;
  /** Missing while the camera is off. */
  track?: MediaStreamTrack;
  muted: boolean;
  speaking: boolean;
  /** How loud, from 0 to 1. */
  level?: number;
  self?: boolean;
  reconnecting?: boolean;
  /** What is sent, or received of it, arrives badly. */
  weak?: boolean;
  pinned?: boolean;
  menu?: ReactNode;
  onAttached?: () => void;
}

export function Tile({ peerId, displayName, track, muted, speaking, level = 0, self = false, onAttached, ...marks }: Props) {
  const { reconnecting = false, weak = false, pinned = false, menu } = marks;
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
      data-reconnecting={reconnecting}
      data-weak={weak}
      data-pinned={pinned}
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
      {/* Whoever speaks has the ring around the tile; the light inside it follows the voice. */}
      <span
        aria-hidden
        className="pointer-events-none absolute inset-0 rounded-2xl shadow-[inset_0_0_1.25rem_var(--color-calm)] transition-opacity duration-300"
        style={{ opacity: level * 0.8 }}
      />
      {reconnecting && (
        <p role="status" className="absolute inset-0 grid place-items-center bg-black/60 text-sm font-medium text-white">
          Reconnecting…
        </p>
      )}
      {weak && !reconnecting && (
        <p
          role={self ? 'status' : undefined}
          className="absolute top-2 left-2 flex max-w-[calc(100%-4rem)] items-center gap-1.5 rounded-lg bg-black/55 px-2 py-1 text-xs text-warn backdrop-blur-sm"
        >
          <WifiLow size={15} className="shrink-0" aria-label={self ? undefined : 'Weak connection'} aria-hidden={self} />
          {self && <span className="truncate">Your connection is weak</span>}
        </p>
      )}
      {menu}
      <figcaption className="absolute bottom-2 left-2 flex max-w-[calc(100%-1rem)] items-center gap-1.5 rounded-lg bg-black/55 px-2.5 py-1 text-xs font-medium backdrop-blur-sm sm:text-sm">
        {pinned && <Pin size={14} className="shrink-0 text-accent" aria-label="Pinned in the broadcast" />}
        {muted && <MicOff size={14} className="shrink-0 text-live" aria-label="Muted" />}
        <span className="truncate">{self ? `${name} (you)` : name}</span>
      </figcaption>
    </figure>
  );
}
