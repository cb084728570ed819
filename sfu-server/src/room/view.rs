//! The whole state of a room as everybody in it sees it, and what a peer must be told when it changes.

use std::collections::BTreeMap;

use mediasoup::prelude::ProducerId;

use crate::{
    room::{
        charter::Settings,
        tracks::{Track, Tracks},
    },
    signaling::{
        errors::RequestError,
        facts::Fact,
        messages::{
            ActiveSpeaker, AudioLevel, AudioLevels, BroadcastStatus, Failure, Peer, PeerLeft,
            PeerProducers, Producers, Role, RoomClosed,
        },
    },
};

/// One peer of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Member {
    /// The name it gave.
    pub display_name: Option<String>,
    /// What it may do.
    pub role: Role,
    /// It is a host.
    pub host: bool,
    /// Its connection is lost, its seat is kept.
    pub reconnecting: bool,
    /// What it sends.
    pub tracks: Tracks,
    /// Grows with every join: the order of tiles.
    pub joined: u64,
}

/// A room, whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomView {
    /// Peers by id.
    pub members: BTreeMap<String, Member>,
    /// How it is set.
    pub settings: Settings,
    /// Who speaks.
    pub active_speaker: Option<String>,
    /// Whoever is heard, and how loud.
    pub levels: Vec<AudioLevel>,
    /// The room's broadcast.
    pub broadcast: BroadcastStatus,
    /// Set once, before the room is gone for everybody.
    pub closed: Option<RequestError>,
}

impl Default for RoomView {
    fn default() -> Self {
        Self {
            members: BTreeMap::new(),
            settings: Settings::default(),
            active_speaker: None,
            levels: Vec::new(),
            broadcast: BroadcastStatus::Idle,
            closed: None,
        }
    }
}

impl RoomView {
    /// Whether some peer sends `producer`.
    pub fn has_producer(&self, producer: ProducerId) -> bool {
        self.owner(producer).is_some()
    }

    /// Who sends `producer`.
    pub fn owner(&self, producer: ProducerId) -> Option<&str> {
        let mut members = self.members.iter();
        let (id, _) = members
            .find(|(_, member)| member.tracks.iter().any(|track| track.producer == producer))?;
        Some(id)
    }

    /// Who sends what, in the order of joining; peers that send nothing are left out.
    pub fn producers(&self) -> Producers {
        let members = self.in_order().filter(|(_, member)| !member.tracks.is_empty());
        Producers { producers: members.map(|(id, member)| member_producers(id, member)).collect() }
    }

    /// Everybody, in the order of joining.
    pub fn peers(&self) -> Vec<Peer> {
        self.in_order().map(|(id, member)| member.told(id)).collect()
    }

    /// Why `peer_id` is in the room no more, if it is not.
    pub fn farewell(&self, peer_id: &str) -> Option<RequestError> {
        if let Some(closed) = &self.closed {
            return Some(closed.clone());
        }
        if self.members.contains_key(peer_id) {
            return None;
        }
        let removed = self.settings.has_removed(peer_id);
        Some(if removed { RequestError::Removed } else { RequestError::SessionNotFound })
    }

    fn in_order(&self) -> impl Iterator<Item = (&String, &Member)> {
        let mut members: Vec<_> = self.members.iter().collect();
        members.sort_by_key(|(_, member)| member.joined);
        members.into_iter()
    }
}

impl Member {
    fn told(&self, peer_id: &str) -> Peer {
        Peer {
            peer_id: peer_id.into(),
            display_name: self.display_name.clone(),
            role: self.role,
            host: self.host,
            reconnecting: self.reconnecting,
        }
    }
}

fn member_producers(peer_id: &str, member: &Member) -> PeerProducers {
    let Tracks { camera, microphone, screen, screen_audio } = member.tracks;
    let id = |track: Option<Track>| track.map(|t| t.producer.to_string());
    let muted = member.tracks.iter().filter(|track| track.muted_by_host);
    PeerProducers {
        peer_id: peer_id.into(),
        display_name: member.display_name.clone(),
        video_producer_id: id(camera),
        audio_producer_id: id(microphone),
        screen_producer_id: id(screen),
        screen_audio_producer_id: id(screen_audio),
        video_paused: camera.is_some_and(|track| track.paused),
        audio_paused: microphone.is_some_and(|track| track.paused),
        muted_by_host: muted.map(|track| track.producer.to_string()).collect(),
    }
}

