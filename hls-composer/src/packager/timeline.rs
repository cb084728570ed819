//! The timeline of a broadcast: which segments exist, in which order, under which numbers.
//! A value without clock, files or tasks; the playlists are rendered from it, and a clone of it is
//! what viewers are served from.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::bitrate::Bitrate;
use super::names;
pub use super::segment::{Map, Part, Segment, SegmentId, duration};
use super::window::{Outline, Window};

/// EXT-X-TARGETDURATION. A segment is one group of pictures, one second.
pub const TARGET: Duration = Duration::from_secs(1);
/// Parts in a segment of full length; a part lasts 200 ms.
pub const PARTS_PER_SEGMENT: u32 = 5;
/// The list slides so that this much stays in it. Ten seconds let a player that stalled for
/// several seconds go on where it was, and such a list is about 2 kB.
pub const LISTED: Duration = Duration::from_secs(10);
/// The most segments listed, when early closes make them short.
pub const MOST_LISTED: usize = 12;
/// A list never slides below three target durations (RFC 8216bis, 6.2.2).
const LEAST_LISTED: Duration = Duration::from_secs(3);
/// How much stays fetchable after it has left the list: the longest list that held it and its own
/// duration (RFC 8216bis, 6.2.2), and one second for the request to arrive.
pub const RETAINED: Duration = Duration::from_secs(12);

/// The newest part, as `_HLS_msn` and `_HLS_part` count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The Media Sequence Number of its segment.
    pub msn: u64,
    /// Its index in the segment, from 0.
    pub part: u64,
}

/// Pictures that follow each other without a jump in wall time, under one initialization section.
#[derive(Debug, Clone)]
struct Run {
    map: Arc<Map>,
    anchor: SystemTime,
    ticks: u64,
}

/// All segments of a broadcast that can still be fetched.
#[derive(Debug, Clone)]
pub struct Timeline {
    incarnation: Arc<str>,
    fps: u32,
    window: Window,
    retired: VecDeque<Arc<Segment>>,
    listed: VecDeque<Arc<Segment>>,
    open: Option<Segment>,
    run: Option<Run>,
    next: SegmentId,
    discontinuity_due: bool,
    ended_at: Option<SystemTime>,
    bitrate: Bitrate,
}

impl Timeline {
    /// An empty timeline of a picture with `fps` ticks per second.
    #[must_use]
    pub fn new(incarnation: &str, fps: u32) -> Self {
        Self {
            incarnation: incarnation.into(),
            fps,
            window: Window::default(),
            retired: VecDeque::new(),
            listed: VecDeque::new(),
            open: None,
            run: None,
            next: SegmentId { discontinuity_sequence: 0, msn: 0 },
            discontinuity_due: false,
            ended_at: None,
            bitrate: Bitrate::default(),
        }
    }

    /// With a DVR window, which holds what came before everything else.
    #[must_use]
    pub fn with_window(self, window: Window) -> Self {
        let mut bitrate = Bitrate::default();
        for outline in window.outlines() {
            bitrate.count(outline.bytes, outline.duration());
        }
        for segment in self.retired.iter().chain(&self.listed) {
            bitrate.add(segment);
        }
        Self { window, bitrate, ..self }
    }

    /// The timeline of an earlier incarnation, continued. `segments` are consecutive; those from
    /// `first_listed` on are listed. `next` numbers the next segment if there are none.
    #[must_use]
    pub fn restored(
        incarnation: &str,
        fps: u32,
        segments: Vec<Segment>,
        first_listed: u64,
        next: SegmentId,
        ended_at: Option<SystemTime>,
    ) -> Self {
        let mut timeline = Self::new(incarnation, fps);
        timeline.next = segments.last().map_or(next, |last| SegmentId {
            discontinuity_sequence: last.id.discontinuity_sequence,
            msn: last.id.msn.saturating_add(1),
        });
        timeline.ended_at = ended_at;
        for segment in segments {
            timeline.bitrate.add(&segment);
            let list = match segment.id.msn < first_listed {
                true => &mut timeline.retired,
                false => &mut timeline.listed,
            };
            list.push_back(Arc::new(segment));
        }
        // What was open is closed now, and one more was begun perhaps.
        timeline.unlist();
        timeline
    }

    /// A new encoder generation or a new anchor: the open segment closes, and the next part
    /// begins a segment at `starts_at`, after a discontinuity unless it is the first of all.
    /// Returns the segments that can no longer be fetched.
    pub fn begin_run(&mut self, map: Arc<Map>, starts_at: SystemTime) -> Vec<Arc<Outline>> {
        let forgotten = self.close_segment();
        self.run = Some(Run { map, anchor: starts_at, ticks: 0 });
        self.discontinuity_due = self.next.msn > 0;
        forgotten
    }

