//! Why a request is refused, and the one place where that becomes a wire code.

use std::time::Duration;

use crate::signaling::messages::{ErrorCode, Failure};

/// Largest request payload, in bytes of JSON. The transport itself closes connections that send far more.
pub const MAX_PAYLOAD: usize = 64 * 1024;

/// A client's own words as they may stand in a sentence and in the log: 200 characters at most, and no line of its own.
pub fn excerpt(text: &str) -> String {
    cut(text, 200)
}

/// No sentence is longer, in characters, whatever of a client's words is in it.
const MAX_SENTENCE: usize = 400;

fn cut(text: &str, characters: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(characters).collect()
}

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
    /// The connection is over its rate.
    #[error("more than {0} requests a second; wait a moment")]
    RateLimited(u32),
    /// No such room.
    #[error("room `{0}` does not exist; it may have ended")]
    RoomNotFound(String),
    /// The room has its most peers of this role.
    #[error("room `{room}` is full: {max} {role} are in it")]
    RoomFull {
        /// The room.
        room: String,
        /// The most it takes.
        max: usize,
        /// Of whom, in the plural.
        role: &'static str,
    },
    /// A host has locked it.
    #[error("room `{0}` is locked; ask its host to unlock it")]
    RoomLocked(String),
    /// The password is missing or wrong.
    #[error("room `{0}` has a password, and this is not it")]
    WrongPassword(String),
    /// `--join-secret` is set, and no token was sent.
    #[error("this server asks for a joinToken; the site that links here gives it")]
    TokenRequired,
    /// A token does not hold.
    #[error("the {token} does not hold: {reason}")]
    InvalidToken {
        /// The field.
        token: &'static str,
        /// What is wrong.
        reason: String,
    },
    /// The seat is gone, or is somebody else's.
    #[error("the session is over; join the room again")]
    SessionNotFound,
    /// The server has its most rooms.
    #[error("the server has its most rooms, {0}; try again later")]
    TooManyRooms(usize),
    /// The connection is in a room already.
    #[error("this connection is in room `{0}` already; call leaveRoom first")]
    AlreadyJoined(String),
    /// The connection is in no room.
    #[error("call createRoom or joinRoom first")]
    NotJoined,
    /// Only hosts may.
    #[error("only a host may do this; join with the hostToken of createRoom")]
    NotHost,
    /// Viewers send nothing.
    #[error("a viewer cannot send; join again as a publisher")]
    ViewersSendNothing,
    /// Nobody of that id.
    #[error("peer `{0}` is not in the room; it may have left")]
    PeerNotFound(String),
    /// A second transport of one direction.
    #[error("the {0} transport exists and is connected already; use it")]
    TransportExists(Direction),
    /// The transport comes first.
    #[error("call create{}Transport first", .0.capitalised())]
    TransportMissing(Direction),
    /// Not one of the caller's transports.
    #[error(
        "transport `{0}` does not exist here; call createProducerTransport or createConsumerTransport first"
    )]
    TransportNotFound(String),
    /// A second connect.
    #[error("the {0} transport is connected already, with other dtlsParameters")]
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
    #[error("this peer has its most producers, {0}; close one first")]
    TooManyProducers(usize),
    /// The browser cannot decode it.
    #[error("producer `{0}` cannot be received with these rtpCapabilities: no codec in common")]
    CannotConsume(String),
    /// mediasoup refused.
    #[error("the media worker refused: {0}")]
    Media(String),
    /// mediasoup does not answer.
    #[error("the media worker has not answered for {} s; join again", .0.as_secs())]
    TimedOut(Duration),
    /// The room's worker is gone.
    #[error("the room's media worker died; join again")]
    WorkerLost,
    /// No worker runs.
    #[error("no media worker can take the room: {0}")]
    NoWorker(String),
    /// The server stops.
    #[error("the server is stopping; join again in a moment")]
    ShuttingDown,
    /// A task of this server ended by a panic: the room's, or that of the peer's seat.
    #[error("a fault of the server has ended the room, or your place in it; join again")]
    Fault,
    /// A host has removed the peer.
    #[error("a host has removed you from the room")]
    Removed,
    /// A host has ended the room.
    #[error("a host has ended the room")]
    EndedByHost,
    /// Another connection has the seat now.
    #[error("another connection took this session up")]
    SessionTaken,
}

/// Which way a WebRTC transport carries media, seen from the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Browser to server.
    Producer,
    /// Server to browser.
    Consumer,
}

impl Direction {
    /// As it stands in the names of events.
    pub fn capitalised(self) -> &'static str {
        match self {
            Self::Producer => "Producer",
            Self::Consumer => "Consumer",
        }
    }
}

impl std::fmt::Display for Direction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Producer => "producer",
            Self::Consumer => "consumer",
        })
    }
}

impl RequestError {
    /// What the client is told, and the log says.
    pub fn sentence(&self) -> String {
        cut(&self.to_string(), MAX_SENTENCE)
    }
}

impl From<&RequestError> for Failure {
    fn from(error: &RequestError) -> Self {
        use RequestError as E;
        let code = match error {
            E::UnknownEvent(_) => ErrorCode::UnknownEvent,
            E::BadPayload { .. } | E::TooLarge { .. } => ErrorCode::BadRequest,
            E::Busy => ErrorCode::RoomBusy,
            E::RateLimited(_) => ErrorCode::RateLimited,
            E::RoomNotFound(_) => ErrorCode::RoomNotFound,
            E::RoomFull { .. } => ErrorCode::RoomFull,
            E::RoomLocked(_) => ErrorCode::RoomLocked,
            E::WrongPassword(_) => ErrorCode::WrongPassword,
            E::TokenRequired => ErrorCode::TokenRequired,
            E::InvalidToken { .. } => ErrorCode::InvalidToken,
            E::SessionNotFound => ErrorCode::SessionNotFound,
            E::AlreadyJoined(_) => ErrorCode::AlreadyJoined,
            E::NotJoined => ErrorCode::NotJoined,
            E::NotHost => ErrorCode::NotHost,
            E::ViewersSendNothing => ErrorCode::NotAllowed,
            E::PeerNotFound(_) => ErrorCode::PeerNotFound,
            E::TransportExists(_) => ErrorCode::TransportExists,
            E::TransportMissing(_) | E::TransportNotFound(_) => ErrorCode::TransportMissing,
            E::AlreadyConnected(_) => ErrorCode::AlreadyConnected,
            E::ProducerNotFound(_) => ErrorCode::ProducerNotFound,
            E::ConsumerNotFound(_) => ErrorCode::ConsumerNotFound,
            E::DuplicateProducer(_) => ErrorCode::DuplicateProducer,
            E::TooManyProducers(_) | E::TooManyRooms(_) => ErrorCode::LimitReached,
            E::CannotConsume(_) => ErrorCode::CannotConsume,
            E::Media(_) | E::NoWorker(_) | E::TimedOut(_) => ErrorCode::MediaFailed,
            E::WorkerLost => ErrorCode::WorkerLost,
            E::ShuttingDown => ErrorCode::ShuttingDown,
            E::Fault => ErrorCode::ServerFault,
            E::Removed => ErrorCode::Removed,
            E::EndedByHost => ErrorCode::EndedByHost,
            E::SessionTaken => ErrorCode::SessionTaken,
        };
        Self { error: error.sentence(), code }
    }
}
