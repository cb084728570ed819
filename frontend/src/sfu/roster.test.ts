// Who is in the room, from joins, leaves and the list of producers.
import { describe, expect, it } from 'vitest';
import { Roster } from './roster';

const noTrack = () => undefined;
const sends = { videoPaused: false, audioPaused: false };

describe('Roster', () => {
  it('shows a peer that sends nothing, as muted', () => {
    const roster = new Roster();
    roster.joined('ada', 'Ada');

    expect(roster.people('me', noTrack)).toMatchObject([{ peerId: 'ada', displayName: 'Ada', muted: true }]);
  });

  it('shows a peer that was there before this one, once it is in the list of producers', () => {
    const roster = new Roster();
    roster.producersChanged([{ peerId: 'grace', displayName: 'Grace', audioProducerId: 'a', ...sends }]);

    expect(roster.people('me', noTrack)).toMatchObject([{ peerId: 'grace', displayName: 'Grace', muted: false }]);
  });

  it('keeps a peer that stopped sending, until it leaves', () => {
    const roster = new Roster();
    roster.producersChanged([{ peerId: 'grace', displayName: 'Grace', audioProducerId: 'a', ...sends }]);
    roster.producersChanged([]);
    expect(roster.people('me', noTrack)).toMatchObject([{ displayName: 'Grace', muted: true }]);

    roster.left('grace');
    expect(roster.people('me', noTrack)).toEqual([]);
  });

  it('marks a paused microphone as muted and a paused camera as paused', () => {
    const roster = new Roster();
    roster.producersChanged([{ peerId: 'ada', audioProducerId: 'a', videoProducerId: 'v', audioPaused: true, videoPaused: true }]);

    expect(roster.people('me', noTrack)).toMatchObject([{ muted: true, cameraPaused: true }]);
  });

  it('does not show oneself', () => {
    const roster = new Roster();
    roster.joined('me', 'Me');
    roster.joined('ada', 'Ada');

    expect(roster.people('me', noTrack).map((person) => person.peerId)).toEqual(['ada']);
  });
});
