//! Under which names a broadcast can be watched.

use serde::{Deserialize, Serialize};

use super::names;

/// A broadcast's name for viewers, apart from its room's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// Spelt like a room id.
    pub watch_id: String,
    /// The room's id is no address: whoever knows only that does not watch.
    pub only: bool,
}

impl Address {
    /// The name in the URL that viewers are told.
    #[must_use]
    pub fn told<'a>(address: Option<&'a Self>, room_id: &'a str) -> &'a str {
        address.map_or(room_id, |address| &address.watch_id)
    }

    /// Every name the broadcast of `room_id` is served under.
    pub fn all<'a>(
        address: Option<&'a Self>,
        room_id: &'a str,
    ) -> impl Iterator<Item = &'a str> + use<'a> {
        let room = address.is_none_or(|address| !address.only).then_some(room_id);
        address.map(|address| address.watch_id.as_str()).into_iter().chain(room)
    }

    /// Whether the watch id can be part of a URL.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        names::is_plain(&self.watch_id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_broadcast_is_watched_under_its_own_name_and_its_rooms_unless_that_is_secret() {
        let names = |address: Option<&Address>| {
            Address::all(address, "room").map(str::to_owned).collect::<Vec<_>>()
        };
        let mut address = Address { watch_id: "watch".into(), only: false };
        assert_eq!(names(None), ["room"]);
        assert_eq!(names(Some(&address)), ["watch", "room"]);
        address.only = true;
        assert_eq!(names(Some(&address)), ["watch"]);
        assert_eq!(Address::told(Some(&address), "room"), "watch");
        assert_eq!(Address::told(None, "room"), "room");
    }
}
