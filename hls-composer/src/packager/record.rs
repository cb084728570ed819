//! `timeline.json`: what recovery must know of a timeline. Parts are not in it; a segment's file
//! is split into its parts again.

use std::collections::{HashMap, VecDeque};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use daemon::state_file;
use serde::{Deserialize, Serialize};
use tracing::warn;

use super::cmaf::{self, Init};
use super::timeline::{Map, Part, Segment, SegmentId, Timeline};
use super::window::{Outline, Window};
use super::{Address, begun, names};

/// The version of the file's shape. A file of another version is not read.
const VERSION: u32 = 1;

/// A timeline as it lies on disk. Every field is always written, and must be there when it is read, under its very name:
/// one that damage has hidden may have held what guards the broadcast, or its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    version: u32,
    /// The room the broadcast belongs to.
    pub room_id: String,
    /// Its name for viewers.
    // serde takes an option that is not there for none, unless it is told how to read it.
    #[serde(deserialize_with = "Option::deserialize")]
    pub address: Option<Address>,
    /// When it ended, if it has.
    #[serde(deserialize_with = "Option::deserialize")]
    pub ended_at: Option<SystemTime>,
    first_listed: u64,
    next_msn: u64,
    discontinuity_sequence: u64,
    /// How long the DVR window is.
    window: Duration,
    segments: Vec<SegmentRecord>,
}

/// What is read first: a file of another version may have other fields.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

/// A segment as it lies on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SegmentRecord {
    stem: String,
    msn: u64,
    discontinuity_sequence: u64,
    discontinuity: bool,
    /// The file name of its initialization section.
    pub(super) init: String,
    starts_at: SystemTime,
    fps: u32,
}

impl SegmentRecord {
    /// Describes `segment`.
    pub(super) fn of(segment: &Segment) -> Self {
        Self {
            stem: segment.stem.clone(),
            msn: segment.id.msn,
            discontinuity_sequence: segment.id.discontinuity_sequence,
            discontinuity: segment.discontinuity,
            init: segment.map.name.clone(),
            starts_at: segment.starts_at,
            fps: segment.fps,
        }
    }

    /// The segment with the parts that are whole in `media`; none without one.
    pub(super) fn with_media(&self, map: Arc<Map>, media: &[u8]) -> Option<Segment> {
        let part = |chunk: cmaf::Chunk| Part {
            ticks: chunk.frames,
            independent: chunk.independent,
            data: chunk.data,
        };
        let parts: Vec<Part> = cmaf::split(&map.init, media).into_iter().map(part).collect();
        let Self { msn, discontinuity_sequence, .. } = *self;
        (!parts.is_empty()).then(|| Segment {
            stem: self.stem.clone(),
            id: SegmentId { discontinuity_sequence, msn },
            discontinuity: self.discontinuity,
            map,
            starts_at: self.starts_at,
            fps: self.fps,
            parts,
        })
    }
}

