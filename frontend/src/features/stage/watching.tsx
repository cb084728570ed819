// Whoever is in the room and sends nothing: a line instead of tiles, with their names on demand. A host may remove them there.
import { Eye, UserX } from 'lucide-react';
import { AskingItem, Menu, MenuText } from '../../components/menu';
import type { Session } from '../../sfu/session';
import type { SessionState } from '../../sfu/session-state';

interface Props {
  session: Session;
  state: SessionState;
}

export function Watching({ session, state }: Props) {
  const { people, role, host, displayName } = state;
  const others = people.filter((person) => person.role === 'viewer');
  const own = role === 'viewer' ? 1 : 0;
  const count = others.length + own;
  if (count === 0) return null;

  return (
    <div className="mt-1 -mb-1 flex justify-center px-4">
      <Menu
        label={`${count} watching: who they are`}
        data-testid="watching"
        face={
          <>
            <Eye size={15} aria-hidden /> {count} watching
          </>
        }
        className="inline-flex items-center gap-2 rounded-full px-3 py-1.5 text-sm text-soft hover:bg-raised hover:text-text"
      >
        {own > 0 && <MenuText data-testid="watching-person">{displayName ?? 'Guest'} (you)</MenuText>}
        {others.map((person) => {
          const name = person.displayName ?? 'Guest';
          const words = <span className="truncate">{person.reconnecting ? `${name} (reconnecting…)` : name}</span>;
          return host ? (
            <AskingItem
              key={person.peerId}
              question={`Remove ${name} from the room?`}
              answer="Remove"
              label={`Remove ${name}`}
              onConfirm={() => session.hostControls.remove(person.peerId)}
              data-testid="watching-person"
            >
              {words}
              <UserX size={16} className="ml-auto shrink-0 text-live" aria-hidden />
            </AskingItem>
          ) : (
            <MenuText key={person.peerId} data-testid="watching-person">
              {words}
            </MenuText>
          );
        })}
      </Menu>
    </div>
  );
}
