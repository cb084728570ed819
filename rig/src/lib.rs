//! Clients of sfu-server without a browser, and both daemons as processes: what tests at full size share.
//!
//! ```text
//! test ──▶ Client ══Socket.IO══▶ sfu-server (a process: ports, log and directory of its own) ──▶ Server::dump, usage
//!   └────▶ media::Peer ══ICE, DTLS, SRTP═══▲  ║ gRPC, RTP
//!                                 hls-composer (the same) ──▶ Composer::broadcast, playlists
//! ```
//!
//! Clients speak JSON values and field names, not the server's own types: what they accept is what is on the wire.
//! As in any test, what must not happen panics with a sentence that says what it was.
#![forbid(unsafe_code)]

use std::time::Duration;

pub mod client;
pub mod composer;
pub mod contract;
pub mod conversation;
pub mod dump;
pub mod frames;
pub mod hang;
pub mod http;
pub mod media;
pub mod parameters;
pub mod playlist;
pub mod ports;
pub mod process;
pub mod server;
pub mod usage;

pub use client::Client;
pub use composer::Composer;
pub use conversation::Conversation;
pub use server::Server;

/// Far beyond what anything takes on a busy machine: only a hanging test waits so long.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the long form of everything was asked for (`RIG=full`).
pub fn is_full() -> bool {
    std::env::var("RIG").is_ok_and(|rig| rig == "full")
}

/// Waits until `condition` answers something. What it watches has no notification, or it would be awaited instead.
///
/// # Panics
/// When that takes longer than [`PATIENCE`]; with `what`, and with the last thing that `condition` found instead.
pub async fn until<T>(what: &str, mut condition: impl AsyncFnMut() -> Result<T, String>) -> T {
    let start = tokio::time::Instant::now();
    loop {
        match condition().await {
            Ok(found) => return found,
            Err(instead) => {
                assert!(start.elapsed() < PATIENCE, "within {PATIENCE:?}: {what}; but {instead}");
            }
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
