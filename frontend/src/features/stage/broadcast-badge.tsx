// What viewers of the room see now, and why if it is not the picture.
import type { BroadcastStatus, Missing } from '../../signaling/generated';
import { asSentence } from '../../signaling/sentences';

const LABELS: Record<BroadcastStatus['phase'], string> = {
  idle: 'Off air',
  starting: 'Going live',
  live: 'LIVE',
  reconnecting: 'Broadcast reconnecting',
  refused: 'Not broadcast',
  ended: 'Broadcast ended',
};

const LOOKS: Record<BroadcastStatus['phase'], string> = {
  idle: 'bg-raised text-soft',
  starting: 'bg-raised text-text',
  live: 'bg-live text-ink',
  reconnecting: 'bg-warn/15 text-warn',
  refused: 'bg-warn/15 text-warn',
  ended: 'bg-raised text-soft',
};

const MOVING = new Set<BroadcastStatus['phase']>(['starting', 'live', 'reconnecting']);

interface Props {
  broadcast: BroadcastStatus;
  /** What somebody in the room is called; nothing for a guest without a name. */
  nameOf: (peerId: string) => string | undefined;
}

export function BroadcastBadge({ broadcast, nameOf }: Props) {
  const { phase } = broadcast;
  const problem = problemOf(broadcast, nameOf);

  return (
    <div role="status" data-testid="broadcast-phase" data-phase={phase} className="flex min-w-0 items-center gap-x-2.5 gap-y-1 text-sm max-sm:flex-wrap">
      <span className={`inline-flex shrink-0 items-center gap-2 rounded-full px-3 py-1 text-xs font-bold tracking-wide ${LOOKS[phase]}`}>
        <span aria-hidden className={`size-1.5 rounded-full bg-current ${MOVING.has(phase) ? 'animate-breathe' : ''}`} />
        {LABELS[phase]}
      </span>
      {problem && (
        <span className="line-clamp-2 max-w-xl text-soft" title={problem.reason}>
          {problem.sentence} The call goes on.
        </span>
      )}
    </div>
  );
}

function problemOf(broadcast: BroadcastStatus, nameOf: Props['nameOf']): { sentence: string; reason: string } | undefined {
  switch (broadcast.phase) {
    case 'starting':
    case 'live': {
      const missing = broadcast.missing ?? [];
      if (missing.length === 0) return undefined;
      const who = new Intl.ListFormat('en').format(missing.map((one) => called(one, nameOf)));
      return { sentence: `Viewers do not get ${who} at the moment; it is tried again by itself.`, reason: missing.map(({ reason }) => reason).join('\n') };
    }
    case 'reconnecting':
      // The reason is one for the operator, and nobody in the room has to do anything.
      return { sentence: 'Viewers wait for the picture, which comes back by itself.', reason: broadcast.reason };
    case 'refused':
      return { sentence: asSentence(broadcast.reason), reason: broadcast.reason };
    default:
      return undefined;
  }
}

function called({ peerId, screen }: Missing, nameOf: Props['nameOf']): string {
  const name = nameOf(peerId) ?? 'a guest';
  return screen ? `the screen of ${name}` : name;
}
