//! What tests and benches of the whole composer share: the daemon as a process of its own with a scripted client, and
//! senders of real RTP.
#![allow(dead_code, reason = "each binary that includes the rig uses its own part of it")]

pub mod busy;
pub mod daemon;
pub mod http;
pub mod nginx;
pub mod sender;
