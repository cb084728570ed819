//! Which rooms have a broadcast to watch.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::watch;

use crate::packager::View;
use crate::packager::names::is_plain;

/// The broadcasts viewers can ask for, by room id. A value: whoever opens and removes broadcasts
/// publishes a new one.
#[derive(Debug, Clone, Default)]
pub struct Rooms {
    views: HashMap<String, watch::Receiver<Arc<View>>>,
}

impl Rooms {
    /// Shows the broadcast of a room, in place of one that was there.
    pub fn insert(&mut self, room_id: String, view: watch::Receiver<Arc<View>>) {
        self.views.insert(room_id, view);
    }

    /// Shows the broadcast of a room no longer.
    pub fn remove(&mut self, room_id: &str) {
        self.views.remove(room_id);
    }

    /// The broadcast of a room. What is no room id has none.
    #[must_use]
    pub fn get(&self, room_id: &str) -> Option<watch::Receiver<Arc<View>>> {
        is_plain(room_id).then(|| self.views.get(room_id).cloned()).flatten()
    }
}

impl FromIterator<(String, watch::Receiver<Arc<View>>)> for Rooms {
    fn from_iter<I>(rooms: I) -> Self
    where
        I: IntoIterator<Item = (String, watch::Receiver<Arc<View>>)>,
    {
        Self { views: rooms.into_iter().collect() }
    }
}
