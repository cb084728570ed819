//! Manners of a Unix daemon: logging, listening, signals, deadlines, readiness, secrets, the ops listener. No media in it.
#![forbid(unsafe_code)]

pub mod cpus;
pub mod deadline;
pub mod duration;
pub mod limits;
pub mod listen;
pub mod logging;
pub mod ops;
pub mod ready;
pub mod secret;
pub mod signals;
pub mod state_file;
