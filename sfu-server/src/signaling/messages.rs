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
    /// Whoever joins must know it; 1 to 128 characters.
    #[ts(optional)]
    pub password: Option<String>,
    /// A JWT, where the server is started with `--join-secret`.
    #[ts(optional)]
    pub join_token: Option<String>,
    /// Refused: the server chooses room ids, and `joinRoom` with a `rejoinToken` opens a room again.
    #[ts(skip)]
    pub room_id: Option<serde::de::IgnoredAny>,
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
    /// The room's password, if it has one.
    #[ts(optional)]
    pub password: Option<String>,
    /// What the peer may do; a publisher when missing.
    #[ts(optional)]
    pub role: Option<Role>,
    /// From `createRoom`: makes this peer a host.
    #[ts(optional)]
    pub host_token: Option<String>,
    /// A JWT, where the server is started with `--join-secret`.
    #[ts(optional)]
    pub join_token: Option<String>,
    /// The last one this client was given: after a restart of the server it opens the room again, with its settings. No
    /// password, lock or join token is asked of whoever has one.
    #[ts(optional)]
    pub rejoin_token: Option<String>,
}

/// What a peer may do.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// Sends and receives.
    #[default]
    Publisher,
    /// Receives only.
    Viewer,
}

/// `resumeSession`: takes up the seat that a lost connection left.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct ResumeSession {
    /// The room.
    pub room_id: String,
    /// `session.id` of the first reply.
    pub session_id: String,
    /// `session.secret` of the first reply.
    pub secret: String,
}

/// `restartIce`.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct TransportRef {
    /// One of the caller's own transports.
    pub transport_id: String,
}

/// `setPreferredLayers`: layers as they are numbered, or the size the picture is shown at.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SetPreferredLayers {
    /// One of the caller's own consumers of video.
    pub consumer_id: String,
    /// 0 is the smallest.
    #[ts(optional)]
    pub spatial_layer: Option<u8>,
    /// 0 is the slowest; the fastest when missing.
    #[ts(optional)]
    pub temporal_layer: Option<u8>,
    /// Height of the tile, in device pixels: the server chooses the smallest layer that fills it.
    #[ts(optional)]
    pub height: Option<u32>,
}

/// `mutePeer`, for hosts.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct MutePeer {
    /// Whom.
    pub peer_id: String,
    /// Which of its tracks; its microphone when missing.
    #[serde(default)]
    #[ts(optional, as = "Option<TrackName>")]
    pub track: TrackName,
}

/// One of a peer's four places for a producer.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum TrackName {
    /// Audio of the microphone.
    #[default]
    Microphone,
    /// Video of the camera.
    Camera,
    /// Video of the shared screen.
    Screen,
    /// Audio of the shared screen.
    ScreenAudio,
}

/// `removePeer`, for hosts.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PeerRef {
    /// Whom.
    pub peer_id: String,
}

/// `lockRoom`, for hosts.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct LockRoom {
    /// Nobody new may join.
    pub locked: bool,
}

/// `setLayout`, for hosts.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct SetLayout {
    /// How the broadcast is arranged from now on.
    pub layout: LayoutName,
}

/// How the broadcast is arranged.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub enum LayoutName {
    /// A pinned peer or a shared screen large, otherwise everybody equal.
    #[default]
    Auto,
    /// Everybody equal.
    Grid,
    /// The pinned peer large, or whoever speaks.
    Speaker,
    /// The pinned peer alone, or whoever speaks.
    Spotlight,
}

/// `pinPeer`, for hosts.
#[derive(Debug, Deserialize, TS)]
#[serde(rename_all = "camelCase")]
pub struct PinPeer {
    /// Whom; nobody any more when missing.
    #[ts(optional)]
    pub peer_id: Option<String>,
    /// Its camera, when missing, or its screen.
    #[serde(default)]
    #[ts(optional, as = "Option<TrackSource>")]
    pub source: TrackSource,
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
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, TS)]
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

/// `pauseConsumer`, `resumeConsumer` and `closeConsumer`.
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

/// Why a request failed, or a room ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The payload is missing, malformed or too large.
    BadRequest,
    /// No event of that name exists.
    UnknownEvent,
    /// The connection asks too often; wait a second.
    RateLimited,
    /// No such room is open.
    RoomNotFound,
    /// The room has its most peers of this role already.
    RoomFull,
    /// The room answers too slowly; try again.
    RoomBusy,
    /// A host has locked the room.
    RoomLocked,
    /// The room has a password, and it is missing or wrong.
    WrongPassword,
    /// This server asks for a `joinToken`.
    TokenRequired,
    /// A token is malformed, expired, or of another room or server.
    InvalidToken,
    /// The session is over, or its secret is wrong; join again.
    SessionNotFound,
    /// The connection is in a room already.
    AlreadyJoined,
    /// `createRoom` or `joinRoom` comes first.
    NotJoined,
    /// Only hosts may.
    NotHost,
    /// A viewer may not.
    NotAllowed,
    /// Nobody of that id is in the room.
    PeerNotFound,
    /// The transport was created and connected before.
    TransportExists,
    /// The transport was not created yet.
    TransportMissing,
    /// The transport was connected before, with other parameters.
    AlreadyConnected,
    /// No producer of that id.
    ProducerNotFound,
    /// No consumer of that id.
    ConsumerNotFound,
    /// The peer sends such a track already.
    DuplicateProducer,
    /// The server has as many of these as it may.
    LimitReached,
    /// The browser cannot receive this codec.
    CannotConsume,
    /// The media worker refused; the sentence says why.
    MediaFailed,
    /// The media worker of the room died; join again.
    WorkerLost,
    /// The server is stopping.
    ShuttingDown,
    /// A host has removed this peer.
    Removed,
    /// A host has ended the room.
    EndedByHost,
    /// Another connection took this session up.
    SessionTaken,
}

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
    /// Opens the room again after a restart of the server.
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
    /// Its broadcast; not told of a room with a password, because the address of the playlist is in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[ts(optional)]
    pub broadcast: Option<BroadcastStatus>,
}
