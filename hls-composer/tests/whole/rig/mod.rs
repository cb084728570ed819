//! What tests and benches of the whole composer share: the daemon as a process of its own with a scripted client, and
//! senders of real RTP.
#![allow(dead_code, reason = "benches that include the rig use their own part of it")]

pub mod busy;
pub mod daemon;
pub mod http;
pub mod machine;
pub mod media;
pub mod nginx;
pub mod participant;
pub mod rtp;
pub mod sender;
pub mod sfu;
pub mod sound;
pub mod timeline;
pub mod viewer;

/// How often something is done: `short` times, or `full` times with `RIG=full` (`make rig`).
pub fn rig_count(short: usize, full: usize) -> usize {
    if is_full() { full } else { short }
}

/// Whether the long form of everything was asked for.
pub fn is_full() -> bool {
    std::env::var("RIG").is_ok_and(|rig| rig == "full")
}
