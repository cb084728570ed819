//! Who may enter, and as what: pure, from the room and what the entrant shows.

use crate::{
    room::{
        charter::{Charter, Settings},
        view::RoomView,
    },
    signaling::{errors::RequestError, messages::Role},
    tokens::{Digest, Reentry, random_name},
};

const PEER_ID_LENGTH: usize = 12;

/// What somebody at the door shows.
#[derive(Clone, Debug)]
pub struct Entrance {
    /// The name to be shown to others.
    pub display_name: Option<String>,
    /// As what.
    pub role: Role,
    /// Of the password given.
    pub password: Option<Digest>,
    /// Of the host token given.
    pub host_token: Option<Digest>,
    /// On whose word.
    pub claim: Claim,
}

/// On whose word somebody wants to enter.
#[derive(Clone, Debug)]
pub enum Claim {
    /// Nobody's: the room's lock and password count.
    Stranger,
    /// An embedder's join token, checked. The password does not count, the lock does.
    Invited {
        /// As a host.
        host: bool,
    },
    /// A rejoin token of this room, checked. It was in the room: the password does not count, and the lock only for
    /// those who had left before.
    Returning(Box<Reentry>),
}

/// How many a room takes.
#[derive(Clone, Copy, Debug)]
pub struct Capacity {
    /// Peers that may send.
    pub publishers: usize,
    /// Peers that only receive.
    pub viewers: usize,
}

/// A place in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Under which id. When somebody of this id is in the room, it is the same person.
    pub peer_id: String,
    /// As what.
    pub role: Role,
    /// As a host.
    pub host: bool,
    /// The order of tiles, of somebody who was there before.
    pub joined: Option<u64>,
}

/// Decides on `entrance`.
///
/// # Errors
/// Why not, for the entrant.
pub fn admit(
    entrance: &Entrance,
    charter: &Charter,
    room: &RoomView,
    capacity: Capacity,
) -> Result<Place, RequestError> {
    let place = place(entrance, charter, &room.settings)?;
    let (max, role) = match place.role {
        Role::Publisher => (capacity.publishers, "publishers"),
        Role::Viewer => (capacity.viewers, "viewers"),
    };
    let others = room.members.iter().filter(|(id, _)| **id != place.peer_id);
    if others.filter(|(_, member)| member.role == place.role).count() >= max {
        return Err(RequestError::RoomFull { room: charter.room_id.clone(), max, role });
    }
    Ok(place)
}

