// The password of a room.
import { ChevronRight } from 'lucide-react';
import { TextField } from './text-field';

/** The server refuses longer ones. */
const PASSWORD_LENGTH = 128;

interface Props {
  value: string;
  onChange: (password: string) => void;
}

export function PasswordField({ label, value, onChange, autoFocus }: Props & { label: string; autoFocus?: boolean }) {
  return (
    <TextField
      label={label}
      type="password"
      className="mt-3"
      value={value}
      maxLength={PASSWORD_LENGTH}
      autoFocus={autoFocus}
      // Not the person's own: a browser shall neither fill one in nor offer to keep it.
      autoComplete="off"
      onChange={(event) => onChange(event.target.value)}
      data-testid="room-password"
    />
  );
}

/** For a new room: few want one, so it is out of the way. */
export function ProtectingPassword({ value, onChange }: Props) {
  return (
    <details className="group mt-3 text-sm text-soft">
      <summary className="flex w-fit cursor-pointer list-none items-center gap-1 rounded-lg hover:text-text" data-testid="protect-room">
        <ChevronRight size={15} aria-hidden className="transition-transform group-open:rotate-90" />
        Protect with a password
      </summary>
      <PasswordField label="Whoever joins must know it" value={value} onChange={onChange} />
    </details>
  );
}
