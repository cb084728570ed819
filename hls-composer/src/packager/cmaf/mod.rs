//! The CMAF boxes (ISO/IEC 23000-19) between the encoder and the playlists: the encoder's
//! one-frame fragments come apart into samples here, and samples go together into parts.

mod init;
mod join;
mod reader;
mod samples;
mod split;

pub use init::{Init, TrackId, codecs};
pub use join::join;
pub use reader::{Event, FragmentReader};
pub use samples::{Fragment, Sample};
pub use split::{Chunk, split};

/// The largest box taken from an encoder, in bytes. One frame of a 144p picture is a thousand
/// times smaller; a larger size is noise on the pipe.
pub const MAX_BOX_BYTES: usize = 4 * 1024 * 1024;

/// What is wrong with a stream of boxes. None of it heals by reading on: replace the encoder.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A box says it is larger than [`MAX_BOX_BYTES`], or smaller than its own header.
    #[error("box {kind:?} claims {size} bytes, outside 8..={MAX_BOX_BYTES}; restart the encoder")]
    BoxSize {
        /// The four letters of the box.
        kind: String,
        /// The size it claims, in bytes.
        size: u64,
    },
    /// A box cannot be decoded.
    #[error("box {kind} is malformed: {source}; restart the encoder")]
    Malformed {
        /// The four letters of the box.
        kind: &'static str,
        /// What the decoder met.
        source: mp4_atom::Error,
    },
    /// A box is missing, or stands where it must not.
    #[error("the stream has no usable {what}; restart the encoder with fragmented MP4 output")]
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// A sample lies outside its `mdat`, or a fragment claims an absurd number of samples.
    #[error("a sample of track {track} lies outside its mdat box; restart the encoder")]
    SampleRange {
        /// The track's number.
        track: u32,
    },
    /// A part does not fit the 32-bit fields of its boxes.
    #[error("a part of {bytes} bytes is too large for one moof and mdat; lower the bit rate")]
    PartTooLarge {
        /// The bytes of media in the part.
        bytes: usize,
    },
}

#[cfg(test)]
mod tests;
