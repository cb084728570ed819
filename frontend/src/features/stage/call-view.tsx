// The call: header, tiles, toolbar, and what there is to say about the connection.
import { useNavigate } from 'react-router';
import { Toasts } from '../../components/toasts';
import { useSessionState } from '../../hooks/use-session-state';
import type { Session } from '../../sfu/session';
import { CallClosed } from './call-closed';
import { RemoteAudio } from './remote-audio';
import { StageHeader } from './stage-header';
import { TileGrid } from './tile-grid';
import { Toolbar } from './toolbar';
import { Watching } from './watching';

interface Props {
  session: Session;
  onJoinAgain: () => void;
}

export function CallView({ session, onJoinAgain }: Props) {
  const state = useSessionState(session);
  const navigate = useNavigate();

  if (state.phase === 'closed') return <CallClosed reason={state.closedReason} onJoinAgain={state.roomIsGone ? undefined : onJoinAgain} />;

  const leave = () => {
    void session.leave();
    void navigate('/');
  };

  return (
    <div className="flex h-dvh flex-col">
      <StageHeader session={session} state={state} />
      {state.phase === 'reconnecting' && (
        <p role="status" className="animate-rise mx-4 mb-2 flex items-center gap-2.5 self-center rounded-2xl bg-warn/15 px-4 py-2 text-sm text-warn">
          <span aria-hidden className="animate-breathe size-2 shrink-0 rounded-full bg-warn" />
          The connection is lost. You come back by yourself as soon as the server answers.
        </p>
      )}
      <TileGrid session={session} state={state} />
      <Watching session={session} state={state} />
      <Toolbar session={session} state={state} onLeave={leave} />
      {state.people.flatMap((person) =>
        [person.microphone, person.screenAudio].map(
          (remote) => remote && <RemoteAudio key={remote.producerId} remote={remote} onAttached={() => session.trackAttached(remote.producerId)} />,
        ),
      )}
      <Toasts toasts={state.notices} onDismiss={session.dismissNotice} />
    </div>
  );
}
