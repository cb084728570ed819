//! What clients are answered.

use mediasoup::prelude::{
    DtlsParameters, IceCandidate, IceParameters, MediaKind, RtpCapabilitiesFinalized, RtpParameters,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

use super::requests::{LayoutName, Role, TrackSource};

/// Answers `createRoom`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoomCreated {
    /// What `joinRoom` answers.
    #[serde(flatten)]
    pub room: RoomJoined,
    /// Makes whoever joins with it a host. Only this reply has it.
    pub host_token: String,
}

/// Answers `joinRoom` and `resumeSession`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoomJoined {
    /// The room; part of the links that invite to it.
    pub room_id: String,
    /// Part of the links to its broadcast. Whoever has it can watch, and not join.
    pub watch_id: String,
    /// The caller in this room.
    pub peer_id: String,
    /// What the caller may do.
    pub role: Role,
    /// The caller is a host.
    pub host: bool,
    /// What the router can receive.
    #[ts(type = "import('mediasoup-client').types.RtpCapabilities")]
    pub rtp_capabilities: RtpCapabilitiesFinalized,
    /// Who sends what now.
    pub producers: Vec<PeerProducers>,
    /// Everybody in the room now, the caller included, in the order of joining.
    pub peers: Vec<Peer>,
    /// How the room is set now.
    pub settings: RoomSettings,
    /// Takes the seat up again after a lost connection.
    pub session: Session,
    /// Opens the room again after a restart of the server; a viewer's only lets in. It holds for minutes, and `rejoinToken`
    /// brings another in time.
    pub rejoin_token: String,
    /// What the caller has on the server: nothing after `joinRoom`.
    pub kept: KeptMedia,
}

/// What takes a seat up again.
#[derive(Debug, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    /// Names the seat.
    pub id: String,
    /// Proves that it is the caller's. To be told to nobody.
    pub secret: String,
    /// Milliseconds the seat is kept after the connection is lost.
    #[ts(type = "number")]
    pub kept_for: u64,
}

/// What a resumed peer still has on the server. What it does not know of was asked for when the connection broke.
#[derive(Debug, Default, Clone, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct KeptMedia {
    /// The transport from the browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub producer_transport_id: Option<String>,
    /// The transport to the browser.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub consumer_transport_id: Option<String>,
    /// Its producers' ids.
    pub producer_ids: Vec<String>,
    /// Its consumers' ids.
    pub consumer_ids: Vec<String>,
}

/// Somebody in the room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Peer {
    /// Who.
    pub peer_id: String,
    /// The peer's name, if it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub display_name: Option<String>,
    /// What it may do.
    pub role: Role,
    /// It is a host.
    pub host: bool,
    /// Its connection is lost; its seat is kept for a while.
    pub reconnecting: bool,
}

/// How a room is set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoomSettings {
    /// Nobody new may join.
    pub locked: bool,
    /// Joining takes a password.
    pub has_password: bool,
    /// How the broadcast is arranged.
    pub layout: LayoutName,
    /// Who is pinned in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub pinned: Option<Pin>,
}

/// A pinned picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Pin {
    /// Whose.
    pub peer_id: String,
    /// Its camera or its screen.
    pub source: TrackSource,
}

/// Answers `getRouterRtpCapabilities`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RouterCapabilities {
    /// What the router can receive.
    #[ts(type = "import('mediasoup-client').types.RtpCapabilities")]
    pub rtp_capabilities: RtpCapabilitiesFinalized,
}

/// Answers `createProducerTransport` and `createConsumerTransport`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TransportCreated {
    /// The transport's id.
    pub id: String,
    /// The server's ICE user and password.
    #[ts(type = "import('mediasoup-client').types.IceParameters")]
    pub ice_parameters: IceParameters,
    /// Where the server listens.
    #[ts(type = "import('mediasoup-client').types.IceCandidate[]")]
    pub ice_candidates: Vec<IceCandidate>,
    /// The server's DTLS fingerprints.
    #[ts(type = "import('mediasoup-client').types.DtlsParameters")]
    pub dtls_parameters: DtlsParameters,
    /// Relays for browsers that reach the server on no other way, where the server is told of any.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<IceServer>>")]
    pub ice_servers: Vec<IceServer>,
}

