//! Reads the encoder's pipe: bytes in whatever pieces they come, fragments out.

use bytes::{Buf, Bytes, BytesMut};

use super::samples::extract;
use super::{Error, Fragment, Init, MAX_BOX_BYTES};

/// What a [`FragmentReader`] has read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// The initialization section: `ftyp` and `moov` as written. Always the first event.
    Init(Bytes),
    /// One `moof` and its `mdat`, taken apart.
    Fragment(Fragment),
}

/// An incremental reader of fragmented MP4. It holds at most one unfinished box and what was
/// pushed behind it.
#[derive(Debug, Default)]
pub struct FragmentReader {
    buffer: BytesMut,
    brand: Bytes,
    init: Option<Init>,
    moof: Option<Bytes>,
}

impl FragmentReader {
    /// A reader at the start of a stream.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The initialization section, once it was read.
    #[must_use]
    pub fn init(&self) -> Option<&Init> {
        self.init.as_ref()
    }

    /// Appends bytes of the stream. Call [`next`](Self::next) until it has nothing more before
    /// pushing again, so that the buffer stays as small as one box.
    pub fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// The next event, or `None` when more bytes are needed.
    ///
    /// # Errors
    /// When the bytes are no CMAF; the reader is of no further use then.
    #[expect(clippy::should_implement_trait, reason = "None means not yet, it is no iterator")]
    pub fn next(&mut self) -> Result<Option<Event>, Error> {
        while let Some(RawBox { kind, bytes }) = take_box(&mut self.buffer)? {
            match &kind {
                b"ftyp" => self.brand = bytes,
                b"moov" => {
                    let section = [std::mem::take(&mut self.brand), bytes].concat();
                    let init = Init::parse(Bytes::from(section))?;
                    let event = Event::Init(init.bytes.clone());
                    self.init = Some(init);
                    return Ok(Some(event));
                }
                b"moof" => self.moof = Some(bytes),
                b"mdat" => {
                    let moof = self.moof.take().ok_or(Error::Missing { what: "moof box" })?;
                    let init = self.init.as_ref().ok_or(Error::Missing { what: "moov box" })?;
                    return extract(init, &moof, &bytes).map(Event::Fragment).map(Some);
                }
                // styp, sidx, prft, emsg and the final mfra carry no media.
                _ => {}
            }
        }
        Ok(None)
    }
}

pub(super) struct RawBox {
    pub(super) kind: [u8; 4],
    pub(super) bytes: Bytes,
}

/// Takes one whole box, header included, from the front of `buffer`.
pub(super) fn take_box(buffer: &mut BytesMut) -> Result<Option<RawBox>, Error> {
    if buffer.len() < 8 {
        return Ok(None);
    }
    let mut header = &buffer[..8];
    // The special sizes 0 (to the end) and 1 (64 bits) fall out of the range as well: neither
    // belongs in a live stream of small fragments.
    let size = header.get_u32();
    let kind = [header[0], header[1], header[2], header[3]];
    if !(8..=MAX_BOX_BYTES).contains(&(size as usize)) {
        let kind = String::from_utf8_lossy(&kind).into_owned();
        return Err(Error::BoxSize { kind, size: u64::from(size) });
    }
    if buffer.len() < size as usize {
        return Ok(None);
    }
    Ok(Some(RawBox { kind, bytes: buffer.split_to(size as usize).freeze() }))
}
