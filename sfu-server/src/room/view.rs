//! The whole state of a room as everybody in it sees it, and what a peer must be told when it changes.

use std::collections::BTreeMap;

use mediasoup::prelude::ProducerId;
use serde::Serialize;

use crate::{
    room::tracks::Tracks,
    signaling::messages::{
        ActiveSpeaker, BroadcastStatus, PeerJoined, PeerLeft, PeerProducers, Producers, RoomClosed,
    },
};

/// One peer of a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The name it gave.
    pub display_name: Option<String>,
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
    /// Who speaks.
    pub active_speaker: Option<String>,
    /// The room's broadcast.
    pub broadcast: BroadcastStatus,
    /// Set once, when the room is gone for everybody.
    pub closed: Option<RoomClosed>,
}

impl Default for RoomView {
    fn default() -> Self {
        Self {
            members: BTreeMap::new(),
            active_speaker: None,
            broadcast: BroadcastStatus::Idle,
            closed: None,
        }
    }
}

impl RoomView {
    /// Whether some peer sends `producer`.
    pub fn has_producer(&self, producer: ProducerId) -> bool {
        self.members
            .values()
            .any(|member| member.tracks.iter().any(|track| track.producer == producer))
    }

    /// Who sends what, in the order of joining; peers that send nothing are left out.
    pub fn producers(&self) -> Producers {
        let mut members: Vec<_> =
            self.members.iter().filter(|(_, member)| !member.tracks.is_empty()).collect();
        members.sort_by_key(|(_, member)| member.joined);
        Producers {
            producers: members
                .into_iter()
                .map(|(id, member)| member_producers(id, member))
                .collect(),
        }
    }
}

fn member_producers(peer_id: &str, member: &Member) -> PeerProducers {
    let Tracks { camera, microphone, screen, screen_audio } = member.tracks;
    let id = |track: Option<crate::room::tracks::Track>| track.map(|t| t.producer.to_string());
    PeerProducers {
        peer_id: peer_id.into(),
        display_name: member.display_name.clone(),
        video_producer_id: id(camera),
        audio_producer_id: id(microphone),
        screen_producer_id: id(screen),
        screen_audio_producer_id: id(screen_audio),
        video_paused: camera.is_some_and(|track| track.paused),
        audio_paused: microphone.is_some_and(|track| track.paused),
    }
}

/// One fact for a client: an event name and its payload.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Fact {
    /// `peerJoined`
    PeerJoined(PeerJoined),
    /// `peerLeft`
    PeerLeft(PeerLeft),
    /// `roomProducersChanged`
    ProducersChanged(Producers),
    /// `activeSpeaker`
    ActiveSpeaker(ActiveSpeaker),
    /// `broadcastStatus`
    BroadcastStatus(BroadcastStatus),
    /// `roomClosed`
    RoomClosed(RoomClosed),
}

impl Fact {
    /// The Socket.IO event that carries it.
    pub fn event(&self) -> &'static str {
        match self {
            Self::PeerJoined(_) => "peerJoined",
            Self::PeerLeft(_) => "peerLeft",
            Self::ProducersChanged(_) => "roomProducersChanged",
            Self::ActiveSpeaker(_) => "activeSpeaker",
            Self::BroadcastStatus(_) => "broadcastStatus",
            Self::RoomClosed(_) => "roomClosed",
        }
    }
}

/// What `peer` must be told so that it knows `new`, having known `old`.
pub fn facts(old: &RoomView, new: &RoomView, peer: &str) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (id, member) in &new.members {
        if id != peer && !old.members.contains_key(id) {
            let display_name = member.display_name.clone();
            facts.push(Fact::PeerJoined(PeerJoined { peer_id: id.clone(), display_name }));
        }
    }
    for id in old.members.keys() {
        if !new.members.contains_key(id) {
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
    if old.broadcast != new.broadcast {
        facts.push(Fact::BroadcastStatus(new.broadcast.clone()));
    }
    if let (None, Some(closed)) = (&old.closed, &new.closed) {
        facts.push(Fact::RoomClosed(closed.clone()));
    }
    facts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(joined: u64) -> Member {
        Member { display_name: Some(format!("name {joined}")), tracks: Tracks::default(), joined }
    }

    fn room(members: &[(&str, u64)]) -> RoomView {
        RoomView {
            members: members.iter().map(|&(id, joined)| (id.into(), member(joined))).collect(),
            ..RoomView::default()
        }
    }

    #[test]
    fn an_unchanged_room_tells_nothing() {
        let view = room(&[("a", 1), ("b", 2)]);
        assert_eq!(facts(&view, &view, "a"), []);
    }

    #[test]
    fn a_peer_is_told_who_joined_and_left_but_not_of_itself() {
        let events = |peer| {
            let told = facts(&room(&[("a", 1), ("b", 2)]), &room(&[("a", 1), ("c", 3)]), peer);
            told.iter().map(Fact::event).collect::<Vec<_>>()
        };
        assert_eq!(events("a"), ["peerJoined", "peerLeft"]);
        assert_eq!(events("c"), ["peerLeft"]);
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
    fn a_closed_room_is_told_once() {
        let open = room(&[("a", 1)]);
        let closed = RoomView {
            closed: Some(RoomClosed {
                reason: "gone".into(),
                code: crate::signaling::messages::ErrorCode::WorkerLost,
            }),
            ..open.clone()
        };
        assert_eq!(facts(&open, &closed, "a").len(), 1);
        assert_eq!(facts(&closed, &closed, "a"), []);
    }
}
