//! What rejoin tokens open no longer although they have not run out: rooms that have ended, and who was removed from one.
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

    /// What whoever comes with a token is told.
    pub fn reason(&self) -> RequestError {
        match self {
            Self::EndedByHost(_) => RequestError::EndedByHost,
            Self::Ended(_) => over(),
            Self::Removed(..) => RequestError::Removed,
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
        self.entries.retain(|entry| entry.until >= now && entry.what != what);
        self.entries.push_back(Entry { what, until });
        while self.entries.len() > AT_MOST {
            let Some(eldest) = self.entries.pop_front() else { break };
            self.nothing_until = self.nothing_until.max(eldest.until);
        }
    }

    /// Why a token does not hold any more.
    pub fn of(&self, reentry: &Reentry) -> Option<RequestError> {
        let room = reentry.charter.host;
        let is_removal = |what: &&Revocation| matches!(what, Revocation::Removed(host, peer) if *host == room && *peer == reentry.peer_id);
        let removal = self.entries.iter().map(|entry| &entry.what).find(is_removal);
        removal.map_or_else(|| self.of_room(room), |removal| Some(removal.reason()))
    }

    /// Why a room is not opened again.
    pub fn of_room(&self, room: Digest) -> Option<RequestError> {
        self.entries.iter().find_map(|entry| match &entry.what {
            Revocation::EndedByHost(host) | Revocation::Ended(host) if *host == room => {
                Some(entry.what.reason())
            }
            _ => None,
        })
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
