//! Ingest: one input's RTP becomes raw frames and PCM at known positions.
//!
//! ```text
//!                 Start            bound               ConfirmResumed         first media
//! Reserved ─────▶ StartingUp ────▶ Listening ────────▶ Resumed ─────────────▶ Active ⇄ Silent
//!    │ 10 s          ▲   │ fails      │                    │                     │
//!    ▼               │   ▼            └── exit, Sick ──────┴─────────────────────┤
//! Stopped            ├───┴─ generation + 1, at most 3 a minute, then Failed       │
//!                    └───── generation + 1 ◀── a long pause is about to end ──────┘
//! ```

mod attend;
pub mod command;
mod complaint;
mod health;
mod input;
mod listening;
pub mod media;
mod pace;
mod report;
pub mod sdp;
mod sdp_file;
mod task;
mod times;
mod trace;

pub use input::{IngestConfig, Input};
pub use media::{InputId, Media, MediaSender};
pub use report::{InputEvent, Report, StartError, State};
pub use sdp_file::SDP_JOBS;
pub use trace::{Step, now_unix_ms};

/// Width of every frame, in pixels.
pub const WIDTH: usize = 256;
/// Height of every frame, in pixels.
pub const HEIGHT: usize = 144;
/// Bytes of one I420 frame.
pub const FRAME_BYTES: usize = WIDTH * HEIGHT * 3 / 2;
/// Samples per second of every PCM stream; two channels of signed 16 bit.
pub const SAMPLE_RATE: u32 = 48_000;
