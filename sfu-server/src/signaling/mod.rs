//! Socket.IO: messages in and out, each event acknowledged exactly once and in the order it came.
//!
//! ```text
//! socket ──event──▶ handlers (decode, no logic) ──(request, ack)──▶ PeerTask mailbox ──▶ room::peer
//! ```

pub mod errors;
pub mod facts;
pub mod handlers;
mod leniency;
pub mod messages;
pub mod payload;
mod reference;
pub mod request;
mod unique;

pub use reference::typescript;
