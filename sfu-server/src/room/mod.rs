//! Rooms: a directory task, one actor task per room, one task per seat, one per connection.
//!
//! ```text
//!              ┌── Directory (room ids → RoomHandle)
//! Connection ──┤                        ┌── RoomView (watch) ──▶ every connection of the room
//!      │       └── RoomActor ───────────┤
//!      │              ▲                 └── DesiredBroadcast (watch) ──▶ broadcast
//!      └── Seat ──────┘ what it sends
//!            owns its transports, producers, consumers
//! ```
//!
//! A peer's media is owned by its seat, and the seat outlives its connection for a while. When the seat's task ends,
//! everything is dropped, and the room sees it.

mod actor;
mod admission;
mod charter;
pub mod connection;
mod directory;
mod door;
mod handle;
mod host;
mod media;
mod media_state;
mod observers;
mod rate;
mod seat;
mod speech;
pub(crate) mod tracks;
pub(crate) mod view;

pub use actor::RoomConfig;
pub use admission::Capacity;
pub use charter::{Charter, is_room_id};
pub use directory::Directory;
pub use door::Door;