/// The place `entrance` has a right to, however many are there. Whoever has none opens no room either.
///
/// # Errors
/// Why not, for the entrant.
pub fn place(
    entrance: &Entrance,
    charter: &Charter,
    settings: &Settings,
) -> Result<Place, RequestError> {
    let room_id = || charter.room_id.clone();
    let with_token = entrance.host_token == Some(charter.host);
    match &entrance.claim {
        Claim::Returning(reentry) => {
            // Embedders use a room's id again; whoever was in the former room was not in this one.
            if reentry.charter.host != charter.host {
                let reason = "it is of another room".into();
                return Err(RequestError::InvalidToken { token: "rejoinToken", reason });
            }
            if settings.has_removed(&reentry.peer_id) {
                return Err(RequestError::Removed);
            }
            let host = reentry.host || with_token;
            if settings.locks_out(&reentry.peer_id) && !host {
                return Err(RequestError::RoomLocked(room_id()));
            }
            Ok(Place {
                peer_id: reentry.peer_id.clone(),
                role: reentry.role,
                host,
                joined: Some(reentry.joined),
            })
        }
        Claim::Stranger | Claim::Invited { .. } => {
            let host = with_token || matches!(entrance.claim, Claim::Invited { host: true });
            let is_stranger = matches!(entrance.claim, Claim::Stranger);
            if settings.locked.is_some() && !host {
                return Err(RequestError::RoomLocked(room_id()));
            }
            if is_stranger
                && !host
                && settings.password.is_some_and(|password| entrance.password != Some(password))
            {
                return Err(RequestError::WrongPassword(room_id()));
            }
            let peer_id = random_name(PEER_ID_LENGTH);
            Ok(Place { peer_id, role: entrance.role, host, joined: None })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::view::Member;

    const CAPACITY: Capacity = Capacity { publishers: 2, viewers: 1 };

    fn stranger() -> Entrance {
        Entrance {
            display_name: None,
            role: Role::Publisher,
            password: None,
            host_token: None,
            claim: Claim::Stranger,
        }
    }

    fn room(members: &[(&str, Role)]) -> RoomView {
        let member = |&(id, role): &(&str, Role)| (id.into(), Member { role, ..Member::default() });
        RoomView { members: members.iter().map(member).collect(), ..RoomView::default() }
    }

    fn decide(entrance: &Entrance, charter: &Charter, room: &RoomView) -> Result<Place, String> {
        admit(entrance, charter, room, CAPACITY).map_err(|error| error.to_string())
    }

    #[test]
    fn a_room_takes_so_many_publishers_and_so_many_viewers() {
        let (charter, _) = Charter::draw_up(None);
        let full = room(&[("a", Role::Publisher), ("b", Role::Publisher)]);
        let refusal = decide(&stranger(), &charter, &full).expect_err("full");
        assert!(refusal.contains("2 publishers"), "{refusal}");
        let viewer = Entrance { role: Role::Viewer, ..stranger() };
        assert_eq!(decide(&viewer, &charter, &full).expect("a place").role, Role::Viewer);
        let watched = room(&[("a", Role::Viewer)]);
        assert!(decide(&viewer, &charter, &watched).is_err());
        assert!(decide(&stranger(), &charter, &watched).is_ok());
    }

    #[test]
    fn a_password_is_asked_of_strangers_and_of_nobody_else() {
        let (charter, host_token) = Charter::draw_up(None);
        let password = Some(Digest::of("proof"));
        let settings = charter.settings.changed(|settings| settings.password = password);
        let room = RoomView { settings, ..RoomView::default() };
        assert!(decide(&stranger(), &charter, &room).is_err());
        let wrong = Entrance { password: Some(Digest::of("else")), ..stranger() };
        assert!(decide(&wrong, &charter, &room).is_err());
        for known in [
            Entrance { password, ..stranger() },
            Entrance { host_token: Some(Digest::of(&host_token)), ..stranger() },
            Entrance { claim: Claim::Invited { host: false }, ..stranger() },
        ] {
            assert!(decide(&known, &charter, &room).is_ok());
        }
    }

    #[test]
    fn a_locked_room_takes_hosts_and_those_who_were_in_it_when_it_was_locked() {
        let (charter, host_token) = Charter::draw_up(None);
        let locked = Some(vec!["a".into()]);
        let settings = charter.settings.changed(|settings| settings.locked = locked);
        let room = RoomView { settings, ..RoomView::default() };
        let invited = Entrance { claim: Claim::Invited { host: false }, ..stranger() };
        assert!(decide(&stranger(), &charter, &room).is_err());
        assert!(decide(&invited, &charter, &room).is_err());
        let host = Entrance { host_token: Some(Digest::of(&host_token)), ..stranger() };
        assert!(decide(&host, &charter, &room).expect("a place").host);
        assert!(decide(&returning("a", &charter), &charter, &room).is_ok());
        let before_the_lock = returning("of an earlier visit", &charter);
        assert!(decide(&before_the_lock, &charter, &room).is_err());
    }

    fn returning(peer_id: &str, charter: &Charter) -> Entrance {
        let reentry = Reentry {
            charter: charter.clone(),
            peer_id: peer_id.into(),
            display_name: None,
            role: Role::Publisher,
            host: false,
            joined: 7,
        };
        Entrance { claim: Claim::Returning(Box::new(reentry)), ..stranger() }
    }

    #[test]
    fn whoever_returns_keeps_its_id_and_takes_no_second_place() {
        let (charter, _) = Charter::draw_up(None);
        let full = room(&[("a", Role::Publisher), ("b", Role::Publisher)]);
        let place = decide(&returning("a", &charter), &charter, &full).expect("a place");
        assert_eq!((place.peer_id.as_str(), place.joined), ("a", Some(7)));
        assert!(decide(&returning("c", &charter), &charter, &full).is_err());
    }

    #[test]
    fn a_token_of_a_former_room_of_this_name_does_not_hold() {
        let (former, _) = Charter::draw_up(Some("lesson-7".into()));
        let (charter, _) = Charter::draw_up(Some("lesson-7".into()));
        let refusal = decide(&returning("a", &former), &charter, &room(&[])).expect_err("refused");
        assert!(refusal.contains("another room"), "{refusal}");
    }

    #[test]
    fn whoever_was_removed_does_not_return() {
        let (charter, _) = Charter::draw_up(None);
        let settings = charter.settings.changed(|settings| settings.remove("a"));
        let room = RoomView { settings, ..RoomView::default() };
        let refusal = decide(&returning("a", &charter), &charter, &room).expect_err("removed");
        assert!(refusal.contains("removed"), "{refusal}");
    }
}
