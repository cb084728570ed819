//! What tokens open no longer although they have not run out: rooms that have ended or are locked, and who was removed
//! from one.
//! Pure; the clock is an argument, in seconds since 1970.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{Digest, Reentry};
use crate::signaling::errors::RequestError;

/// Remembered at once. Of more, the eldest is forgotten, and with it everything that was signed before it.
const AT_MOST: usize = 16_384;

/// What happened. A room is known by the digest of its host token: its id may be used again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// A host has ended the room.
    EndedByHost(Digest),
    /// Nobody was in the room for long enough.
    Ended(Digest),
    /// A host has removed this peer.
    Removed(Digest, String),
    /// Whom a room takes back.
    Lock(Lock),
}

/// Whether a room is locked, so that nobody opens it without its lock who has not heard of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// Of the room's id, which is all that an invitation knows of it.
    pub room: Digest,
    /// Of its host token.
    pub host: Digest,
    /// Of its settings: what is told of it comes from several tasks, and the highest is the latest.
    pub revision: u64,
    /// Who was in it when it was locked; none when it is open.
    pub inside: Option<Vec<String>>,
}

impl Revocation {
    /// What is remembered of the room of this host token, which ends because of `closed`: it is not opened again.
    /// The loss of its media worker alone ends a room that comes back.
    pub fn of_end(closed: &RequestError, host: Digest) -> Option<Self> {
        match closed {
            RequestError::WorkerLost => None,
            RequestError::EndedByHost => Some(Self::EndedByHost(host)),
            _ => Some(Self::Ended(host)),
        }
    }

    /// Why the room of this host token does not open, if it is over.
    pub fn of_room(&self, room: Digest) -> Option<RequestError> {
        match self {
            Self::EndedByHost(host) if *host == room => Some(RequestError::EndedByHost),
            Self::Ended(host) if *host == room => Some(over()),
            _ => None,
        }
    }

    /// The room that ends by it.
    fn ends(&self) -> Option<Digest> {
        match self {
            Self::EndedByHost(host) | Self::Ended(host) => Some(*host),
            Self::Removed(..) | Self::Lock(_) => None,
        }
    }

    fn lock(&self) -> Option<&Lock> {
        if let Self::Lock(lock) = self { Some(lock) } else { None }
    }
}

/// A list that is as long as what happens within the lifetime of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revocations {
    entries: VecDeque<Entry>,
    /// Tokens that expire until then open no room.
    nothing_until: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    what: Revocation,
    /// No token that it concerns holds longer.
    until: u64,
}

impl Revocations {
    /// Nothing that was signed so far, and holds until `until`, opens a room: what was revoked is not known.
    pub fn of_everything(until: u64) -> Self {
        Self { entries: VecDeque::new(), nothing_until: until }
    }

    /// Remembers `what` until the last token signed before `now` has run out, and forgets what is over.
    pub fn add(&mut self, what: Revocation, now: u64, until: u64) {
        let is_same = |entry: &Entry| what.lock().is_none() && entry.what == what;
        self.entries.retain(|entry| entry.until >= now && !is_same(entry));
        if what.lock().is_none_or(|lock| self.learns(lock, until)) {
            // Nothing is left of the lock of a room that is over.
            for entry in &mut self.entries {
                if let Revocation::Lock(lock) = &mut entry.what
                    && what.ends() == Some(lock.host)
                {
                    lock.inside = None;
                }
            }
            self.entries.push_back(Entry { what, until });
        }
        while self.entries.len() > AT_MOST {
            let Some(eldest) = self.entries.pop_front() else { break };
            self.nothing_until = self.nothing_until.max(eldest.until);
        }
    }

    /// Whether `lock` is to be remembered. Then what was remembered of the same room is not any more.
    fn learns(&mut self, lock: &Lock, until: u64) -> bool {
        if self.of_room(lock.host).is_some() {
            return false;
        }
        for entry in &mut self.entries {
            if let Revocation::Lock(known) = &entry.what
                && known.host == lock.host
                && known.revision > lock.revision
            {
                entry.until = entry.until.max(until);
                return false;
            }
        }
        let is_older = |entry: &Entry| entry.what.lock().is_some_and(|it| it.host == lock.host);
        self.entries.retain(|entry| !is_older(entry));
        true
    }

