// Any address that is none of ours.
import { Link } from 'react-router';
import { Brand } from '../components/brand';

export function NotFoundPage() {
  return (
    <main className="flex flex-1 flex-col items-center justify-center gap-4 p-8 text-center">
      <Brand />
      <h1 className="mt-6 text-3xl font-semibold tracking-tight">There is nothing here</h1>
      <p className="max-w-sm text-soft">The address may be mistyped, or the link is from somewhere else. A new room is one click away.</p>
      <Link reloadDocument to="/" className="mt-2 rounded-xl bg-accent px-5 py-3 font-medium text-ink hover:bg-accent-strong">
        Go to the start page
      </Link>
    </main>
  );
}
