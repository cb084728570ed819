//! FFmpeg processes: forked on one thread, pinned to one core, killed with their owner.
//!
//! ```text
//! Launcher (handle) ──Spawn──▶ launcher thread (affinity, fork) ──▶ Process (owned; dropping it kills and reaps)
//!                                                                     ├ output / input pipes, 1 MB each
//!                                                                     └ LogTail (last lines of standard error)
//! ```

mod activity;
mod launcher;
mod log_tail;
mod pipes;
pub mod probe;

pub use activity::{Activity, Idleness, activity};
pub use launcher::{Exit, Launcher, Process, Spawn, SpawnError};
pub use log_tail::Log;
pub use pipes::{ChildEnd, input, lines, output};
