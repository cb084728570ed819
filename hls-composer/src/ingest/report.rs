//! What is known of an input: where it is on the ladder, and why it did not start.

use super::{media::InputId, trace::Step};

/// Where an input is on the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Ports leased.
    Reserved,
    /// SDP written, FFmpeg spawned.
    StartingUp,
    /// Every port bound; a resume of this generation is wanted.
    Listening,
    /// The resume is confirmed.
    Resumed,
    /// Media decoded.
    Active,
    /// Nothing arrives, which is no failure.
    Silent,
    /// Given up.
    Failed(String),
    /// Ended by its owner, or its lease lapsed.
    Stopped,
}

/// The whole state of one input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Where it is.
    pub state: State,
    /// Processes so far.
    pub generation: u32,
    /// The running one; 0 for none.
    pub pid: u32,
    /// The rungs of the latest climb.
    pub trace: Vec<Step>,
    /// Key frames asked of the sender so far: a level that only grows.
    pub key_frames_wanted: u32,
}

impl Report {
    /// Of an input whose ports are leased.
    pub fn reserved(step: Step) -> Self {
        Self {
            state: State::Reserved,
            generation: 0,
            pid: 0,
            trace: vec![step],
            key_frames_wanted: 0,
        }
    }
}

/// A report of one input.
#[derive(Debug)]
pub struct InputEvent {
    /// Whose.
    pub input: InputId,
    /// Its state now.
    pub report: Report,
}

/// Why an input did not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// Another process holds a leased port.
    #[error("input {input}: another process took a leased port: {log}")]
    PortTaken {
        /// The input.
        input: String,
        /// FFmpeg's last lines.
        log: String,
    },
    /// FFmpeg does not run.
    #[error("input {input}: FFmpeg did not start: {log}")]
    Ffmpeg {
        /// The input.
        input: String,
        /// FFmpeg's last lines, or the system's word.
        log: String,
    },
    /// Out of order: it was started before, or its lease lapsed.
    #[error("input {0} is not waiting to be started")]
    WrongState(String),
}
