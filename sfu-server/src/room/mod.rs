//! Rooms: a directory task, one actor task per room, one task per peer.
//!
//! ```text
//!             ┌── Directory (room ids → RoomHandle)
//! PeerTask ───┤
//!   owns its  └── RoomActor (members, what they send) ── RoomView (watch) ──▶ every PeerTask of the room
//!   transports,
//!   producers,
//!   consumers
//! ```
//!
//! A peer's media is owned by its task: when the task ends, everything is dropped, and the room sees the presence end.

mod actor;
mod directory;
mod media;
pub mod peer;
pub(crate) mod tracks;
pub(crate) mod view;

pub use actor::RoomConfig;
pub use directory::Directory;
