// The card before a room: a look at camera and microphone, a name, and the button that leads in.
import { useState, type ReactNode, type SyntheticEvent } from 'react';
import { useDevicePreview } from '../hooks/use-device-preview';
import { DISPLAY_NAME_LENGTH, useDisplayName } from '../hooks/use-display-name';
import type { PreparedTracks } from '../sfu/local-media';
import type { Session } from '../sfu/session';
import { Button } from './button';
import { DevicePreview } from './device-preview';
import { TextField } from './text-field';

interface Props {
  /** Above the picture. */
  heading?: ReactNode;
  /** The button, and what it says while the server is asked. */
  action: ReactNode;
  acting: string;
  actionTestId: string;
  /** Asks the server to be let in. */
  enter: (session: Session, name: string, takeTracks: () => PreparedTracks) => Promise<void>;
  onEntered: (session: Session) => void | Promise<void>;
}

export function EntranceCard({ heading, action, acting, actionTestId, enter, onEntered }: Props) {
  const [name, setName] = useDisplayName();
  const [entering, setEntering] = useState(false);
  const [problem, setProblem] = useState<string>();
  const preview = useDevicePreview();

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setEntering(true);
    setProblem(undefined);
    try {
      const session = await freshSession();
      try {
        await enter(session, name, preview.take);
      } catch (error) {
        void session.leave();
        throw error;
      }
      void session.startDevices(preview.wanted);
      await onEntered(session);
    } catch (error) {
      setProblem(error instanceof Error ? error.message : 'That did not work. Try again.');
      setEntering(false);
    }
  };

  return (
    <form
      onSubmit={(event) => void submit(event)}
      className="w-full max-w-md rounded-3xl border border-line bg-panel/80 p-5 shadow-2xl shadow-black/40 sm:p-6"
    >
      {heading}
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
      <Button type="submit" look="primary" disabled={entering} className="mt-4 w-full" data-testid={actionTestId}>
        {entering ? acting : action}
      </Button>
      <p role="alert" data-testid="entrance-problem" className="mt-3 text-sm leading-relaxed text-warn empty:hidden">
        {problem}
      </p>
    </form>
  );
}

/** On demand: mediasoup-client and socket.io are no part of the start page. */
async function freshSession(): Promise<Session> {
  const { newSession } = await import('../sfu/current-session').catch(() => {
    throw new Error('A part of this page could not be loaded. Reload the page and try again.');
  });
  return newSession();
}
