// What happens to the page as a whole, told to the session: it is hidden, it goes, it comes back, the network is there again.
import type { Session } from './session';

/** Whoever only looks something up elsewhere finds the pictures running. */
const UNSEEN_AFTER_MS = 10_000;

type Listener = Pick<Session, 'reconnect' | 'stepOut' | 'stepIn' | 'setWatching'>;

export function followPage(session: () => Listener | undefined): void {
  let unseen: ReturnType<typeof setTimeout> | undefined;
  document.addEventListener('visibilitychange', () => {
    clearTimeout(unseen);
    if (document.hidden) unseen = setTimeout(() => session()?.setWatching(false), UNSEEN_AFTER_MS);
    else session()?.setWatching(true);
  });
  window.addEventListener('online', () => session()?.reconnect());
  window.addEventListener('pagehide', () => session()?.stepOut());
  window.addEventListener('pageshow', ({ persisted }) => {
    if (persisted) session()?.stepIn();
  });
}