    /// Why a token does not hold any more.
    pub fn of(&self, reentry: &Reentry) -> Option<RequestError> {
        let room = reentry.charter.host;
        let is_removal = |what: &Revocation| matches!(what, Revocation::Removed(host, peer) if *host == room && *peer == reentry.peer_id);
        let is_removed = self.entries.iter().any(|entry| is_removal(&entry.what));
        if is_removed { Some(RequestError::Removed) } else { self.of_room(room) }
    }

    /// Why a room is not opened again.
    pub fn of_room(&self, room: Digest) -> Option<RequestError> {
        self.entries.iter().find_map(|entry| entry.what.of_room(room))
    }

    /// Whether the room of this id, which is not open, was locked when it was, and may be opened again by who was in it.
    /// Of several rooms that had the id one after the other the last one counts.
    pub fn is_locked(&self, room_id: &str, now: u64) -> bool {
        let room = Digest::of(room_id);
        let last = self.locks(now).filter(|lock| lock.room == room).last();
        last.is_some_and(|lock| lock.inside.is_some())
    }

    /// What is known of the lock of the room of this host token.
    pub fn lock_of(&self, host: Digest, now: u64) -> Option<&Lock> {
        self.locks(now).find(|lock| lock.host == host)
    }

    fn locks(&self, now: u64) -> impl Iterator<Item = &Lock> {
        self.entries
            .iter()
            .filter(move |entry| entry.until >= now)
            .filter_map(|entry| entry.what.lock())
    }

    /// Whether a token that expires at `expires` may open its room.
    ///
    /// # Errors
    /// It may be of a room that has ended and is not remembered.
    pub fn may_open(&self, expires: u64) -> Result<(), RequestError> {
        if expires > self.nothing_until { Ok(()) } else { Err(over()) }
    }
}

