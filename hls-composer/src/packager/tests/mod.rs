//! Tests of the packager as a whole.

pub(crate) mod fixture;

mod disk;
mod encoder;
mod playlists;
mod properties;
mod recovery;