/// What `peer` must be told so that it knows `new`, having known `old`, but for a farewell.
pub fn facts(old: &RoomView, new: &RoomView, peer: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (id, member) in &new.members {
        let told = member.told(id);
        match old.members.get(id) {
            None if id != peer => facts.push(Fact::PeerJoined(told)),
            Some(known) if known.told(id) != told => facts.push(Fact::PeerChanged(told)),
            _ => {}
        }
    }
    for id in old.members.keys() {
        if !new.members.contains_key(id) && id != peer {
            facts.push(Fact::PeerLeft(PeerLeft { peer_id: id.clone() }));
        }
    }
    let producers = new.producers();
    if old.producers() != producers {
        facts.push(Fact::ProducersChanged(producers));
    }
    if old.active_speaker != new.active_speaker {
        facts.push(Fact::ActiveSpeaker(ActiveSpeaker { peer_id: new.active_speaker.clone() }));
    }
    if old.levels != new.levels {
        facts.push(Fact::AudioLevels(AudioLevels { levels: new.levels.clone() }));
    }
    if old.settings.told() != new.settings.told() {
        facts.push(Fact::Settings(new.settings.told()));
    }
    if old.broadcast != new.broadcast {
        facts.push(Fact::BroadcastStatus(new.broadcast.clone()));
    }
    facts
}

/// `roomClosed`, because of `error`.
pub fn closed(error: &RequestError) -> RoomClosed {
    let Failure { error: reason, code } = error.into();
    RoomClosed { reason, code }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(joined: u64) -> Member {
        Member { display_name: Some(format!("name {joined}")), joined, ..Member::default() }
    }

    fn room(members: &[(&str, u64)]) -> RoomView {
        RoomView {
            members: members.iter().map(|&(id, joined)| (id.into(), member(joined))).collect(),
            ..RoomView::default()
        }
    }

    fn events(old: &RoomView, new: &RoomView, peer: &str) -> Vec<&'static str> {
        facts(old, new, peer).iter().map(Fact::event).collect()
    }

    #[test]
    fn an_unchanged_room_tells_nothing() {
        let view = room(&[("a", 1), ("b", 2)]);
        assert_eq!(facts(&view, &view, "a"), []);
    }

    #[test]
    fn a_peer_is_told_who_joined_and_left_but_not_of_itself() {
        let (before, after) = (room(&[("a", 1), ("b", 2)]), room(&[("a", 1), ("c", 3)]));
        assert_eq!(events(&before, &after, "a"), ["peerJoined", "peerLeft"]);
        assert_eq!(events(&room(&[]), &after, "c"), ["peerJoined"]);
    }

    #[test]
    fn a_lost_connection_is_a_change_of_its_peer_and_no_leaving() {
        let before = room(&[("a", 1), ("b", 2)]);
        let mut after = before.clone();
        after.members.get_mut("b").expect("b").reconnecting = true;
        assert_eq!(events(&before, &after, "a"), ["peerChanged"]);
        assert_eq!(events(&after, &before, "a"), ["peerChanged"]);
    }

    #[test]
    fn changes_that_cancel_out_are_not_told() {
        let before = room(&[("a", 1)]);
        let mut after = before.clone();
        after.members.insert("b".into(), member(2));
        after.members.remove("b");
        assert_eq!(facts(&before, &after, "a"), []);
    }

    #[test]
    fn a_closed_room_says_farewell_to_everybody() {
        let open = room(&[("a", 1)]);
        assert_eq!(open.farewell("a"), None);
        let closed = RoomView { closed: Some(RequestError::WorkerLost), ..open };
        assert_eq!(closed.farewell("a"), closed.closed);
    }

    #[test]
    fn whoever_is_removed_is_told_why_and_the_others_that_it_left() {
        let before = room(&[("a", 1), ("b", 2)]);
        let mut after = room(&[("a", 1)]);
        after.settings = before.settings.changed(|settings| settings.remove("b"));
        assert_eq!(events(&before, &after, "a"), ["peerLeft"]);
        assert_eq!(after.farewell("b"), Some(RequestError::Removed));
    }

    #[test]
    fn what_is_told_of_settings_holds_no_secret() {
        let before = room(&[("a", 1)]);
        let mut after = before.clone();
        after.settings = before.settings.changed(|settings| settings.locked = Some(vec![]));
        assert_eq!(events(&before, &after, "a"), ["roomSettings"]);
        after.settings.password = Some(crate::tokens::Digest::of("secret"));
        let told = serde_json::to_string(&facts(&before, &after, "a")).expect("json");
        assert!(told.contains(r#""hasPassword":true"#) && !told.contains("revision"), "{told}");
    }
}
