// The product's mark and name. It leads to the start page by a request, so that a page which every site may frame does not
// become one that they may not.
import { Link } from 'react-router';

export function Brand() {
  return (
    <Link reloadDocument to="/" className="inline-flex items-center gap-2.5 rounded-lg font-semibold tracking-tight">
      <img src="/favicon.svg" alt="" className="size-7" />
      Roomcast
    </Link>
  );
}
