// What a link says beside the room.
import { render, screen } from '@testing-library/react';
import { MemoryRouter, useLocation } from 'react-router';
import { expect, it } from 'vitest';
import { readInvitation, useInvitation } from './use-invitation';

function Page() {
  const { role, joinToken } = useInvitation();
  const { pathname, search } = useLocation();
  return <p>{[pathname + search, role, joinToken].join(' ')}</p>;
}

it('keeps the token, and takes it out of the address bar and nothing else', () => {
  render(
    <MemoryRouter initialEntries={['/room/k3v9?role=viewer&joinToken=abc']}>
      <Page />
    </MemoryRouter>,
  );

  expect(screen.getByText('/room/k3v9?role=viewer viewer abc')).toBeVisible();
});

it('knows one role to ask for', () => {
  expect(readInvitation('?role=viewer').role).toBe('viewer');
  expect(readInvitation('?role=host').role).toBeUndefined();
});
