//! HLS as a strict reader sees it: playlists, the rules for them, and the rules for how they change.
#![allow(dead_code, reason = "each binary that includes the reader uses its own part of it")]

pub mod history;
pub mod media;
pub mod playlist;
pub mod rules;
