// The room was left, or is gone.
import { Link } from 'react-router';
import { Brand } from '../../components/brand';
import { Button } from '../../components/button';

interface Props {
  reason?: string;
  /** Missing where there is no room any more. */
  onJoinAgain?: () => void;
}

export function CallClosed({ reason, onJoinAgain }: Props) {
  return (
    <main className="flex flex-1 flex-col items-center justify-center gap-4 p-8 text-center">
      <Brand />
      <h1 className="mt-6 text-3xl font-semibold tracking-tight">{reason ? 'The call is over' : 'You left the room'}</h1>
      {reason && (
        <p role="status" className="max-w-md leading-relaxed text-soft" data-testid="closed-reason">
          {reason}
        </p>
      )}
      <div className="mt-2 flex flex-wrap justify-center gap-3">
        <Link to="/" className="rounded-xl bg-accent px-5 py-3 font-medium text-ink hover:bg-accent-strong">
          Go to the start page
        </Link>
        {onJoinAgain && <Button onClick={onJoinAgain}>Join again</Button>}
      </div>
    </main>
  );
}
