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
    /// The room of this id is locked: of those who are invited to it only hosts open it anew.
    Locked(Digest),
    /// It is locked no more, or over: nothing is left to be remembered.
    Unlocked(Digest),
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

    /// Whether nothing of `former` is to be remembered beside it.
    fn replaces(&self, former: &Self) -> bool {
        match (self, former) {
            (Self::Unlocked(room), Self::Locked(locked)) => room == locked,
            _ => self == former,
        }
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
        self.entries.retain(|entry| entry.until >= now && !what.replaces(&entry.what));
        if !matches!(what, Revocation::Unlocked(_)) {
            self.entries.push_back(Entry { what, until });
        }
        while self.entries.len() > AT_MOST {
            let Some(eldest) = self.entries.pop_front() else { break };
            self.nothing_until = self.nothing_until.max(eldest.until);
        }
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
    pub fn is_locked(&self, room_id: &str, now: u64) -> bool {
        let locked = Revocation::Locked(Digest::of(room_id));
        self.entries.iter().any(|entry| entry.what == locked && entry.until >= now)
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

    #[test]
    fn a_lock_holds_as_long_as_a_token_of_its_room_and_until_it_is_taken_back() {
        let locked = |room: &str| Revocation::Locked(Digest::of(room));
        let mut list = Revocations::default();
        list.add(locked("a"), 1000, 1600);
        list.add(locked("a"), 1300, 1900);
        list.add(locked("b"), 1300, 1900);
        assert!(list.is_locked("a", 1900) && !list.is_locked("a", 1901) && !list.is_locked("c", 1));
        list.add(Revocation::Unlocked(Digest::of("a")), 1400, 2000);
        assert!(!list.is_locked("a", 1400) && list.is_locked("b", 1400));
        assert_eq!(list.entries.len(), 1);
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