fn over() -> RequestError {
    RequestError::InvalidToken { token: "rejoinToken", reason: "its room has ended".into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{room::Charter, signaling::messages::Role};

    fn reentry(peer: &str) -> Reentry {
        let (charter, _) = Charter::draw_up(None);
        Reentry {
            charter,
            peer_id: peer.into(),
            display_name: None,
            role: Role::Publisher,
            host: false,
            joined: 1,
        }
    }

    #[test]
    fn a_removed_peer_is_removed_from_its_room_only_and_alone() {
        let (ada, elsewhere) = (reentry("ada"), reentry("ada"));
        let bob = Reentry { peer_id: "bob".into(), ..ada.clone() };
        let mut list = Revocations::default();
        list.add(Revocation::Removed(ada.charter.host, "ada".into()), 1000, 1600);
        assert_eq!(list.of(&ada), Some(RequestError::Removed));
        assert_eq!(list.of(&bob), None);
        assert_eq!(list.of(&elsewhere), None);
        assert_eq!(list.of_room(ada.charter.host), None);
    }

    #[test]
    fn an_ended_room_is_over_for_everybody_and_says_who_ended_it() {
        let (ada, bob) = (reentry("ada"), reentry("bob"));
        let mut list = Revocations::default();
        list.add(Revocation::EndedByHost(ada.charter.host), 1000, 1600);
        list.add(Revocation::Ended(bob.charter.host), 1000, 1600);
        assert_eq!(list.of(&ada), Some(RequestError::EndedByHost));
        let over = list.of(&bob).expect("over").to_string();
        assert_eq!(over, "the rejoinToken does not hold: its room has ended");
    }

    fn lock(room: &str, host: &str, revision: u64, locked: bool) -> Revocation {
        let inside = locked.then(|| vec!["ada".into()]);
        Revocation::Lock(Lock { room: Digest::of(room), host: Digest::of(host), revision, inside })
    }

    #[test]
    fn a_lock_holds_as_long_as_a_token_of_its_room_and_until_it_is_taken_back() {
        let mut list = Revocations::default();
        list.add(lock("a", "1", 1, true), 1000, 1600);
        list.add(lock("a", "1", 1, true), 1300, 1900);
        list.add(lock("b", "2", 1, true), 1300, 1900);
        assert!(list.is_locked("a", 1900) && !list.is_locked("a", 1901) && !list.is_locked("c", 1));
        list.add(lock("a", "1", 2, false), 1400, 2000);
        assert!(!list.is_locked("a", 1400) && list.is_locked("b", 1400));
        assert_eq!(list.entries.len(), 2);
    }

    #[test]
    fn of_what_two_hosts_tell_of_a_lock_the_latest_counts_in_whichever_order_it_comes() {
        let told = [lock("a", "1", 1, true), lock("a", "1", 2, false), lock("a", "1", 3, true)];
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut list = Revocations::default();
            order
                .iter()
                .zip(1000..)
                .for_each(|(n, now)| list.add(told[*n].clone(), now, now + 600));
            assert!(list.is_locked("a", 1602), "{order:?}");
            assert_eq!(list.lock_of(Digest::of("1"), 1602).map(|lock| lock.revision), Some(3));
        }
    }

    #[test]
    fn a_lock_that_is_told_after_it_was_taken_back_is_none() {
        let mut list = Revocations::default();
        list.add(lock("a", "1", 2, false), 1000, 1600);
        list.add(lock("a", "1", 1, true), 1001, 1601);
        assert!(!list.is_locked("a", 1001));
    }

    #[test]
    fn nothing_is_left_of_the_lock_of_a_room_that_is_over_also_when_it_is_told_late() {
        let ended = Revocation::Ended(Digest::of("1"));
        for told in [[lock("a", "1", 1, true), ended.clone()], [ended, lock("a", "1", 1, true)]] {
            let mut list = Revocations::default();
            told.into_iter().for_each(|what| list.add(what, 1000, 1600));
            assert!(!list.is_locked("a", 1000));
        }
    }

    #[test]
    fn of_several_rooms_of_one_id_each_has_its_lock_and_invitations_meet_the_last() {
        let mut list = Revocations::default();
        list.add(lock("a", "1", 5, true), 1000, 1600);
        list.add(lock("a", "2", 0, false), 1001, 1601);
        assert!(!list.is_locked("a", 1001));
        assert!(list.lock_of(Digest::of("1"), 1001).is_some_and(|lock| lock.inside.is_some()));
        list.add(Revocation::Ended(Digest::of("2")), 1002, 1602);
        assert!(!list.is_locked("a", 1002), "the former one does not come back");
        list.add(lock("a", "3", 1, true), 1003, 1603);
        list.add(lock("a", "1", 6, false), 1004, 1604);
        list.add(Revocation::Ended(Digest::of("1")), 1004, 1604);
        assert!(list.lock_of(Digest::of("3"), 1004).is_some_and(|lock| lock.inside.is_some()));
    }

    #[test]
    fn what_concerns_no_token_any_more_is_forgotten() {
        let (ada, bob) = (reentry("ada"), reentry("bob"));
        let mut list = Revocations::default();
        list.add(Revocation::Ended(ada.charter.host), 1000, 1600);
        list.add(Revocation::Ended(bob.charter.host), 1600, 2200);
        assert!(list.of(&ada).is_some());
        list.add(Revocation::Ended(bob.charter.host), 1601, 2201);
        assert_eq!((list.of(&ada), list.entries.len()), (None, 1));
        assert_eq!(list.may_open(1), Ok(()));
    }

    #[test]
    fn of_too_many_none_is_opened_rather_than_the_wrong_one() {
        let eldest = reentry("ada");
        let mut list = Revocations::default();
        list.add(Revocation::Ended(eldest.charter.host), 1000, 1600);
        for n in 0..AT_MOST {
            let room = Digest::of(&n.to_string());
            list.add(Revocation::Ended(room), 1001, 1601);
        }
        assert_eq!((list.of(&eldest), list.entries.len()), (None, AT_MOST));
        assert!(list.may_open(1600).is_err(), "signed before the eldest was revoked");
        assert_eq!(list.may_open(1601), Ok(()));
    }
}
