// The one session of this tab. It outlives the page change from the lobby to the stage, so that creating a room joins once.
import { SignalingClient } from '../signaling/signaling-client';
import { callOpener, relayOnly } from './call';
import { preferredCodec } from './encodings';
import { followPage } from './page-events';
import { Session } from './session';

let current: Session | undefined;
const holders = new Map<Session, number>();

followPage(() => current);

export function newSession(): Session {
  void current?.leave();
  const signaling = new SignalingClient();
  const { search } = window.location;
  current = new Session(signaling, callOpener(signaling, { codec: preferredCodec(search), relayOnly: relayOnly(search) }));
  window.__session = current;
  return current;
}

/** The session that is in this room already, if any. */
export function sessionIn(roomId: string): Session | undefined {
  const state = current?.getSnapshot();
  return state?.roomId === roomId && (state.phase === 'joined' || state.phase === 'reconnecting') ? current : undefined;
}

/** Keeps the session while a page shows it; when the last page goes, the room is left. */
export function holdSession(session: Session): () => void {
  holders.set(session, (holders.get(session) ?? 0) + 1);
  return () => {
    holders.set(session, (holders.get(session) ?? 1) - 1);
    // React may take a page down and put it up again at once, so the decision waits for the next task.
    setTimeout(() => {
      if (holders.get(session) !== 0) return;
      holders.delete(session);
      if (session.getSnapshot().phase !== 'closed') void session.leave();
    });
  };
}
