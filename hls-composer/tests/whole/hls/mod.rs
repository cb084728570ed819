//! HLS as a strict reader sees it: playlists, the rules for them, and the rules for how they change.

pub mod history;
pub mod media;
pub mod playlist;
pub mod rules;
