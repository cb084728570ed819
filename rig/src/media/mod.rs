//! A peer with media and no browser: ICE, DTLS and SRTP by str0m, pictures and sound encoded beforehand.
//!
//! ```text
//! Peer ──signaling──▶ sfu-server
//!   │ commands            ▲ ║
//!   ▼                     ║ ▼
//! task: Sending, Receiving (a transport each), clocks of a microphone and a camera, a tally per consumer
//! ```

mod clip;
mod packets;
mod peer;
mod room;
mod tally;
mod transport;

pub use clip::{Clip, LAYERS};
pub use packets::Number;
pub use peer::{Peer, Sent};
pub use room::{Received, Room};
pub use tally::Tally;
pub use transport::{Stream, Transport};