/// Why a `timeline.json` is of no use.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("cannot read the timeline: {0}")]
    Io(#[from] std::io::Error),
    /// It is damaged.
    #[error("the timeline is damaged: {0}")]
    Damaged(#[from] serde_json::Error),
    /// Another release wrote it.
    #[error("the timeline has version {found}, this release reads {VERSION}")]
    Version {
        /// The version in the file.
        found: u32,
    },
    /// The room id is not one.
    #[error("the timeline names no room")]
    Room,
}

impl Record {
    /// Describes `timeline`, its open segment included.
    #[must_use]
    pub fn of(room_id: &str, address: Option<&Address>, timeline: &Timeline) -> Self {
        let segments = timeline.segments().map(SegmentRecord::of);
        let next = timeline.next();
        Self {
            version: VERSION,
            room_id: room_id.to_owned(),
            address: address.cloned(),
            ended_at: timeline.ended_at(),
            first_listed: timeline.media_sequence(),
            next_msn: next.msn,
            discontinuity_sequence: next.discontinuity_sequence,
            window: timeline.window().length(),
            segments: segments.collect(),
        }
    }

    /// The bytes of `timeline.json`.
    ///
    /// # Errors
    /// When an instant lies before 1970, which the format cannot say.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(self)
    }

    /// Reads the `timeline.json` of a broadcast's directory. Blocking.
    ///
    /// # Errors
    /// When it is missing, damaged or of another version.
    pub fn read(dir: &Path) -> Result<Self, Error> {
        let json = state_file::read(&dir.join(names::TIMELINE), names::MOST_BYTES)?;
        let Versioned { version } = serde_json::from_slice(&json)?;
        if version != VERSION {
            return Err(Error::Version { found: version });
        }
        let record: Self = serde_json::from_slice(&json)?;
        match record {
            Self { ref room_id, .. } if !names::is_plain(room_id) => Err(Error::Room),
            Self { address: Some(ref address), .. } if !address.is_valid() => Err(Error::Room),
            record => Ok(record),
        }
    }

    /// The timeline with the media found in `dir`, continued by `incarnation`. Blocking.
    ///
    /// A segment without one whole part ends what can be listed: the list begins behind the newest
    /// such segment, because numbers in a list have no holes. The newest segment of all is simply
    /// left out. Each is logged once.
    ///
    /// A broadcast that goes on gets a DVR window of `window`; one that has ended keeps its own.
    #[must_use]
    pub fn load(&self, dir: &Path, incarnation: &str, fps: u32, window: Duration) -> Loaded {
        let mut files = Files { dir, all_read: true };
        let mut maps = HashMap::new();
        let mut segments: Vec<Segment> = Vec::new();
        for record in &self.segments {
            let Some(segment) = load_segment(&mut files, record, &mut maps) else {
                warn!(
                    directory = %dir.display(),
                    segment = record.stem,
                    "a stored segment is missing or damaged; the playlist goes on without it"
                );
                continue;
            };
            let follows = segments.last().is_none_or(|last| last.precedes(&segment));
            if !follows {
                segments.clear();
            }
            segments.push(segment);
        }
        if self.ended_at.is_none()
            && let Some(file) = files.read(names::BEGUN)
        {
            begun::load(&file, &mut segments);
        }
        let next =
            SegmentId { discontinuity_sequence: self.discontinuity_sequence, msn: self.next_msn };
        let length = if self.ended_at.is_some() { self.window } else { window };
        let first = segments.first().map_or(self.next_msn, |first| first.id.msn);
        let window = match length.is_zero() {
            true => Window::default(),
            false => Window::restored(length, load_window(&mut files, first)),
        };
        let timeline =
            Timeline::restored(incarnation, fps, segments, self.first_listed, next, self.ended_at);
        Loaded { timeline: timeline.with_window(window), all_read: files.all_read }
    }
}

/// What there is of a timeline.
#[derive(Debug)]
pub struct Loaded {
    /// With all that could be read.
    pub timeline: Timeline,
    /// No file is there that could not be read: one that may be read another time must not be lost.
    pub all_read: bool,
}

/// The files of a broadcast's directory.
struct Files<'a> {
    dir: &'a Path,
    all_read: bool,
}

impl Files<'_> {
    /// The content of `file`; `None` when it is not there, or cannot be read, which is logged.
    fn read(&mut self, file: &str) -> Option<Vec<u8>> {
        let content = state_file::read(&self.dir.join(file), names::MOST_BYTES);
        content.map_err(|error| self.miss(file, &error)).ok()
    }

    /// How long `file` is, in bytes.
    fn length(&mut self, file: &str) -> Option<u64> {
        let found = fs::metadata(self.dir.join(file));
        found.map(|found| found.len()).map_err(|error| self.miss(file, &error)).ok()
    }

    fn miss(&mut self, file: &str, error: &io::Error) {
        if error.kind() != io::ErrorKind::NotFound {
            warn!(directory = %self.dir.display(), file, %error, "a file of a broadcast cannot be read; it is set aside");
            self.all_read = false;
        }
    }
}

