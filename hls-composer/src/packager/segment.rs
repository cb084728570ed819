//! Segments and the parts they are made of, with their bytes.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::cmaf::Init;
use super::names;

/// Where a segment stands: which timestamps it continues, and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentId {
    /// How many discontinuities lie at or before it, since the broadcast began.
    pub discontinuity_sequence: u64,
    /// Its Media Sequence Number.
    pub msn: u64,
}

/// An initialization section under its file name (EXT-X-MAP).
#[derive(Debug, PartialEq, Eq)]
pub struct Map {
    /// The file name.
    pub name: String,
    /// The section.
    pub init: Init,
}

/// A partial segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// How many ticks of the output clock it lasts, which is how many pictures it holds.
    pub ticks: u32,
    /// Whether it begins with a key frame.
    pub independent: bool,
    /// One `moof` and one `mdat`.
    pub data: Bytes,
}

/// A segment: its parts in order. The segment's bytes are those of its parts, held once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// What its file names begin with.
    pub stem: String,
    /// Where it stands.
    pub id: SegmentId,
    /// Whether EXT-X-DISCONTINUITY stands before it.
    pub discontinuity: bool,
    /// The initialization section it needs.
    pub map: Arc<Map>,
    /// The wall time of its first picture.
    pub starts_at: SystemTime,
    /// The ticks per second of its parts.
    pub fps: u32,
    /// Its parts, one at least.
    pub parts: Vec<Part>,
}

impl Segment {
    /// How many ticks it lasts.
    #[must_use]
    pub fn ticks(&self) -> u32 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.ticks))
    }

    /// How long it lasts.
    #[must_use]
    pub fn duration(&self) -> Duration {
        duration(u64::from(self.ticks()), self.fps)
    }

    /// Its size.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.data.len() as u64).sum()
    }

    /// Whether a player can begin here.
    #[must_use]
    pub fn is_independent(&self) -> bool {
        self.parts.first().is_some_and(|part| part.independent)
    }

    /// Everything but its parts.
    #[must_use]
    pub fn without_parts(&self) -> Self {
        let Self { stem, id, discontinuity, map, starts_at, fps, .. } = self;
        let (stem, map) = (stem.clone(), Arc::clone(map));
        let (id, discontinuity, starts_at, fps) = (*id, *discontinuity, *starts_at, *fps);
        Self { stem, id, discontinuity, map, starts_at, fps, parts: Vec::new() }
    }

    /// Whether `next` is the segment right behind this one.
    #[must_use]
    pub fn precedes(&self, next: &Self) -> bool {
        self.id.msn.checked_add(1) == Some(next.id.msn)
    }

    /// The bytes behind one of its file names: of a part, or when `closed` of the whole segment
    /// as its parts in order.
    pub(super) fn find(&self, name: &str, closed: bool) -> Option<Vec<Bytes>> {
        let rest = name.strip_prefix(self.stem.as_str())?;
        if rest == ".m4s" {
            return closed.then(|| self.parts.iter().map(|part| part.data.clone()).collect());
        }
        let index = (0..self.parts.len()).find(|&index| names::part(&self.stem, index) == name)?;
        Some(vec![self.parts[index].data.clone()])
    }
}

/// How long `ticks` last at `fps`, down to the nanosecond and without an error that adds up.
#[must_use]
pub fn duration(ticks: u64, fps: u32) -> Duration {
    let fps = u64::from(fps.max(1));
    let nanos = (ticks % fps) * 1_000_000_000 / fps;
    Duration::from_secs(ticks / fps) + Duration::from_nanos(nanos)
}
