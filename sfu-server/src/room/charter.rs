//! What a room is apart from who is in it: its names, its host token, its settings. Rejoin tokens carry it over a restart
//! of the server.

use serde::{Deserialize, Serialize};

use crate::{
    signaling::messages::{LayoutName, Pin, RoomSettings},
    tokens::{Digest, Lock, random_name},
};

/// Characters of a room's two ids: 71 bits, so that nobody guesses either.
const ID_LENGTH: usize = 12;
/// Characters of a host token: 142 bits.
const HOST_TOKEN_LENGTH: usize = 24;
/// Removed peers a room remembers: the eldest may try again.
const REMOVED_AT_MOST: usize = 64;

/// Room ids are part of URLs and of file names.
pub fn is_room_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

/// A room's names, host token and settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charter {
    /// Part of the links that invite.
    pub room_id: String,
    /// Part of the links to the broadcast.
    pub watch_id: String,
    /// Of the host token.
    pub host: Digest,
    /// How it is set.
    pub settings: Settings,
    /// Nobody enters without a join token. This server says so, whatever stood where a token comes from.
    #[serde(skip)]
    pub invited_only: bool,
}

/// How a room is set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Grows with every change. Of two tokens for one room the higher one knows more.
    pub revision: u64,
    /// Of the password, if there is one.
    pub password: Option<Digest>,
    /// Nobody new may join: only those who were there when it was locked come back.
    pub locked: Option<Vec<String>>,
    /// How the broadcast is arranged.
    pub layout: LayoutName,
    /// Who is pinned in it.
    pub pinned: Option<Pin>,
    /// Whom hosts have removed, the latest last.
    pub removed: Vec<String>,
}

impl Charter {
    /// A new room, under `room_id` or a name nobody guesses, and its host token.
    pub fn draw_up(room_id: Option<String>) -> (Self, String) {
        let host_token = random_name(HOST_TOKEN_LENGTH);
        let charter = Self {
            room_id: room_id.unwrap_or_else(|| random_name(ID_LENGTH)),
            watch_id: random_name(ID_LENGTH),
            host: Digest::of(&host_token),
            settings: Settings::default(),
            invited_only: false,
        };
        (charter, host_token)
    }

    /// Whether the room is locked, as it is remembered.
    pub fn lock(&self) -> Lock {
        Lock {
            room: Digest::of(&self.room_id),
            host: self.host,
            revision: self.settings.revision,
            inside: self.settings.locked.clone(),
        }
    }

    /// Takes over what is remembered of the lock, if this had not heard of it. Whoever has, has heard of more: its settings
    /// are still newer than these.
    pub fn learn(&mut self, lock: &Lock) {
        if lock.host == self.host && lock.revision > self.settings.revision {
            self.settings.locked.clone_from(&lock.inside);
            self.settings.revision = lock.revision - 1;
        }
    }

    /// Whether something stands between knowing the room's id and entering: then the id alone leads to no picture either. The
    /// watch id does, whoever has it. A lock is none of this: it keeps people out, and never viewers.
    pub fn is_guarded(&self) -> bool {
        self.invited_only || self.settings.password.is_some()
    }
}

impl Settings {
    /// As everybody in the room is told.
    pub fn told(&self) -> RoomSettings {
        RoomSettings {
            locked: self.locked.is_some(),
            has_password: self.password.is_some(),
            layout: self.layout,
            pinned: self.pinned.clone(),
        }
    }

    /// Whether the room is locked, and `peer_id` was not in it then.
    pub fn locks_out(&self, peer_id: &str) -> bool {
        self.locked.as_ref().is_some_and(|inside| inside.iter().all(|inside| inside != peer_id))
    }

    /// Whether a host has removed `peer_id`.
    pub fn has_removed(&self, peer_id: &str) -> bool {
        self.removed.iter().any(|removed| removed == peer_id)
    }

    /// Whether `peer_id` would be let in by none of its tokens.
    pub fn keeps_out(&self, peer_id: &str, is_host: bool) -> bool {
        self.has_removed(peer_id) || (self.locks_out(peer_id) && !is_host)
    }

