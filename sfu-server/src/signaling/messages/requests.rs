//! What clients ask.

use mediasoup::prelude::{DtlsParameters, MediaKind, RtpCapabilities, RtpParameters};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::Value;
use ts_rs::TS;

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
    /// The last one this client was given: after a restart of the server it opens the room again, with its settings, unless it
    /// is a viewer's. Whoever has one is asked for no password and no join token, and passes the lock of a room that it was in
    /// when it was locked.
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
    #[serde(deserialize_with = "dtls_parameters")]
    #[ts(type = "import('mediasoup-client').types.DtlsParameters")]
    pub dtls_parameters: DtlsParameters,
}

/// mediasoup's decoder cuts a fingerprint into bytes without looking where its characters end, and panics inside one. No
/// text in these parameters has others than ASCII, wherever it stands: a struct may be written as an array too.
fn dtls_parameters<'de, D: Deserializer<'de>>(decoder: D) -> Result<DtlsParameters, D::Error> {
    let parameters = Value::deserialize(decoder)?;
    if !is_ascii(&parameters) {
        return Err(D::Error::custom("the value of a fingerprint is hexadecimal"));
    }
    DtlsParameters::deserialize(parameters).map_err(D::Error::custom)
}

/// Whether every text in `value` is. How deep it goes was bounded when it was read.
fn is_ascii(value: &Value) -> bool {
    match value {
        Value::String(text) => text.is_ascii(),
        Value::Array(values) => values.iter().all(is_ascii),
        Value::Object(fields) => fields.values().all(is_ascii),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
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
