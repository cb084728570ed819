//! Why a broadcast refuses a command.

use crate::{cores::Busy, ingest::StartError, packager, ports::PortsError};

/// Why a broadcast refuses a command.
#[derive(Debug, thiserror::Error)]
pub enum BroadcastError {
    /// A newer attempt holds the broadcast.
    #[error(
        "epoch {offered} is older than the broadcast's epoch {current}; open it with a newer one"
    )]
    StaleEpoch {
        /// What the caller holds.
        offered: u64,
        /// What the broadcast is at.
        current: u64,
    },
    /// The caller's epoch was never opened.
    #[error("epoch {offered} holds no claim; call OpenBroadcast first")]
    NotOpened {
        /// What the caller holds.
        offered: u64,
    },
    /// Nobody holds the broadcast, so nobody can climb.
    #[error("room {0} has no SFU connected; nobody can climb the ladder until it returns")]
    NoClaim(String),
    /// No such room.
    #[error("room {0} has no broadcast")]
    UnknownBroadcast(String),
    /// No such input.
    #[error("input {0} does not exist; it was stopped, or its lease lapsed")]
    UnknownInput(String),
    /// An id used twice with different tracks.
    #[error("input {0} exists already with other tracks; every climb takes a new id")]
    InputExists(String),
    /// Tracks that were not reserved.
    #[error("input {0} is started with other tracks than were reserved")]
    OtherTracks(String),
    /// No ports.
    #[error(transparent)]
    Ports(#[from] PortsError),
    /// The FFmpeg did not come up.
    #[error(transparent)]
    Start(#[from] StartError),
    /// No core has room.
    #[error(transparent)]
    Busy(#[from] Busy),
    /// There are as many broadcasts as there may be.
    #[error("there are {0} broadcasts already, as many as --max-broadcasts allows")]
    TooManyBroadcasts(usize),
    /// The broadcast has as many inputs as it may have.
    #[error("room {room} has {limit} inputs already, as many as --max-inputs allows")]
    TooManyInputs {
        /// The room.
        room: String,
        /// The limit.
        limit: usize,
    },
    /// The packager cannot be made.
    #[error(transparent)]
    Packager(#[from] packager::ConfigError),
    /// FFmpeg is missing or unfit.
    #[error("{0}")]
    NotReady(String),
    /// It failed and is being started again.
    #[error("the broadcast of room {0} failed and is being started again; open it in a moment")]
    StartingAgain(String),
    /// The daemon stops.
    #[error("the composer is stopping; open the broadcast again in a moment")]
    ShuttingDown,
}
