// The card before a room: a look at camera and microphone, a name, a password where there is one, and the button that leads in.
import { useLayoutEffect, useRef, useState, type ReactNode, type SyntheticEvent } from 'react';
import { useDevicePreview } from '../hooks/use-device-preview';
import { DISPLAY_NAME_LENGTH, useDisplayName } from '../hooks/use-display-name';
import type { PreparedTracks } from '../sfu/local-media';
import type { Session } from '../sfu/session';
import { codeOf } from '../signaling/signaling-error';
import { Button } from './button';
import { DevicePreview } from './device-preview';
import { PasswordField, ProtectingPassword } from './password-field';
import { TextField } from './text-field';

/** What the person gave to be let in with. */
export interface Entrance {
  displayName: string;
  password?: string;
}

interface Props {
  /** Above the picture. */
  heading?: ReactNode;
  /** The button, and what it says while the server is asked. */
  action: ReactNode;
  acting: string;
  actionTestId: string;
  /** Asks the server to be let in. */
  enter: (session: Session, entrance: Entrance, takeTracks: () => PreparedTracks) => Promise<void>;
  onEntered: (session: Session) => void | Promise<void>;
  /** The room is new, and may be given a password; otherwise one is asked for where the room has one. */
  protects?: boolean;
  /** Camera and microphone may be used. */
  devices?: boolean;
}

export function EntranceCard({ heading, action, acting, actionTestId, enter, onEntered, protects = false, devices = true }: Props) {
  const [name, setName] = useDisplayName();
  const [entering, setEntering] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [password, setPassword] = useState('');
  const [passwordAsked, setPasswordAsked] = useState(false);
  const preview = useDevicePreview();
  const sentence = useRef<HTMLParagraphElement>(null);

  useLayoutEffect(() => {
    // It stands below the button, which a low window ends with.
    if (problem) sentence.current?.scrollIntoView({ block: 'nearest' });
  }, [problem]);

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setEntering(true);
    setProblem(undefined);
    try {
      const session = await freshSession();
      try {
        await enter(session, { displayName: name, password: password || undefined }, preview.take);
      } catch (error) {
        void session.leave();
        throw error;
      }
      if (devices) void session.startDevices(preview.wanted);
      await onEntered(session);
    } catch (error) {
      const wrongPassword = codeOf(error) === 'wrong_password';
      if (wrongPassword) setPasswordAsked(true);
      if (wrongPassword && password) setProblem('This is not the password of this room. Enter it again.');
      else setProblem(error instanceof Error ? error.message : 'That did not work. Try again.');
      setEntering(false);
    }
  };

  return (
    <form
      onSubmit={(event) => void submit(event)}
      className="w-full max-w-md rounded-3xl border border-line bg-panel/80 p-5 shadow-2xl shadow-black/40 sm:p-6"
    >
      {heading}
      {devices && <DevicePreview preview={preview} />}
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
      {protects && <ProtectingPassword value={password} onChange={setPassword} />}
      {passwordAsked && <PasswordField label="Password of the room" autoFocus value={password} onChange={setPassword} />}
      <Button type="submit" look="primary" disabled={entering} className="mt-4 w-full" data-testid={actionTestId}>
        {entering ? acting : action}
      </Button>
      <p ref={sentence} role="alert" data-testid="entrance-problem" className="mt-3 scroll-mb-8 text-sm leading-relaxed text-warn empty:hidden">
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
