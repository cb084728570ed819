//! What every refusal says.

use serde::Serialize;
use ts_rs::TS;

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
    /// A fault of the server has ended the room, or this peer's place in it; join again.
    ServerFault,
    /// A host has removed this peer.
    Removed,
    /// A host has ended the room.
    EndedByHost,
    /// Another connection took this session up.
    SessionTaken,
}