/// One of WebRTC's `RTCIceServer`s.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct IceServer {
    /// `turn:` and `stun:` addresses (RFC 7065, RFC 7064).
    pub urls: Vec<String>,
    /// Until when the credential holds, in seconds since 1970, and for whom.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub username: Option<String>,
    /// The password of `username`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub credential: Option<String>,
}

/// Answers `restartIce`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct IceRestarted {
    /// The transport's new ICE user and password.
    #[ts(type = "import('mediasoup-client').types.IceParameters")]
    pub ice_parameters: IceParameters,
    /// Relays, with credentials that hold from now on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<IceServer>>")]
    pub ice_servers: Vec<IceServer>,
}

/// Answers `setPreferredLayers`: what is preferred from now on; without layers, the track has only one.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PreferredLayers {
    /// 0 is the smallest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub spatial_layer: Option<u8>,
    /// 0 is the slowest.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub temporal_layer: Option<u8>,
}

/// Answers `lockRoom`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoomLocked {
    /// As it is now.
    pub locked: bool,
}

/// Answers `setLayout`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LayoutSet {
    /// As it is now.
    pub layout: LayoutName,
}

/// Answers `pinPeer`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Pinned {
    /// Somebody is, now.
    pub pinned: bool,
}

/// Answers `produce`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Produced {
    /// The new producer's id.
    pub id: String,
}

/// Answers `listProducers`; also the payload of `roomProducersChanged`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Producers {
    /// One entry per peer that sends something.
    pub producers: Vec<PeerProducers>,
}

/// What one peer sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PeerProducers {
    /// Whose.
    pub peer_id: String,
    /// The peer's name, if it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub display_name: Option<String>,
    /// The camera.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub video_producer_id: Option<String>,
    /// The microphone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub audio_producer_id: Option<String>,
    /// The shared screen.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub screen_producer_id: Option<String>,
    /// The shared screen's sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub screen_audio_producer_id: Option<String>,
    /// The camera is paused.
    pub video_paused: bool,
    /// The microphone is muted.
    pub audio_paused: bool,
    /// Tracks that a host has muted; each until its peer resumes it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[ts(optional, as = "Option<Vec<String>>")]
    pub muted_by_host: Vec<String>,
}

/// Answers `consume`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Consumed {
    /// The new consumer's id.
    pub id: String,
    /// What it consumes.
    pub producer_id: String,
    /// `audio` or `video`.
    #[ts(type = "import('mediasoup-client').types.MediaKind")]
    pub kind: MediaKind,
    /// What the browser will receive.
    #[ts(type = "import('mediasoup-client').types.RtpParameters")]
    pub rtp_parameters: RtpParameters,
    /// The producer is paused by its peer.
    pub producer_paused: bool,
}

macro_rules! flag_reply {
    ($(#[$doc:meta])* $name:ident, $field:ident) => {
        $(#[$doc])*
        #[derive(Debug, Serialize, TS)]
        pub struct $name {
            /// Always true: a refusal is a `Failure`.
            pub $field: bool,
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $field: true }
            }
        }
    };
}

flag_reply!(
    /// Answers `connectProducerTransport` and `connectConsumerTransport`.
    Connected,
    connected
);
flag_reply!(
    /// Answers `pauseProducer` and `pauseConsumer`.
    Paused,
    paused
);
flag_reply!(
    /// Answers `resumeProducer` and `resumeConsumer`.
    Resumed,
    resumed
);
flag_reply!(
    /// Answers `closeProducer` and `closeConsumer`.
    Closed,
    closed
);
flag_reply!(
    /// Answers `mutePeer`.
    Muted,
    muted
);
flag_reply!(
    /// Answers `removePeer`.
    Removed,
    removed
);
flag_reply!(
    /// Answers `endRoom`.
    Ended,
    ended
);
flag_reply!(
    /// Answers `stopProducing`.
    Stopped,
    stopped
);
flag_reply!(
    /// Answers `leaveRoom`.
    Left,
    left
);
