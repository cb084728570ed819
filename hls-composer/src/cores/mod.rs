//! Cores: what the composer puts on each, and whether another broadcast finds room.
//!
//! A core's load is the processor time of the composer's own FFmpegs, each of which is pinned to one core, plus the
//! daemon's share. What other programs do with the core is not counted: the composer's processes run ahead of them.

mod admission;
mod meter;

pub use admission::{Admission, Busy, Core};
pub use meter::{Loads, measure};
