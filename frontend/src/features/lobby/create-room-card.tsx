// Opens a new room and goes there; the room is entered here, so the Stage page finds the session in it already.
import { Video } from 'lucide-react';
import { useNavigate } from 'react-router';
import { EntranceCard } from '../../components/entrance-card';
import { useInvitation } from '../../hooks/use-invitation';

export function CreateRoomCard() {
  const navigate = useNavigate();
  const { joinToken } = useInvitation();

  return (
    <EntranceCard
      action={
        <>
          <Video size={19} aria-hidden /> Create a room
        </>
      }
      acting="Creating…"
      actionTestId="create-room"
      protects
      enter={(session, entrance, takeTracks) => session.create({ ...entrance, joinToken }, takeTracks)}
      onEntered={(session) => navigate(`/room/${session.getSnapshot().roomId ?? ''}`)}
    />
  );
}
