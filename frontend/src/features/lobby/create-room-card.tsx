// Opens a new room and goes there; the room is entered here, so the Stage page finds the session in it already.
import { Video } from 'lucide-react';
import { useState, type SyntheticEvent } from 'react';
import { useNavigate } from 'react-router';
import { Button } from '../../components/button';
import { DevicePreview } from '../../components/device-preview';
import { TextField } from '../../components/text-field';
import { useDevicePreview } from '../../hooks/use-device-preview';
import { DISPLAY_NAME_LENGTH, useDisplayName } from '../../hooks/use-display-name';

export function CreateRoomCard({ onProblem }: { onProblem: (text: string) => void }) {
  const [name, setName] = useDisplayName();
  const [creating, setCreating] = useState(false);
  const preview = useDevicePreview();
  const navigate = useNavigate();

  const create = async (event: SyntheticEvent) => {
    event.preventDefault();
    setCreating(true);
    try {
      // On demand: mediasoup-client and socket.io are no part of the start page.
      const { newSession } = await import('../../sfu/current-session');
      const session = newSession();
      try {
        await session.create(name, preview.take);
      } catch (error) {
        void session.leave();
        throw error;
      }
      void session.startDevices(preview.wanted);
      await navigate(`/room/${session.getSnapshot().roomId ?? ''}`);
    } catch (error) {
      onProblem(error instanceof Error ? error.message : 'The room could not be created. Try again.');
      setCreating(false);
    }
  };

  return (
    <form
      onSubmit={(event) => void create(event)}
      className="rounded-3xl border border-line bg-panel/80 p-5 shadow-2xl shadow-black/40 sm:p-6"
    >
      <DevicePreview preview={preview} />
      <TextField
        label="Your name"
        hint="optional"
        className="mt-3"
        placeholder="How others see you"
        value={name}
        maxLength={DISPLAY_NAME_LENGTH}
        autoComplete="nickname"
        onChange={(event) => setName(event.target.value)}
        data-testid="display-name"
      />
      <Button type="submit" look="primary" disabled={creating} className="mt-4 w-full" data-testid="create-room">
        <Video size={19} aria-hidden /> {creating ? 'Creating…' : 'Create a room'}
      </Button>
    </form>
  );
}