/// The segments right before the number `end` that are in the DVR window's file, and on disk in full. A last line cut
/// short is no line.
fn load_window(files: &mut Files<'_>, end: u64) -> VecDeque<Outline> {
    let text = files.read(names::WINDOW).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut window = VecDeque::new();
    let mut wanted = end;
    for line in text.lines().rev() {
        let Ok(outline) = serde_json::from_str::<Outline>(line) else { continue };
        if outline.msn.checked_add(1) != Some(wanted) {
            continue;
        }
        let safe = names::is_file(&outline.stem) && names::is_file(&outline.init);
        if !safe || outline.fps == 0 {
            break;
        }
        if files.length(&names::segment(&outline.stem)) != Some(outline.bytes) {
            break;
        }
        wanted = outline.msn;
        window.push_front(outline);
    }
    window
}

fn load_segment(
    files: &mut Files<'_>,
    record: &SegmentRecord,
    maps: &mut HashMap<String, Option<Arc<Map>>>,
) -> Option<Segment> {
    let safe = names::is_file(&record.stem) && names::is_file(&record.init);
    if !safe || record.fps == 0 {
        return None;
    }
    let map = maps
        .entry(record.init.clone())
        .or_insert_with(|| load_map(files, &record.init).map(Arc::new))
        .clone()?;
    let file = files.read(&names::segment(&record.stem))?;
    record.with_media(map, &file)
}

fn load_map(files: &mut Files<'_>, name: &str) -> Option<Map> {
    let bytes = files.read(name)?;
    let init = Init::parse(Bytes::from(bytes)).ok()?;
    Some(Map { name: name.to_owned(), init })
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value};

    use super::*;

    /// As every release wrote it that knew of addresses.
    const WRITTEN: &str = r#"{"version":1,"room_id":"room","address":null,"ended_at":null,"first_listed":0,"next_msn":1,"discontinuity_sequence":0,"window":{"secs":0,"nanos":0},"segments":[]}"#;

    fn read(json: &str) -> Result<Record, Error> {
        let dir = tempfile::tempdir().expect("a directory");
        fs::write(dir.path().join(names::TIMELINE), json).expect("writable");
        Record::read(dir.path())
    }

    fn fields() -> Map<String, Value> {
        serde_json::from_str(WRITTEN).expect("an object")
    }

    fn read_fields(fields: &Map<String, Value>) -> Result<Record, Error> {
        read(&serde_json::to_string(fields).expect("JSON"))
    }

    #[test]
    fn a_timeline_is_read_as_it_is_written() {
        let record = read(WRITTEN).expect("a timeline");
        assert_eq!(String::from_utf8_lossy(&record.to_json().expect("JSON")), WRITTEN);
    }

    #[test]
    fn a_field_that_is_missing_or_under_another_name_makes_a_timeline_a_damaged_one() {
        for name in fields().keys() {
            let mut damaged = fields();
            let value = damaged.remove(name).expect("a field");
            assert!(matches!(read_fields(&damaged), Err(Error::Damaged(_))), "no {name}");
            damaged.insert(format!("{name}~"), value);
            assert!(matches!(read_fields(&damaged), Err(Error::Damaged(_))), "{name}~");
        }
        let mut more = fields();
        more.insert("end".to_owned(), Value::Null);
        assert!(matches!(read_fields(&more), Err(Error::Damaged(_))), "a field nobody knows");
    }

    #[test]
    fn what_is_no_file_is_a_timeline_that_cannot_be_read_and_holds_up_nobody() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join(names::TIMELINE);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).expect("a FIFO");
        assert!(matches!(Record::read(dir.path()), Err(Error::Io(_))));
    }

    #[test]
    fn a_timeline_of_another_version_is_told_as_such_whatever_else_is_in_it() {
        let mut newer = fields();
        newer.insert("version".to_owned(), 2.into());
        newer.insert("more".to_owned(), Value::Null);
        assert!(matches!(read_fields(&newer), Err(Error::Version { found: 2 })));
    }
}
