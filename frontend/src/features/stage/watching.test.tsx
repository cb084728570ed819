// Who watches a call without being seen in it.
import { render, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import type { Session } from '../../sfu/session';
import { initialState, type Person, type SessionState } from '../../sfu/session-state';
import { TileGrid } from './tile-grid';
import { Watching } from './watching';

const person = (peerId: string, displayName: string, role: Person['role'], parts: Partial<Person> = {}): Person => ({
  peerId, displayName, role, host: false, reconnecting: false, cameraPaused: false, muted: true, ...parts,
});

const remove = vi.fn();
const session = { hostControls: { remove }, showCamerasAt: vi.fn() } as unknown as Session;
const people = [person('a', 'Ada', 'publisher'), person('b', 'Bea', 'viewer'), person('c', 'Cleo', 'viewer', { reconnecting: true })];
const state = (parts: Partial<SessionState> = {}): SessionState => ({ ...initialState, phase: 'joined', peerId: 'me', displayName: 'Me', people, ...parts });
const open = () => userEvent.click(screen.getByTestId('watching'));
const names = () => screen.getAllByTestId('watching-person').map(({ textContent }) => textContent);

describe('Watching', () => {
  it('counts them, and names them on demand', async () => {
    render(<Watching session={session} state={state()} />);
    expect(screen.getByTestId('watching')).toHaveTextContent('2 watching');
    await open();

    expect(names()).toEqual(['Bea', 'Cleo (reconnecting…)']);
    await userEvent.click(screen.getByText('Bea'));
    expect(remove).not.toHaveBeenCalled();
  });

  it('counts oneself', async () => {
    render(<Watching session={session} state={state({ role: 'viewer' })} />);
    expect(screen.getByTestId('watching')).toHaveTextContent('3 watching');
    await open();

    expect(names()[0]).toBe('Me (you)');
  });

  it('is not there while nobody watches', () => {
    render(<Watching session={session} state={state({ people: [person('a', 'Ada', 'publisher')] })} />);

    expect(screen.queryByTestId('watching')).not.toBeInTheDocument();
  });

  it('lets a host remove one, after asking once', async () => {
    render(<Watching session={session} state={state({ host: true })} />);
    await open();
    await userEvent.click(screen.getByRole('menuitem', { name: 'Remove Bea' }));
    expect(remove).not.toHaveBeenCalled();
    await userEvent.click(screen.getByTestId('confirm'));

    expect(remove.mock.calls).toEqual([['b']]);
  });
});

describe('TileGrid', () => {
  it('has no tile for whoever only watches', () => {
    vi.stubGlobal('ResizeObserver', class { observe() {} disconnect() {} });
    const { rerender } = render(<TileGrid session={session} state={state()} />);
    const tiles = () => screen.getAllByTestId('tile').map((tile) => tile.dataset['peerId']);
    expect(tiles()).toEqual(['me', 'a']);

    rerender(<TileGrid session={session} state={state({ role: 'viewer' })} />);
    expect(tiles()).toEqual(['a']);

    rerender(<TileGrid session={session} state={state({ role: 'viewer', people: [] })} />);
    expect(screen.getByText('Nobody is here to be seen.')).toBeVisible();
    vi.unstubAllGlobals();
  });
});
