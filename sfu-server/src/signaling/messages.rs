//! The wire types of signaling: what browsers send, what they are answered, what they are told.
//!
//! These types are the contract (`docs/signaling.md`); `frontend/src/signaling/generated.ts` is generated from them.
//! Fields may be added, none renamed.

use mediasoup::prelude::{
    DtlsParameters, IceCandidate, IceParameters, MediaKind, RtpCapabilities,
    RtpCapabilitiesFinalized, RtpParameters,
};
use serde::{Deserialize, Serialize};
use ts_rs::TS;

// === Requests ===

/// `createRoom`; the payload may be missing.
#[derive(Debug, Default, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct CreateRoom {
    /// The name shown to others, at most 64 characters.
    #[ts(optional)]
    pub display_name: Option<String>,
    /// Opens a room under a known id again, after the server restarted: links to it stay valid.
    #[ts(optional)]
    pub room_id: Option<String>,
}

/// `joinRoom`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct JoinRoom {
    /// The room's id, as `createRoom` answered it.
    pub room_id: String,
    /// The name shown to others, at most 64 characters.
    #[ts(optional)]
    pub display_name: Option<String>,
}

/// `connectProducerTransport` and `connectConsumerTransport`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConnectTransport {
    /// The browser's DTLS role and fingerprints.
    #[ts(type = "import('mediasoup-client').types.DtlsParameters")]
    pub dtls_parameters: DtlsParameters,
}

/// `produce`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Produce {
    /// `audio` or `video`.
    #[ts(type = "import('mediasoup-client').types.MediaKind")]
    pub kind: MediaKind,
    /// What the browser will send.
    #[ts(type = "import('mediasoup-client').types.RtpParameters")]
    pub rtp_parameters: RtpParameters,
    /// What the track is.
    #[serde(default)]
    #[ts(optional, as = "Option<ProduceAppData>")]
    pub app_data: ProduceAppData,
}

/// `appData` of `produce`; unknown fields are ignored.
#[derive(Debug, Default, Clone, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProduceAppData {
    /// Where the track comes from; a camera or microphone when missing.
    #[serde(default)]
    #[ts(optional, as = "Option<TrackSource>")]
    pub source: TrackSource,
    /// The track starts muted.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub paused: bool,
}

/// Where a track comes from.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TrackSource {
    /// A camera or a microphone.
    #[default]
    Camera,
    /// A shared screen.
    Screen,
}

/// `pauseProducer`, `resumeProducer` and `closeProducer`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ProducerRef {
    /// One of the caller's own producers.
    pub producer_id: String,
}

/// `consume`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Consume {
    /// Another peer's producer.
    pub producer_id: String,
    /// What the browser can receive.
    #[ts(type = "import('mediasoup-client').types.RtpCapabilities")]
    pub rtp_capabilities: RtpCapabilities,
    /// Wait for `resumeConsumer` before anything flows.
    #[serde(default)]
    #[ts(optional, as = "Option<bool>")]
    pub paused: bool,
}

/// `resumeConsumer`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ConsumerRef {
    /// One of the caller's own consumers.
    pub consumer_id: String,
}

// === Replies ===

/// Every failed request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct Failure {
    /// A sentence for a person: what is wrong and what to do.
    pub error: String,
    /// The same for a program.
    pub code: ErrorCode,
}

/// Why a request failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The payload is missing, malformed or too large.
    BadRequest,
    /// No event of that name exists.
    UnknownEvent,
    /// No such room is open.
    RoomNotFound,
    /// `createRoom` named a room that is open; join it instead.
    RoomExists,
    /// The room has its most peers already.
    RoomFull,
    /// The room answers too slowly; try again.
    RoomBusy,
    /// The connection is in a room already.
    AlreadyJoined,
    /// `createRoom` or `joinRoom` comes first.
    NotJoined,
    /// The transport was created before.
    TransportExists,
    /// The transport was not created yet.
    TransportMissing,
    /// The transport was connected before.
    AlreadyConnected,
    /// No producer of that id.
    ProducerNotFound,
    /// No consumer of that id.
    ConsumerNotFound,
    /// The peer sends such a track already.
    DuplicateProducer,
    /// The peer has as many of these as it may.
    LimitReached,
    /// The browser cannot receive this codec.
    CannotConsume,
    /// The media worker refused; the sentence says why.
    MediaFailed,
    /// The media worker of the room died; join again.
    WorkerLost,
    /// The server is stopping.
    ShuttingDown,
}

/// Answers `createRoom`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoomCreated {
    /// The new room; part of every link to it.
    pub room_id: String,
    /// The caller in this room.
    pub peer_id: String,
    /// What the router can receive.
    #[ts(type = "import('mediasoup-client').types.RtpCapabilities")]
    pub rtp_capabilities: RtpCapabilitiesFinalized,
}

/// Answers `joinRoom`.
#[derive(Debug, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct RoomJoined {
    /// The room joined.
    pub room_id: String,
    /// The caller in this room.
    pub peer_id: String,
    /// What the router can receive.
    #[ts(type = "import('mediasoup-client').types.RtpCapabilities")]
    pub rtp_capabilities: RtpCapabilitiesFinalized,
    /// Who sends what now.
    pub producers: Vec<PeerProducers>,
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
            /// Always true: a refusal is a [`Failure`].
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
    /// Answers `pauseProducer`.
    Paused,
    paused
);
flag_reply!(
    /// Answers `resumeProducer` and `resumeConsumer`.
    Resumed,
    resumed
);
flag_reply!(
    /// Answers `closeProducer`.
    Closed,
    closed
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

// === Facts from the server ===

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
    },
    /// Viewers see the picture.
    Live {
        /// Where the playlist is.
        playlist_url: String,
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

/// `peerJoined`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PeerJoined {
    /// Who.
    pub peer_id: String,
    /// The peer's name, if it gave one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub display_name: Option<String>,
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

/// `roomClosed`: the room is gone for everybody in it.
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
    /// Its broadcast.
    pub broadcast: BroadcastStatus,
}
