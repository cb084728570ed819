//! What clients are told unasked, where no reply says the same.

use serde::Serialize;
use ts_rs::TS;

use super::failure::ErrorCode;

/// `broadcastStatus`: the room's HLS broadcast, whole, on every change and right after joining.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(tag = "phase", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum BroadcastStatus {
    /// Nobody has sent anything yet.
    Idle,
    /// The pipeline starts.
    Starting {
        /// Where the playlist will be.
        playlist_url: String,
        /// Who cannot be shown at the moment; left out when everybody is.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<Missing>>")]
        missing: Vec<Missing>,
    },
    /// Viewers see the picture.
    Live {
        /// Where the playlist is.
        playlist_url: String,
        /// Who cannot be shown at the moment; left out when everybody is.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        #[ts(optional, as = "Option<Vec<Missing>>")]
        missing: Vec<Missing>,
    },
    /// The composer is away; viewers see the last picture and the call goes on.
    Reconnecting {
        /// Where the playlist is, once it was known.
        #[serde(skip_serializing_if = "Option::is_none")]
        #[ts(optional)]
        playlist_url: Option<String>,
        /// What is missing.
        reason: String,
    },
    /// The composer refuses this broadcast; the call goes on.
    Refused {
        /// Why.
        reason: String,
    },
    /// The playlist is finished.
    Ended {
        /// Where it stays for a while.
        playlist_url: String,
    },
}

/// Somebody who sends, and whom viewers neither see nor hear until the next try succeeds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Missing {
    /// Who.
    pub peer_id: String,
    /// It is the screen this peer shares that is missing.
    pub screen: bool,
    /// Why, for a person.
    pub reason: String,
}

/// `peerLeft`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PeerLeft {
    /// Who.
    pub peer_id: String,
}

/// `activeSpeaker`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ActiveSpeaker {
    /// Who speaks; nobody when missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub peer_id: Option<String>,
}

/// `audioLevels`: how loud everybody is, some three times a second while anybody is heard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AudioLevels {
    /// Whoever is heard; the others are silent.
    pub levels: Vec<AudioLevel>,
}

/// How loud one peer is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct AudioLevel {
    /// Who.
    pub peer_id: String,
    /// dBov: 0 is the loudest, -127 silence (RFC 6464).
    pub volume: i8,
}

/// `consumerChanged`: the state of one of the caller's consumers, whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerState {
    /// Which.
    pub consumer_id: String,
    /// The producer is paused by its peer or a host.
    pub producer_paused: bool,
    /// How well it arrives at the caller, 0 to 10.
    pub score: u8,
    /// How well it arrives at the server, 0 to 10.
    pub producer_score: u8,
    /// The layer that is sent now; none while nothing is sent, or for audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub spatial_layer: Option<u8>,
    /// The rate that is sent now.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub temporal_layer: Option<u8>,
}

/// `producerChanged`: how one of the caller's own producers arrives at the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProducerState {
    /// Which.
    pub producer_id: String,
    /// 0 to 10, of its best layer; 0 when nothing arrives.
    pub score: u8,
}

/// `rejoinToken`: takes the place of the one the caller has; the room's settings are in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RejoinToken {
    /// For the next `joinRoom`.
    pub rejoin_token: String,
}

/// `roomClosed`: the room is gone for whoever is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoomClosed {
    /// Why, for a person.
    pub reason: String,
    /// Why, for a program.
    pub code: ErrorCode,
}

/// `GET /api/rooms/{roomId}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoomSummary {
    /// The room.
    pub room_id: String,
    /// How many peers are in it.
    #[ts(type = "number")]
    pub peers: usize,
    /// Joining takes a password.
    pub has_password: bool,
    /// Nobody new may join.
    pub locked: bool,
    /// Its broadcast; not told of a room with a password, nor where joining takes a join token, because the address of the
    /// playlist is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub broadcast: Option<BroadcastStatus>,
}
