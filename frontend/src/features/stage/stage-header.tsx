// The top of a call: the broadcast's state, and the two links worth sharing.
import { ExternalLink } from 'lucide-react';
import { Brand } from '../../components/brand';
import { CopyButton } from '../../components/copy-button';
import type { BroadcastStatus } from '../../signaling/generated';
import { BroadcastBadge } from './broadcast-badge';

interface Props {
  roomId: string;
  broadcast: BroadcastStatus;
}

export function StageHeader({ roomId, broadcast }: Props) {
  const roomPath = `/room/${roomId}`;
  const watchPath = `/watch/${roomId}`;
  const { origin } = window.location;

  return (
    <header className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 sm:px-6">
      <h1 className="sr-only">Room</h1>
      <Brand />
      <BroadcastBadge broadcast={broadcast} />
      <div className="flex w-full items-center gap-2 *:flex-1 sm:ml-auto sm:w-auto sm:*:flex-none">
        <CopyButton text={origin + roomPath} title="Copy the link that invites to this room" data-testid="copy-room-link">
          Invite
        </CopyButton>
        <CopyButton text={origin + watchPath} title="Copy the link for viewers" data-testid="copy-watch-link">
          <span className="sm:hidden">Viewers</span>
          <span className="hidden sm:inline">Viewer link</span>
        </CopyButton>
        <a
          href={watchPath}
          target="_blank"
          rel="noreferrer"
          data-testid="watch-link"
          aria-label="Watch the broadcast in a new tab"
          title="Watch the broadcast in a new tab"
          className="inline-flex items-center justify-center gap-2 rounded-xl bg-raised/80 px-3 py-2 text-sm font-medium hover:bg-line"
        >
          <ExternalLink size={16} aria-hidden />
          Watch
        </a>
      </div>
    </header>
  );
}
