//! The packager: fragments of an encoder in, LL-HLS out (RFC 8216bis).
//!
//! ```text
//! FragmentReader ─▶ Packager ──▶ Assembler ─▶ Timeline ─▶ Disk ─▶ View ─▶ HTTP
//!  pipe → samples    one task     parts        numbers    files    playlists
//! ```
//!
//! One task per broadcast owns all of it. A part is on disk before a playlist names it, names are
//! never used twice, and times are those of the output clock: an encoder generation's anchor plus
//! whole ticks. With a DVR window, segments that leave memory are served from the disk.

mod address;
mod archive;
pub mod assembler;
mod begun;
pub mod bitrate;
pub mod cmaf;
mod config;
pub mod names;
pub mod playlist;
pub mod poster;
mod record;
pub mod recovery;
pub mod segment;
pub mod store;
mod task;
pub mod timeline;
mod view;
mod wall_time;
pub mod window;

pub use address::Address;
pub use config::{Config, ConfigError};
pub use recovery::{Recovered, find, resume, scan};
pub use store::{Writer, remove};
pub use task::{Handle, Input, Packager, open};
pub use view::View;

#[cfg(test)]
pub(crate) mod tests;
