// Opens a new room and goes there; the room is entered here, so the Stage page finds the session in it already.
import { Video } from 'lucide-react';
import { useNavigate } from 'react-router';
import { EntranceCard } from '../../components/entrance-card';

export function CreateRoomCard() {
  const navigate = useNavigate();

  return (
    <EntranceCard
      action={
        <>
          <Video size={19} aria-hidden /> Create a room
        </>
      }
      acting="Creating…"
      actionTestId="create-room"
      enter={(session, name, takeTracks) => session.create(name, takeTracks)}
      onEntered={(session) => navigate(`/room/${session.getSnapshot().roomId ?? ''}`)}
    />
  );
}