    /// The encoder generation is over: the open segment closes, and nothing is hinted until the
    /// next one begins.
    pub fn end_run(&mut self) -> Vec<Arc<Outline>> {
        self.run = None;
        self.close_segment()
    }

    /// Appends a part, opening a segment for it when none is open, and closing the segment when
    /// it is full. A part outside a run is dropped. Returns the segments that can no longer be
    /// fetched.
    pub fn push_part(&mut self, part: Part) -> Vec<Arc<Outline>> {
        if self.open.is_none() {
            self.open = self.new_segment();
        }
        let (Some(open), Some(run)) = (&mut self.open, &mut self.run) else { return Vec::new() };
        run.ticks += u64::from(part.ticks);
        open.parts.push(part);
        if open.ticks() >= self.fps { self.close_segment() } else { Vec::new() }
    }

    /// Closes the open segment, short as it may be.
    pub fn close_segment(&mut self) -> Vec<Arc<Outline>> {
        let Some(segment) = self.open.take() else { return Vec::new() };
        self.bitrate.add(&segment);
        self.next.msn = segment.id.msn.saturating_add(1);
        self.listed.push_back(Arc::new(segment));
        self.slide()
    }

    /// The broadcast is over, at `at`: ENDLIST.
    pub fn end(&mut self, at: SystemTime) -> Vec<Arc<Outline>> {
        self.ended_at.get_or_insert(at);
        self.end_run()
    }

    /// As it looks right before the end: everything is there, and the last segment is not closed. None when that leaves
    /// no whole segment.
    #[must_use]
    pub fn before_end(&self) -> Option<Self> {
        let mut before = Self { run: None, ended_at: None, ..self.clone() };
        if before.open.is_none() {
            before.open = before.listed.pop_back().map(Arc::unwrap_or_clone);
        }
        (!before.listed.is_empty()).then_some(before)
    }

    fn new_segment(&mut self) -> Option<Segment> {
        self.run.as_ref()?;
        let discontinuity = std::mem::take(&mut self.discontinuity_due);
        self.next.discontinuity_sequence =
            self.next.discontinuity_sequence.saturating_add(u64::from(discontinuity));
        Some(Segment { discontinuity, ..self.next_segment()? })
    }

    /// The segment behind the newest one if no discontinuity comes between.
    fn next_segment(&self) -> Option<Segment> {
        let run = self.run.as_ref()?;
        Some(Segment {
            stem: names::stem(&self.incarnation, self.next),
            id: self.next,
            discontinuity: false,
            map: Arc::clone(&run.map),
            starts_at: run.anchor + duration(run.ticks, self.fps),
            fps: self.fps,
            parts: Vec::with_capacity(PARTS_PER_SEGMENT as usize),
        })
    }

    fn slide(&mut self) -> Vec<Arc<Outline>> {
        self.unlist();
        self.forget()
    }

    /// Takes from the list what is too old for it.
    fn unlist(&mut self) {
        let mut listed = length(&self.listed);
        while let Some(oldest) = self.listed.front() {
            let rest = listed.saturating_sub(oldest.duration());
            let keep = if self.listed.len() > MOST_LISTED { LEAST_LISTED } else { LISTED };
            if rest < keep {
                break;
            }
            listed = rest;
            self.retired.extend(self.listed.pop_front());
        }
    }

    /// Takes from memory what nobody can ask for any more.
    fn forget(&mut self) -> Vec<Arc<Outline>> {
        let mut retired = length(&self.retired);
        let mut forgotten = Vec::new();
        while let Some(oldest) = self.retired.front() {
            let rest = retired.saturating_sub(oldest.duration());
            if rest < RETAINED {
                break;
            }
            retired = rest;
            if let Some(oldest) = self.retired.pop_front() {
                forgotten.extend(self.window.push(oldest, rest + length(&self.listed)));
            }
        }
        forgotten
    }

    /// Everything is on disk: the media of the DVR window leaves memory.
    pub fn saved(&mut self) {
        self.window.saved();
    }

    /// The DVR window beyond what is in memory.
    #[must_use]
    pub fn window(&self) -> &Window {
        &self.window
    }

    /// The closed segments of the DVR window, oldest first: the newest that last as long as the window, and all there
    /// are before it is full.
    #[must_use]
    pub fn windowed(&self) -> Vec<Arc<Outline>> {
        let recent = self.retired.iter().chain(&self.listed);
        let recent: Vec<_> =
            recent.map(|segment| Arc::new(Outline::from(segment.as_ref()))).collect();
        let mut left = self.window.length();
        let within = |outline: &&Arc<Outline>| {
            let fits = !left.is_zero();
            left = left.saturating_sub(outline.duration());
            fits
        };
        let all = self.window.outlines().chain(&recent);
        let mut newest: Vec<_> = all.rev().take_while(within).cloned().collect();
        newest.reverse();
        newest
    }

