//! What the world sees of a broadcast: whole, numbered.

use std::{collections::BTreeMap, sync::Arc};

use crate::{compositor::Punctuality, encoder, ingest::Report};

/// Where a broadcast is in its life.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// No part yet.
    #[default]
    Starting,
    /// Viewers see the picture.
    Live,
    /// The SFU is away; the grace period runs.
    Orphaned,
    /// The playlist is finished.
    Ended,
}

/// A broadcast, whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Status {
    /// The room.
    pub room_id: String,
    /// The SFU's attempt.
    pub epoch: u64,
    /// Grows with every status.
    pub sequence: u64,
    /// Where it is in its life.
    pub phase: Phase,
    /// Where viewers find it.
    pub playlist_url: String,
    /// Live inputs, by id.
    pub inputs: Vec<InputStatus>,
    /// The encoder.
    pub encoder: encoder::Status,
    /// The clock, as it was when somebody asked.
    pub clock: Punctuality,
    /// Climbs wanted of single participants.
    pub wanted: BTreeMap<String, u32>,
    /// Climbs wanted of everybody else.
    pub wanted_default: u32,
    /// The scene in force.
    pub scene_version: u64,
    /// What an operator should look at, each a whole sentence.
    pub alarms: Vec<Arc<str>>,
}

/// One input, whole.
#[derive(Clone, Debug, PartialEq)]
pub struct InputStatus {
    /// Its id.
    pub id: String,
    /// Whose.
    pub participant: String,
    /// The climb it answers.
    pub climb: u32,
    /// Kinds and RTP ports.
    pub ports: Vec<(crate::ingest::sdp::Kind, u16)>,
    /// Frames decoded by the running process.
    pub frames: u64,
    /// Its state and trace.
    pub report: Report,
}
