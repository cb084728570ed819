// Joins a room by its link or id.
import { ArrowRight } from 'lucide-react';
import { useState, type SyntheticEvent } from 'react';
import { useNavigate } from 'react-router';
import { Button } from '../../components/button';
import { TextField } from '../../components/text-field';
import { pathFromAddress } from './room-address';

export function JoinRoomForm({ onProblem }: { onProblem: (text: string) => void }) {
  const [address, setAddress] = useState('');
  const navigate = useNavigate();

  const join = (event: SyntheticEvent) => {
    event.preventDefault();
    const path = pathFromAddress(address);
    if (path) void navigate(path);
    else onProblem('This is neither a link to a room nor a room id. Paste the link you were sent.');
  };

  return (
    <form onSubmit={join} className="mt-8 flex max-w-md items-end gap-2">
      <TextField
        label="Join by link or room id"
        className="flex-1"
        placeholder="Paste a link"
        value={address}
        onChange={(event) => setAddress(event.target.value)}
        autoComplete="off"
        spellCheck={false}
        data-testid="join-room-input"
      />
      <Button type="submit" disabled={!address.trim()} data-testid="join-room">
        Join <ArrowRight size={18} aria-hidden />
      </Button>
    </form>
  );
}
