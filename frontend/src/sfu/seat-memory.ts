// What this tab remembers of its place in a room, so that loading the page again is no stranger's visit: a host stays a host,
// and for as long as a server keeps a seat nothing is asked again.
import type { Seat } from './seat';

interface Remembered {
  hostToken?: string;
  rejoinToken?: string;
  /** Until when the rejoin token is worth a try, in milliseconds since 1970. */
  until: number;
}

export type Tokens = Pick<Remembered, 'hostToken' | 'rejoinToken'>;

const key = (roomId: string) => `seat:${roomId}`;

export function rememberSeat({ roomId, hostToken, rejoinToken, session }: Seat): void {
  store(roomId, { hostToken, rejoinToken, until: Date.now() + (session?.keptFor ?? 0) });
}

/** The person left, or was made to: whoever comes again is asked everything, and a host is still one. */
export function giveSeatUp({ roomId, hostToken }: Pick<Seat, 'roomId' | 'hostToken'>): void {
  if (hostToken) store(roomId, { hostToken, until: 0 });
  else attempt(() => sessionStorage.removeItem(key(roomId)));
}

export function recallSeat(roomId: string): Tokens {
  const remembered = attempt(() => JSON.parse(sessionStorage.getItem(key(roomId)) ?? '{}') as Partial<Remembered>);
  const { hostToken, rejoinToken, until = 0 } = remembered ?? {};
  return Date.now() < until ? { hostToken, rejoinToken } : { hostToken };
}

function store(roomId: string, remembered: Remembered): void {
  attempt(() => sessionStorage.setItem(key(roomId), JSON.stringify(remembered)));
}

/** A browser may forbid pages to store anything; then nothing is remembered. */
function attempt<T>(access: () => T): T | undefined {
  try {
    return access();
  } catch {
    return undefined;
  }
}
