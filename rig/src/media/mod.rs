//! A peer with media and no browser: ICE, DTLS and SRTP by str0m, packets that carry numbers instead of pictures.
//!
//! ```text
//! Peer ──signaling──▶ sfu-server
//!   │ commands            ▲ ║
//!   ▼                     ║ ▼
//! task: Sending, Receiving (a transport each), clocks of a microphone and a camera, a tally per consumer
//! ```

mod packets;
mod peer;
mod tally;
mod transport;

pub use peer::{Peer, Sent};
pub use tally::Tally;
