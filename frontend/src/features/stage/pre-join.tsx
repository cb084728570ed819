// Before a room is entered by its link.
import { Link } from 'react-router';
import { Brand } from '../../components/brand';
import { EntranceCard } from '../../components/entrance-card';
import type { Session } from '../../sfu/session';

interface Props {
  roomId: string;
  onJoined: (session: Session) => void;
}

export function PreJoin({ roomId, onJoined }: Props) {
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
              <h1 className="text-xl font-semibold tracking-tight">Join the room</h1>
              <p className="mt-1 mb-4 truncate font-mono text-xs text-faint">{roomId}</p>
            </>
          }
          action="Join"
          acting="Joining…"
          actionTestId="join"
          enter={(session, name, takeTracks) => session.join(roomId, name, takeTracks)}
          onEntered={onJoined}
        />
        <Link to={`/watch/${roomId}`} className="mt-5 rounded-lg px-2 py-1 text-sm text-soft underline-offset-4 hover:text-text hover:underline">
          Only watch the broadcast
        </Link>
      </main>
    </>
  );
}
