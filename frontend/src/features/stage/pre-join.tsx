// Before a room is entered: a name, a look at the devices, and the button.
import { useState, type SyntheticEvent } from 'react';
import { Brand } from '../../components/brand';
import { Button } from '../../components/button';
import { DevicePreview } from '../../components/device-preview';
import { TextField } from '../../components/text-field';
import { Toasts } from '../../components/toasts';
import { useDevicePreview } from '../../hooks/use-device-preview';
import { DISPLAY_NAME_LENGTH, useDisplayName } from '../../hooks/use-display-name';
import { useToasts } from '../../hooks/use-toasts';
import { newSession } from '../../sfu/current-session';
import type { Session } from '../../sfu/session';

interface Props {
  roomId: string;
  onJoined: (session: Session) => void;
}

export function PreJoin({ roomId, onJoined }: Props) {
  const [name, setName] = useDisplayName();
  const [joining, setJoining] = useState(false);
  const preview = useDevicePreview();
  const { toasts, show, dismiss } = useToasts();

  const join = async (event: SyntheticEvent) => {
    event.preventDefault();
    setJoining(true);
    const session = newSession();
    try {
      await session.join(roomId, name, preview.take);
      void session.startDevices(preview.wanted);
      onJoined(session);
    } catch (error) {
      void session.leave();
      show(error instanceof Error ? error.message : 'The room could not be entered. Try again.');
      setJoining(false);
    }
  };

  return (
    <>
      <header className="px-5 py-5 sm:px-8">
        <Brand />
      </header>
      <main className="flex flex-1 items-center justify-center px-4 pb-16">
        <form
          onSubmit={(event) => void join(event)}
          className="w-full max-w-md rounded-3xl border border-line bg-panel/80 p-5 shadow-2xl shadow-black/40 sm:p-6"
        >
          <h1 className="text-xl font-semibold tracking-tight">Join the room</h1>
          <p className="mt-1 mb-4 truncate font-mono text-xs text-faint">{roomId}</p>
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
          <Button type="submit" look="primary" disabled={joining} className="mt-4 w-full" data-testid="join">
            {joining ? 'Joining…' : 'Join'}
          </Button>
        </form>
      </main>
      <Toasts toasts={toasts} onDismiss={dismiss} />
    </>
  );
}
