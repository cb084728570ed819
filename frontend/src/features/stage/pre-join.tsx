// Before a room is entered by its link.
import { Link } from 'react-router';
import { Brand } from '../../components/brand';
import { EntranceCard } from '../../components/entrance-card';
import type { Invitation } from '../../hooks/use-invitation';
import { useWatchPath } from '../../hooks/use-watch-path';
import type { Session } from '../../sfu/session';

interface Props {
  roomId: string;
  invitation: Invitation;
  onJoined: (session: Session) => void;
}

export function PreJoin({ roomId, invitation: { role, joinToken }, onJoined }: Props) {
  const viewer = role === 'viewer';
  const watchPath = useWatchPath(roomId);

  return (
    <>
      <header className="px-5 py-5 sm:px-8">
        <Brand />
      </header>
      {/* From the top down, so that a sentence that appears moves nothing the person is about to press. */}
      <main className="flex flex-1 flex-col items-center px-4 pt-2 pb-10 sm:pt-[8dvh]">
        <EntranceCard
          heading={
            <>
              <h1 className="text-xl font-semibold tracking-tight">{viewer ? 'Join to watch and listen' : 'Join the room'}</h1>
              <p className="mt-1 mb-4 truncate font-mono text-xs text-faint">{roomId}</p>
              {viewer && <p className="text-sm leading-relaxed text-soft">You see and hear everybody; nobody sees or hears you.</p>}
            </>
          }
          action="Join"
          acting="Joining…"
          actionTestId="join"
          devices={!viewer}
          enter={(session, entrance, takeTracks) => session.join({ roomId, ...entrance, role, joinToken }, takeTracks)}
          onEntered={onJoined}
        />
        {watchPath && (
          <Link
            to={watchPath}
            data-testid="only-watch"
            className="mt-5 rounded-lg px-2 py-1 text-sm text-soft underline-offset-4 hover:text-text hover:underline"
          >
            Only watch the broadcast
          </Link>
        )}
      </main>
    </>
  );
}
