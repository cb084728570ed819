//! Why a request is refused, and the one place where that becomes a wire code.

use crate::signaling::messages::{ErrorCode, Failure};

/// Largest request payload, in bytes of JSON. The transport itself closes connections that send far more.
pub const MAX_PAYLOAD: usize = 64 * 1024;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The event is not part of the contract.
    #[error("there is no event `{0}`; docs/signaling.md lists them")]
    UnknownEvent(String),
    /// The payload does not have the event's shape.
    #[error("`{event}`: {reason}")]
    BadPayload {
        /// The event.
        event: String,
        /// What does not fit, from the decoder.
        reason: String,
    },
    /// The payload is larger than [`MAX_PAYLOAD`].
    #[error("`{event}`: the payload is larger than {MAX_PAYLOAD} bytes")]
    TooLarge {
        /// The event.
        event: String,
    },
    /// The peer's mailbox is full.
    #[error("too many requests are waiting; wait for their answers and try again")]
    Busy,
    /// No such room.
    #[error("room `{0}` does not exist; it may have ended")]
    RoomNotFound(String),
    /// `createRoom` named a room that is open.
    #[error("room `{0}` exists; join it instead")]
    RoomExists(String),
    /// The room has its most peers.
    #[error("room `{room}` is full: {max} peers are in it")]
    RoomFull {
        /// The room.
        room: String,
        /// The most it takes.
        max: usize,
    },
    /// The server has its most rooms.
    #[error("the server has {0} rooms, its most; try again later")]
    TooManyRooms(usize),
    /// The connection is in a room already.
    #[error("this connection is in room `{0}` already; leave it first")]
    AlreadyJoined(String),
    /// The connection is in no room.
    #[error("join or create a room first")]
    NotJoined,
    /// A second transport of one direction.
    #[error("the {0} transport exists already; use it")]
    TransportExists(Direction),
    /// The transport comes first.
    #[error("create the {0} transport first")]
    TransportMissing(Direction),
    /// A second connect.
    #[error("the {0} transport is connected already")]
    AlreadyConnected(Direction),
    /// Not one of the caller's producers (for `consume`: of the room's).
    #[error("producer `{0}` does not exist here; it may have been closed")]
    ProducerNotFound(String),
    /// Not one of the caller's consumers.
    #[error("consumer `{0}` does not exist here; it may have been closed")]
    ConsumerNotFound(String),
    /// The peer sends such a track already.
    #[error("this peer sends a {0} already; close that producer first")]
    DuplicateProducer(&'static str),
    /// A limit per peer.
    #[error("this peer has {0} consumers, its most; close some first")]
    TooManyConsumers(usize),
    /// The browser cannot decode it.
    #[error("producer `{0}` cannot be received with these rtpCapabilities: no codec in common")]
    CannotConsume(String),
    /// mediasoup refused.
    #[error("the media worker refused: {0}")]
    Media(String),
    /// The room's worker is gone.
    #[error("the room's media worker died; join again")]
    WorkerLost,
    /// No worker runs.
    #[error("no media worker can take the room: {0}")]
    NoWorker(String),
    /// The server stops.
    #[error("the server is stopping; join again in a moment")]
    ShuttingDown,
}

/// Which way a WebRTC transport carries media, seen from the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Browser to server.
    Producer,
    /// Server to browser.
    Consumer,
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        })
    }
}

impl From<&RequestError> for Failure {
    fn from(error: &RequestError) -> Self {
        use RequestError as E;
        let code = match error {
            E::UnknownEvent(_) => ErrorCode::UnknownEvent,
            E::BadPayload { .. } | E::TooLarge { .. } => ErrorCode::BadRequest,
            E::Busy => ErrorCode::RoomBusy,
            E::RoomNotFound(_) => ErrorCode::RoomNotFound,
            E::RoomExists(_) => ErrorCode::RoomExists,
            E::RoomFull { .. } => ErrorCode::RoomFull,
            E::AlreadyJoined(_) => ErrorCode::AlreadyJoined,
            E::NotJoined => ErrorCode::NotJoined,
            E::TransportExists(_) => ErrorCode::TransportExists,
            E::TransportMissing(_) => ErrorCode::TransportMissing,
            E::AlreadyConnected(_) => ErrorCode::AlreadyConnected,
            E::ProducerNotFound(_) => ErrorCode::ProducerNotFound,
            E::ConsumerNotFound(_) => ErrorCode::ConsumerNotFound,
            E::DuplicateProducer(_) => ErrorCode::DuplicateProducer,
            E::TooManyConsumers(_) | E::TooManyRooms(_) => ErrorCode::LimitReached,
            E::CannotConsume(_) => ErrorCode::CannotConsume,
            E::Media(_) | E::NoWorker(_) => ErrorCode::MediaFailed,
            E::WorkerLost => ErrorCode::WorkerLost,
            E::ShuttingDown => ErrorCode::ShuttingDown,
        };
        Self { error: error.to_string(), code }
    }
}
