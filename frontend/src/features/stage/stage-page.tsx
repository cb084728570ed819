// The page of a room: the pre-join card until the room is entered, then the call.
import { useEffect, useState } from 'react';
import { useParams } from 'react-router';
import { useInvitation } from '../../hooks/use-invitation';
import { usePageTitle } from '../../hooks/use-page-title';
import { holdSession, sessionIn } from '../../sfu/current-session';
import { CallView } from './call-view';
import { PreJoin } from './pre-join';

export default function StagePage() {
  const { roomId = '' } = useParams();
  usePageTitle('Room');
  return <Stage key={roomId} roomId={roomId} />;
}

function Stage({ roomId }: { roomId: string }) {
  const [session, setSession] = useState(() => sessionIn(roomId));
  const invitation = useInvitation();

  useEffect(() => (session ? holdSession(session) : undefined), [session]);

  if (!session) return <PreJoin roomId={roomId} invitation={invitation} onJoined={setSession} />;
  return <CallView session={session} onJoinAgain={() => setSession(undefined)} />;
}
