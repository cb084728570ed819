// The product's mark and name.
import { Link } from 'react-router';

export function Brand() {
  return (
    <Link to="/" className="inline-flex items-center gap-2.5 rounded-lg font-semibold tracking-tight">
      <img src="/favicon.svg" alt="" className="size-7" />
      Roomcast
    </Link>
  );
}
