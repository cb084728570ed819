//! Splits a segment file back into its parts, each one `moof` and one `mdat`.

use bytes::{Bytes, BytesMut};

use super::reader::{RawBox, take_box};
use super::samples::extract;
use super::{Error, Init};

/// One part found in a segment file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// The `moof` and `mdat` as stored.
    pub data: Bytes,
    /// Its pictures.
    pub frames: u32,
    /// Whether its first picture is a key frame.
    pub independent: bool,
}

/// The whole parts at the front of a segment file. A torn or damaged tail ends the list: what a
/// killed process was writing belongs to no playlist yet.
#[must_use]
pub fn split(init: &Init, segment: &[u8]) -> Vec<Chunk> {
    let mut rest = BytesMut::from(segment);
    let mut chunks = Vec::new();
    while let Ok(Some(chunk)) = next_chunk(init, &mut rest) {
        chunks.push(chunk);
    }
    chunks
}

fn next_chunk(init: &Init, rest: &mut BytesMut) -> Result<Option<Chunk>, Error> {
    let (Some(moof), Some(mdat)) = (take_box(rest)?, take_box(rest)?) else { return Ok(None) };
    let (RawBox { kind: first, bytes: moof }, RawBox { kind: second, bytes: mdat }) = (moof, mdat);
    if &first != b"moof" || &second != b"mdat" {
        return Err(Error::Missing { what: "moof followed by mdat" });
    }
    let fragment = extract(init, &moof, &mdat)?;
    let Some(key) = fragment.video.first().map(|sample| sample.is_key_frame()) else {
        return Ok(None);
    };
    let frames = u32::try_from(fragment.video.len()).unwrap_or(u32::MAX);
    Ok(Some(Chunk { data: Bytes::from([moof, mdat].concat()), frames, independent: key }))
}
