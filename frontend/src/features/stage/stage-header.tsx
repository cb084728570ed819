// The top of a call: the broadcast's state, how the room is set, and the two links worth sharing.
import { ExternalLink, Lock } from 'lucide-react';
import { Brand } from '../../components/brand';
import { CopyButton } from '../../components/copy-button';
import type { Session } from '../../sfu/session';
import type { SessionState } from '../../sfu/session-state';
import { BroadcastBadge } from './broadcast-badge';
import { RoomMenu } from './room-menu';

interface Props {
  session: Session;
  state: SessionState;
}

export function StageHeader({ session, state }: Props) {
  const { roomId = '', watchId = '', broadcast, host, settings, people, peerId: self, displayName } = state;
  const nameOf = (peerId: string) => (peerId === self ? displayName : people.find((person) => person.peerId === peerId)?.displayName);
  const roomPath = `/room/${roomId}`;
  const watchPath = `/watch/${watchId}`;
  const { origin } = window.location;

  return (
    <header className="flex flex-wrap items-center gap-x-4 gap-y-2 px-4 py-3 sm:px-6">
      <h1 className="sr-only">Room</h1>
      <Brand />
      <BroadcastBadge broadcast={broadcast} nameOf={nameOf} />
      {settings.locked && (
        <span
          role="status"
          data-testid="room-locked"
          title="Nobody new may join"
          className="inline-flex items-center gap-1.5 rounded-full bg-raised px-3 py-1 text-xs font-medium text-soft"
        >
          <Lock size={13} aria-hidden /> Locked
        </span>
      )}
      {host && (
        // On a phone beside the badge, where the links have a row of their own.
        <div className="ml-auto sm:order-last sm:-ml-2">
          <RoomMenu controls={session.hostControls} settings={settings} />
        </div>
      )}
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
