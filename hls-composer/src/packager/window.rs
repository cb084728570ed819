//! The DVR window: closed segments that have left memory and lie on disk, in few words each.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::names;
use super::segment::{Segment, SegmentId, duration};

/// What cannot be written to disk is kept in memory for this long, about 7 MB a room; then the window begins behind it.
const UNSAVED: Duration = Duration::from_secs(300);

/// All that a playlist and a restart need to know of a closed segment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outline {
    /// What its file names begin with.
    pub stem: String,
    /// Its Media Sequence Number.
    pub msn: u64,
    /// How many discontinuities lie at or before it.
    pub discontinuity_sequence: u64,
    /// Whether EXT-X-DISCONTINUITY stands before it.
    pub discontinuity: bool,
    /// The file name of its initialization section.
    pub init: String,
    /// The wall time of its first picture.
    pub starts_at: SystemTime,
    /// How many ticks it lasts.
    pub ticks: u32,
    /// Its ticks per second.
    pub fps: u32,
    /// Its size.
    pub bytes: u64,
    /// Whether a player can begin here.
    pub independent: bool,
}

impl From<&Segment> for Outline {
    fn from(segment: &Segment) -> Self {
        Self {
            stem: segment.stem.clone(),
            msn: segment.id.msn,
            discontinuity_sequence: segment.id.discontinuity_sequence,
            discontinuity: segment.discontinuity,
            init: segment.map.name.clone(),
            starts_at: segment.starts_at,
            ticks: segment.ticks(),
            fps: segment.fps,
            bytes: segment.bytes(),
            independent: segment.is_independent(),
        }
    }
}

impl Outline {
    /// How long it lasts.
    #[must_use]
    pub fn duration(&self) -> Duration {
        duration(u64::from(self.ticks), self.fps)
    }

    /// Where it stands.
    #[must_use]
    pub fn id(&self) -> SegmentId {
        SegmentId { discontinuity_sequence: self.discontinuity_sequence, msn: self.msn }
    }
}

#[derive(Debug, Clone)]
struct Stored {
    outline: Arc<Outline>,
    /// Its media, as long as the disk has not taken it.
    unsaved: Option<Arc<Segment>>,
}

/// The part of a DVR window that is no longer in memory: consecutive segments, oldest first. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Window {
    length: Duration,
    stored: Arc<VecDeque<Stored>>,
    /// How long `stored` lasts.
    held: Duration,
}

impl Window {
    /// A window of this length; of none, nothing is kept.
    #[must_use]
    pub fn new(length: Duration) -> Self {
        Self { length, ..Self::default() }
    }

    /// A window that holds what lies on disk already: consecutive segments.
    #[must_use]
    pub fn restored(length: Duration, outlines: impl IntoIterator<Item = Outline>) -> Self {
        let stored = |outline| Stored { outline: Arc::new(outline), unsaved: None };
        let stored: VecDeque<Stored> = outlines.into_iter().map(stored).collect();
        let held = stored.iter().map(|it| it.outline.duration()).sum();
        Self { length, stored: Arc::new(stored), held }
    }

    /// How far back a viewer may go.
    #[must_use]
    pub fn length(&self) -> Duration {
        self.length
    }

    /// Whether there is a window at all.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.length.is_zero()
    }

    /// Takes a segment that leaves memory, and lets go of what nobody may ask for any more. Media stays fetchable for
    /// as long as the list that named it lasts after it has left that list (RFC 8216bis, 6.2.2): another window.
    /// `newer` is how long the segments behind this one last.
    pub fn push(&mut self, segment: Arc<Segment>, newer: Duration) -> Vec<Arc<Outline>> {
        let outline = Arc::new(Outline::from(segment.as_ref()));
        if !self.is_open() {
            return vec![outline];
        }
        self.held += outline.duration();
        Arc::make_mut(&mut self.stored).push_back(Stored { outline, unsaved: Some(segment) });
        let keep = self.length.saturating_mul(2).saturating_add(Duration::from_secs(1));
        let mut gone = Vec::new();
        while let Some(oldest) = self.stored.front() {
            let rest = self.held.saturating_sub(oldest.outline.duration());
            if rest.saturating_add(newer) < keep && self.unsaved() <= UNSAVED {
                break;
            }
            self.held = rest;
            gone.extend(Arc::make_mut(&mut self.stored).pop_front().map(|it| it.outline));
        }
        gone
    }

    fn unsaved(&self) -> Duration {
        // What is unsaved is the newest: a disk that takes anything takes all of it.
        let unsaved = self.stored.iter().rev().take_while(|it| it.unsaved.is_some());
        unsaved.map(|it| it.outline.duration()).sum()
    }

    /// The disk has everything: media leaves memory.
    pub fn saved(&mut self) {
        let newest = self.stored.back().is_some_and(|it| it.unsaved.is_some());
        if !newest {
            return;
        }
        let stored = Arc::make_mut(&mut self.stored);
        let unsaved = stored.iter_mut().rev().take_while(|it| it.unsaved.is_some());
        unsaved.for_each(|it| it.unsaved = None);
    }

    /// Every segment, oldest first.
    pub fn outlines(&self) -> impl DoubleEndedIterator<Item = &Arc<Outline>> {
        self.stored.iter().map(|it| &it.outline)
    }

    /// Segments the disk has not taken, with their media.
    pub fn in_memory(&self) -> impl Iterator<Item = &Arc<Segment>> {
        self.stored.iter().filter_map(|it| it.unsaved.as_ref())
    }

    /// The media behind the file name of a segment, when it is still in memory.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Vec<Bytes>> {
        self.named(name)?.unsaved.as_ref()?.find(name, true)
    }

    /// Whether a file of this name, a segment or an initialization section, lies on disk for the window.
    #[must_use]
    pub fn has_file(&self, name: &str) -> bool {
        let is_segment = || self.named(name).is_some_and(|it| it.unsaved.is_none());
        is_segment() || self.stored.iter().any(|it| it.outline.init == name)
    }

    /// Numbers are consecutive, and a segment's name ends with its own.
    fn named(&self, name: &str) -> Option<&Stored> {
        let stem = name.strip_suffix(".m4s")?;
        let msn: u64 = stem.rsplit('-').next()?.parse().ok()?;
        let index = msn.checked_sub(self.stored.front()?.outline.msn)?;
        let found = self.stored.get(usize::try_from(index).ok()?)?;
        (names::segment(&found.outline.stem) == name).then_some(found)
    }
}
