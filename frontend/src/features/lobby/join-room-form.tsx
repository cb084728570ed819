// Joins a room by its link or id.
import { ArrowRight } from 'lucide-react';
import { useState, type SyntheticEvent } from 'react';
import { useNavigate } from 'react-router';
import { Button } from '../../components/button';
import { TextField } from '../../components/text-field';
import { pathFromAddress } from './room-address';

export function JoinRoomForm() {
  const [address, setAddress] = useState('');
  const [problem, setProblem] = useState<string>();
  const navigate = useNavigate();

  const join = (event: SyntheticEvent) => {
    event.preventDefault();
    const path = pathFromAddress(address);
    if (path) void navigate(path);
    else setProblem('This is neither a link to a room nor a room id. Paste the link you were sent.');
  };

  return (
    <form onSubmit={join} className="mt-8 grid max-w-md grid-cols-[1fr_auto] items-end gap-x-2">
      <TextField
        label="Join by link or room id"
        placeholder="Paste a link"
        value={address}
        onChange={(event) => {
          setAddress(event.target.value);
          setProblem(undefined);
        }}
        aria-invalid={problem !== undefined}
        aria-describedby="join-room-problem"
        autoComplete="off"
        spellCheck={false}
        data-testid="join-room-input"
      />
      <Button type="submit" disabled={!address.trim()} data-testid="join-room">
        Join <ArrowRight size={18} aria-hidden />
      </Button>
      <p role="alert" id="join-room-problem" className="col-span-2 mt-2 text-sm leading-relaxed text-warn empty:hidden">
        {problem}
      </p>
    </form>
  );
}
