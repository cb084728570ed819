// What the page's address says of how to enter a room.
import { useEffect, useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import type { Role } from '../signaling/generated';

export interface Invitation {
  /** A publisher when missing, or what the token says. */
  role?: Role;
  joinToken?: string;
}

/** `?role=viewer` enters a room without being seen or heard; `?joinToken=…` is what a product gave its user to be let in with. */
export function readInvitation(search: string): Invitation {
  const query = new URLSearchParams(search);
  return { role: query.get('role') === 'viewer' ? 'viewer' : undefined, joinToken: query.get('joinToken') ?? undefined };
}

/** The invitation the page was opened with. The token leaves the address bar, where it would be shared with the link. */
export function useInvitation(): Invitation {
  const { pathname, search, hash } = useLocation();
  const navigate = useNavigate();
  const [invitation] = useState(() => readInvitation(search));

  useEffect(() => {
    const query = new URLSearchParams(search);
    if (!query.has('joinToken')) return;
    query.delete('joinToken');
    void navigate({ pathname, search: query.toString(), hash }, { replace: true });
  }, [pathname, search, hash, navigate]);

  return invitation;
}
