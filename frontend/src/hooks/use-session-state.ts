// The session's snapshot as React state.
import { useSyncExternalStore } from 'react';
import type { Session } from '../sfu/session';
import type { SessionState } from '../sfu/session-state';

export function useSessionState(session: Session): SessionState {
  return useSyncExternalStore(session.subscribe, session.getSnapshot);
}