    /// These settings changed by `change`; the same, revision included, when it changes nothing.
    #[must_use]
    pub fn changed(&self, change: impl FnOnce(&mut Self)) -> Self {
        let mut changed = self.clone();
        change(&mut changed);
        if changed != *self {
            changed.revision = self.revision + 1;
        }
        changed
    }

    /// Remembers that a host has removed `peer_id`, and unpins it.
    pub fn remove(&mut self, peer_id: &str) {
        if self.pinned.as_ref().is_some_and(|pin| pin.peer_id == peer_id) {
            self.pinned = None;
        }
        self.removed.push(peer_id.into());
        let surplus = self.removed.len().saturating_sub(REMOVED_AT_MOST);
        self.removed.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_room_has_two_names_that_say_nothing_of_each_other() {
        let (charter, host_token) = Charter::draw_up(None);
        assert_ne!(charter.room_id, charter.watch_id);
        assert_eq!(charter.host, Digest::of(&host_token));
        assert_eq!(Charter::draw_up(Some("known".into())).0.room_id, "known");
    }

    #[test]
    fn a_password_and_a_join_secret_guard_a_room_and_a_lock_does_not() {
        let (open, _) = Charter::draw_up(None);
        let with = |settings| Charter { settings, ..open.clone() }.is_guarded();
        assert!(!open.is_guarded());
        assert!(!with(Settings { locked: Some(vec![]), ..Settings::default() }));
        assert!(with(Settings { password: Some(Digest::of("proof")), ..Settings::default() }));
        assert!(Charter { invited_only: true, ..open.clone() }.is_guarded());
    }

    #[test]
    fn a_charter_that_had_not_heard_of_a_lock_learns_it_and_yields_to_one_that_had() {
        let (old, _) = Charter::draw_up(None);
        let inside = Some(vec!["a".into()]);
        let settings = Settings { locked: inside.clone(), revision: 3, ..Settings::default() };
        let locked = Charter { settings, ..old.clone() };
        let mut learned = old.clone();
        learned.learn(&locked.lock());
        assert_eq!(
            (learned.settings.locked.as_ref(), learned.settings.revision),
            (inside.as_ref(), 2)
        );
        let mut told = locked.clone();
        told.learn(&old.lock());
        let (other, _) = Charter::draw_up(Some(old.room_id.clone()));
        told.learn(
            &Charter { settings: Settings { revision: 9, ..Settings::default() }, ..other }.lock(),
        );
        assert_eq!(told, locked);
    }

    #[test]
    fn room_ids_are_safe_in_urls_and_file_names() {
        assert!(is_room_id("a") && is_room_id("A-z_09") && is_room_id(&"x".repeat(64)));
        for text in ["", "..", "a/b", "a b", "ä", "a\0", &"x".repeat(65)] {
            assert!(!is_room_id(text), "{text}");
        }
    }

    #[test]
    fn only_a_change_makes_a_new_revision() {
        let before = Settings::default();
        let locked = before.changed(|settings| settings.locked = Some(vec![]));
        assert_eq!(locked.revision, 1);
        assert_eq!(locked.changed(|settings| settings.locked = Some(vec![])), locked);
    }

    #[test]
    fn a_lock_keeps_out_who_was_not_inside_unless_it_is_a_host_and_a_removal_everybody() {
        let mut settings = Settings { locked: Some(vec!["a".into()]), ..Settings::default() };
        assert!(!settings.keeps_out("a", false) && !settings.keeps_out("b", true));
        assert!(settings.keeps_out("b", false));
        settings.remove("a");
        assert!(settings.keeps_out("a", true));
    }

    #[test]
    fn as_many_removed_peers_are_remembered_as_are_bearable() {
        let mut settings = Settings::default();
        for n in 0..=REMOVED_AT_MOST {
            settings.remove(&n.to_string());
        }
        assert_eq!(settings.removed.len(), REMOVED_AT_MOST);
        assert!(!settings.has_removed("0") && settings.has_removed("1"));
    }

    #[test]
    fn a_removed_peer_is_pinned_no_more() {
        let pinned = Some(Pin { peer_id: "a".into(), source: Default::default() });
        let mut settings = Settings { pinned, ..Settings::default() };
        settings.remove("b");
        assert!(settings.pinned.is_some());
        settings.remove("a");
        assert!(settings.pinned.is_none());
    }
}
