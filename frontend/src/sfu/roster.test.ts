// Who is in the room, from the server's facts.
import { describe, expect, it } from 'vitest';
import { sends } from './fakes';
import { Roster } from './roster';

const noTrack = () => undefined;
const peer = (peerId: string, displayName?: string) =>
  ({ peerId, displayName, role: 'publisher', host: false, reconnecting: false }) as const;

describe('Roster', () => {
  it('shows a peer that sends nothing, as muted', () => {
    const roster = new Roster();
    roster.changed(peer('ada', 'Ada'));

    expect(roster.people('me', noTrack)).toMatchObject([{ peerId: 'ada', displayName: 'Ada', muted: true }]);
  });

  it('shows whoever was there before this peer', () => {
    const roster = new Roster([peer('grace', 'Grace')], [sends('grace', { audioProducerId: 'a' })]);

    expect(roster.people('me', noTrack)).toMatchObject([{ peerId: 'grace', displayName: 'Grace', muted: false }]);
  });

  it('keeps a peer that stopped sending, until it leaves', () => {
    const roster = new Roster([peer('grace')], [sends('grace', { audioProducerId: 'a' })]);
    roster.producersChanged([]);
    expect(roster.people('me', noTrack)).toMatchObject([{ peerId: 'grace', muted: true }]);

    roster.left('grace');
    expect(roster.people('me', noTrack)).toEqual([]);
  });

  it('keeps the place of a peer whose state changes', () => {
    const roster = new Roster([peer('ada'), peer('grace')]);
    roster.changed({ ...peer('ada'), reconnecting: true });

    expect(roster.people('me', noTrack)).toMatchObject([{ peerId: 'ada', reconnecting: true }, { peerId: 'grace' }]);
  });

  it('marks a paused microphone as muted and a paused camera as paused', () => {
    const paused = sends('ada', { audioProducerId: 'a', videoProducerId: 'v', audioPaused: true, videoPaused: true });

    expect(new Roster([peer('ada')], [paused]).people('me', noTrack)).toMatchObject([{ muted: true, cameraPaused: true }]);
  });

  it('does not show oneself', () => {
    const roster = new Roster([peer('me'), peer('ada')]);

    expect(roster.people('me', noTrack).map((person) => person.peerId)).toEqual(['ada']);
  });
});
