//! What hosts may order: pure, from the room.

use crate::{
    room::{Charter, charter::Settings, tracks::Slot, view::RoomView},
    signaling::{
        errors::{RequestError, excerpt},
        messages::{Ended, LayoutName, LayoutSet, Muted, Pin, Pinned, Removed, RoomLocked},
        request::{Reply, Request},
    },
    tokens::Revocation,
};

/// One order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostOrder {
    /// Pause a peer's track. It may resume it.
    Mute {
        /// Whose.
        peer_id: String,
        /// Which.
        slot: Slot,
    },
    /// Put a peer out, for as long as the room lasts.
    Remove {
        /// Whom.
        peer_id: String,
    },
    /// Let nobody new in, or somebody again.
    Lock {
        /// Nobody.
        locked: bool,
    },
    /// Arrange the broadcast.
    Layout {
        /// How.
        layout: LayoutName,
    },
    /// Pin somebody in the broadcast, or nobody any more.
    Pin {
        /// Whom.
        pin: Option<Pin>,
    },
    /// End the room for everybody.
    End,
}

impl HostOrder {
    /// The order in `request`; `Err` gives a request back that is none.
    pub fn of(request: Request) -> Result<Self, Request> {
        Ok(match request {
            Request::MutePeer(mute) => {
                Self::Mute { peer_id: mute.peer_id, slot: Slot::named(mute.track) }
            }
            Request::RemovePeer(peer) => Self::Remove { peer_id: peer.peer_id },
            Request::LockRoom(lock) => Self::Lock { locked: lock.locked },
            Request::SetLayout(set) => Self::Layout { layout: set.layout },
            Request::PinPeer(pin) => {
                let source = pin.source;
                Self::Pin { pin: pin.peer_id.map(|peer_id| Pin { peer_id, source }) }
            }
            Request::EndRoom => Self::End,
            request => return Err(request),
        })
    }

    /// What whoever ordered it is answered.
    pub fn reply(&self) -> Reply {
        match self {
            Self::Mute { .. } => Muted::default().into(),
            Self::Remove { .. } => Removed::default().into(),
            Self::Lock { locked } => RoomLocked { locked: *locked }.into(),
            Self::Layout { layout } => LayoutSet { layout: *layout }.into(),
            Self::Pin { pin } => Pinned { pinned: pin.is_some() }.into(),
            Self::End => Ended::default().into(),
        }
    }

    /// Whether `by` may order it.
    ///
    /// # Errors
    /// It is no host, or whom it concerns is not there.
    pub fn check(&self, by: &str, room: &RoomView) -> Result<(), RequestError> {
        if room.members.get(by).is_none_or(|member| !member.host) {
            return Err(RequestError::NotHost);
        }
        let whom = match self {
            Self::Mute { peer_id, .. } | Self::Remove { peer_id } => Some(peer_id),
            Self::Pin { pin } => pin.as_ref().map(|pin| &pin.peer_id),
            Self::Lock { .. } | Self::Layout { .. } | Self::End => None,
        };
        match whom {
            Some(peer_id) if !room.members.contains_key(peer_id) => {
                Err(RequestError::PeerNotFound(excerpt(peer_id)))
            }
            _ => Ok(()),
        }
    }

    /// What tokens of the room open no longer now that it is obeyed; `charter` is as it has become.
    pub fn revocation(&self, charter: &Charter) -> Option<Revocation> {
        let room = charter.host;
        match self {
            Self::Remove { peer_id } => Some(Revocation::Removed(room, peer_id.clone())),
            Self::End => Some(Revocation::EndedByHost(room)),
            Self::Lock { .. } => Some(Revocation::Lock(charter.lock())),
            Self::Mute { .. } | Self::Layout { .. } | Self::Pin { .. } => None,
        }
    }

    /// What it changes of the settings of a room with `members` in it.
    pub fn change<'a>(&self, settings: &mut Settings, members: impl Iterator<Item = &'a String>) {
        match self {
            Self::Remove { peer_id } => settings.remove(peer_id),
            Self::Lock { locked: false } => settings.locked = None,
            // Locking a locked room is no news, nor is who has come since: they were let in by a host's token.
            Self::Lock { locked: true } if settings.locked.is_some() => {}
            Self::Lock { locked: true } => settings.locked = Some(members.cloned().collect()),
            Self::Layout { layout } => settings.layout = *layout,
            Self::Pin { pin } => settings.pinned.clone_from(pin),
            Self::Mute { .. } | Self::End => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::view::Member;

    fn room() -> RoomView {
        let member = |host| Member { host, ..Member::default() };
        let members = [("host".to_owned(), member(true)), ("guest".to_owned(), member(false))];
        RoomView { members: members.into(), ..RoomView::default() }
    }

    #[test]
    fn only_hosts_order_and_only_about_who_is_there() {
        let remove = |peer: &str| HostOrder::Remove { peer_id: peer.into() };
        assert_eq!(remove("guest").check("host", &room()), Ok(()));
        assert_eq!(remove("host").check("guest", &room()), Err(RequestError::NotHost));
        assert_eq!(HostOrder::End.check("nobody", &room()), Err(RequestError::NotHost));
        let refusal = remove("nobody").check("host", &room());
        assert_eq!(refusal, Err(RequestError::PeerNotFound("nobody".into())));
    }

    #[test]
    fn an_order_changes_what_it_says_and_nothing_else() {
        let before = Settings::default();
        let room = room();
        let after = |order: HostOrder, before: &Settings| {
            before.changed(|settings| order.change(settings, room.members.keys()))
        };
        let locked = after(HostOrder::Lock { locked: true }, &before);
        let inside = Some(vec!["guest".into(), "host".into()]);
        assert_eq!(locked, Settings { revision: 1, locked: inside, ..Settings::default() });
        assert!(!locked.locks_out("guest") && locked.locks_out("somebody else"));
        let unlocked = after(HostOrder::Lock { locked: false }, &locked);
        assert!(!unlocked.locks_out("somebody else"));
        assert_eq!(after(HostOrder::End, &before), before);
    }
}