    /// Ticks per second.
    #[must_use]
    pub fn fps(&self) -> u32 {
        self.fps
    }

    /// The closed segments in the list, oldest first.
    pub fn listed(&self) -> impl ExactSizeIterator<Item = &Segment> {
        self.listed.iter().map(Arc::as_ref)
    }

    /// The segment being written, one part long at least.
    #[must_use]
    pub fn open(&self) -> Option<&Segment> {
        self.open.as_ref()
    }

    /// Every segment in memory that can be fetched, oldest first, the open one last.
    pub fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.retired.iter().chain(&self.listed).map(Arc::as_ref).chain(&self.open)
    }

    /// Every initialization section in memory that a player may need.
    pub fn maps(&self) -> impl Iterator<Item = &Arc<Map>> {
        let unsaved = self.window.in_memory().map(|segment| &segment.map);
        unsaved.chain(self.segments().map(|segment| &segment.map)).chain(self.map())
    }

    /// The initialization section of the present encoder generation.
    #[must_use]
    pub fn map(&self) -> Option<&Arc<Map>> {
        self.run.as_ref().map(|run| &run.map)
    }

    /// EXT-X-MEDIA-SEQUENCE: the number of the first segment in the list.
    #[must_use]
    pub fn media_sequence(&self) -> u64 {
        self.first_listed().map_or(self.next.msn, |segment| segment.id.msn)
    }

    /// EXT-X-DISCONTINUITY-SEQUENCE: how many EXT-X-DISCONTINUITY tags have left the list. The tag
    /// of the first listed segment has not.
    #[must_use]
    pub fn discontinuity_sequence(&self) -> u64 {
        self.first_listed().map_or(self.next.discontinuity_sequence, |first| {
            first.id.discontinuity_sequence.saturating_sub(u64::from(first.discontinuity))
        })
    }

    fn first_listed(&self) -> Option<&Segment> {
        self.listed.front().map(Arc::as_ref).or(self.open.as_ref())
    }

    /// The number the next segment gets, before its own discontinuity counts.
    #[must_use]
    pub fn next(&self) -> SegmentId {
        self.next
    }

    /// The segment that holds the newest part.
    #[must_use]
    pub fn newest_segment(&self) -> Option<&Segment> {
        self.open.as_ref().or(self.listed.back().map(Arc::as_ref))
    }

    /// The newest part that can be fetched.
    #[must_use]
    pub fn newest(&self) -> Option<Position> {
        let newest = self.newest_segment()?;
        Some(Position { msn: newest.id.msn, part: (newest.parts.len() as u64).checked_sub(1)? })
    }

    /// The newest closed segment.
    #[must_use]
    pub fn newest_closed(&self) -> Option<u64> {
        self.listed.back().map(|segment| segment.id.msn)
    }

    /// The segment of the part that comes next, without parts, and that part's place in it. Nothing
    /// is known across a discontinuity, or while no encoder runs.
    #[must_use]
    pub fn coming(&self) -> Option<(Segment, usize)> {
        self.run.as_ref()?;
        match &self.open {
            Some(open) => Some((open.without_parts(), open.parts.len())),
            None if self.discontinuity_due || self.newest().is_none() => None,
            None => Some((self.next_segment()?, 0)),
        }
    }

    /// The file name of the part that comes next (EXT-X-PRELOAD-HINT).
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        self.coming().map(|(segment, index)| names::part(&segment.stem, index))
    }

    /// When the broadcast ended, if it has.
    #[must_use]
    pub fn ended_at(&self) -> Option<SystemTime> {
        self.ended_at
    }

    /// The bit rates so far.
    #[must_use]
    pub fn bitrate(&self) -> &Bitrate {
        &self.bitrate
    }

    /// The bytes behind a file name, in order, if they are in memory. Nothing is copied.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Vec<Bytes>> {
        if let Some(map) = self.maps().find(|map| map.name == name) {
            return Some(vec![map.init.bytes.clone()]);
        }
        let closed = self.retired.iter().chain(&self.listed).rev();
        let open = self.open.as_ref().and_then(|open| open.find(name, false));
        open.or_else(|| closed.into_iter().find_map(|segment| segment.find(name, true)))
            .or_else(|| self.window.find(name))
    }
}

fn length(segments: &VecDeque<Arc<Segment>>) -> Duration {
    segments.iter().map(|segment| segment.duration()).sum()
}
