//! Keeps a timeline on disk, and lives without one: when the disk fails, viewers are served from
//! memory, one error is logged and stays as an alarm, and everything is tried again whenever a segment
//! is closed.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::record::Record;
use super::segment::Map;
use super::store::{Disk, Job, Writer};
use super::timeline::Timeline;
use super::window::Outline;
use super::{Address, begun, names};

/// How long a part waits for the disk before it is served from memory alone. A player's buffer of
/// three parts outlives this once; a disk that hangs is not waited for again.
const PATIENCE: Duration = Duration::from_millis(600);
/// How long a broadcast that stops waits for the disk.
const LAST_PATIENCE: Duration = Duration::from_secs(3);

/// What a change of the timeline means for the disk.
#[derive(Debug)]
pub enum Change<'a> {
    /// An encoder generation began.
    Generation(&'a Map),
    /// A part was appended to the newest segment, behind its first `offset` bytes.
    Part {
        /// The part's bytes.
        data: Bytes,
        /// The size of the segment before it.
        offset: u64,
    },
    /// The open segment was closed.
    Closed,
}

/// The directory of one broadcast, in step with its timeline.
#[derive(Debug)]
pub struct Archive {
    room_id: String,
    address: watch::Receiver<Option<Address>>,
    disk: Disk,
    alarm: Option<Arc<str>>,
    log: Log,
    /// The subdirectory that takes what is in the directory and not known, until everything was saved once. None where all
    /// of it could be read.
    aside: Option<String>,
}

/// How far the file of the DVR window has come.
#[derive(Debug, Default)]
struct Log {
    newest: Option<u64>,
    lines: usize,
}

impl Archive {
    /// The archive of a room's broadcast in `dir`, which viewers find by the `address` of the moment.
    #[must_use]
    pub fn new(room_id: &str, address: watch::Receiver<Option<Address>>, dir: PathBuf) -> Self {
        Self {
            room_id: room_id.to_owned(),
            address,
            disk: Disk::new(dir),
            alarm: None,
            log: Log::default(),
            aside: None,
        }
    }

    /// Keeps files that are not known, in the directory `aside` beside them, rather than remove them.
    pub fn set_aside(&mut self, aside: String) {
        self.aside = Some(aside);
    }

    /// Tells when the directory is written no more.
    #[must_use]
    pub fn writer(&self) -> Writer {
        self.disk.writer()
    }

    /// Why the newest media is not on disk, in a sentence for the operator.
    #[must_use]
    pub fn alarm(&self) -> Option<&Arc<str>> {
        self.alarm.as_ref()
    }

    /// Whether the newest media is not on disk.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.alarm.is_some()
    }

    /// Writes what `change` made of `timeline`, and removes the `forgotten` segments.
    pub async fn save(
        &mut self,
        timeline: &Timeline,
        change: Change<'_>,
        forgotten: &[Arc<Outline>],
    ) {
        if self.is_degraded() {
            if timeline.open().is_none() {
                self.save_everything(timeline, PATIENCE).await;
            }
            return;
        }
        let mut jobs = Vec::new();
        let note = self.note(timeline);
        let mut described = forgotten.is_empty() && note.is_none();
        match change {
            Change::Generation(map) => {
                jobs.push(ensure_map(map));
                described = false;
            }
            Change::Part { data, offset } => {
                let Some(segment) = timeline.newest_segment() else { return };
                let file = names::segment(&segment.stem);
                jobs.push(Job::Append { file, offset, data });
                described &= offset > 0;
            }
            Change::Closed => {}
        }
        jobs.extend(note);
        if !described {
            jobs.extend(self.describe(timeline));
        }
        jobs.extend(remove(timeline, forgotten));
        if !jobs.is_empty() {
            self.write(jobs, PATIENCE).await;
        }
    }

    /// Writes what there is of the part that comes next on `timeline`.
    pub async fn save_begun(&mut self, timeline: &Timeline, data: Bytes) {
        if self.is_degraded() {
            return;
        }
        if let Some(data) = begun::file(timeline, &data) {
            let job = Job::Replace { file: names::BEGUN.to_owned(), data };
            self.write(vec![job], PATIENCE).await;
        }
    }

    /// Writes every file that is missing or cut short, and removes, or sets aside, what belongs to no segment.
    pub async fn open(&mut self, timeline: &Timeline) {
        self.save_everything(timeline, PATIENCE).await;
    }

    /// As [`open`](Self::open), with more patience, and until it is on the disk itself.
    pub async fn close(&mut self, timeline: &Timeline) {
        self.save_everything(timeline, LAST_PATIENCE).await;
        if self.is_degraded() {
            return;
        }
        let newest = timeline.newest_segment().map(|segment| names::segment(&segment.stem));
        let window = timeline.window().is_open().then(|| names::WINDOW.to_owned());
        let files = newest.into_iter().chain([names::TIMELINE.to_owned()]).chain(window).collect();
        self.write(vec![Job::Sync { files }], LAST_PATIENCE).await;
    }

    async fn save_everything(&mut self, timeline: &Timeline, patience: Duration) {
        let maps = timeline.maps().map(|map| map.name.clone());
        let segments = timeline.segments().map(|segment| names::segment(&segment.stem));
        let window = timeline.window().outlines();
        let window = window.flat_map(|it| [it.init.clone(), names::segment(&it.stem)]);
        let keep: HashSet<String> = maps.chain(segments).chain(window).collect();
        let aside = self.aside.clone();
        let (first, last) = match aside.clone() {
            Some(to) => (Some(Job::SetAside { keep, to }), None),
            None => (None, Some(Job::Sweep { keep })),
        };
        let maps = timeline.maps().map(|map| ensure_map(map));
        let unsaved = timeline.window().in_memory().map(Arc::as_ref);
        let segments = unsaved.chain(timeline.segments()).map(|segment| Job::Ensure {
            file: names::segment(&segment.stem),
            chunks: segment.parts.iter().map(|part| part.data.clone()).collect(),
        });
        let mut jobs: Vec<Job> = first.into_iter().chain(maps).chain(segments).collect();
        jobs.extend(self.rewrite(timeline));
        jobs.extend(self.describe(timeline));
        jobs.extend(last);
        self.write(jobs, patience).await;
        self.aside = aside.filter(|_| self.is_degraded());
    }

    /// Writes the poster, if the disk takes anything at all; the next one is never far.
    pub async fn save_poster(&mut self, poster: &Bytes) {
        if !self.is_degraded() {
            let job = Job::Replace { file: names::POSTER.to_owned(), data: poster.to_vec() };
            self.write(vec![job], PATIENCE).await;
        }
    }

    /// What the DVR window's file lacks: a line for each segment. It is written anew when most of its lines are old.
    fn note(&mut self, timeline: &Timeline) -> Option<Job> {
        let window = timeline.window();
        let is_new = |outline: &&Arc<Outline>| self.log.newest.is_none_or(|it| outline.msn > it);
        let mut fresh: Vec<_> = window.outlines().rev().take_while(is_new).collect();
        fresh.reverse();
        self.log.newest = Some(fresh.last()?.msn);
        self.log.lines += fresh.len();
        if self.log.lines > 2 * window.outlines().count() + 64 {
            return self.rewrite(timeline);
        }
        let data = lines(fresh.into_iter());
        Some(Job::Note { file: names::WINDOW.to_owned(), data })
    }

    fn rewrite(&mut self, timeline: &Timeline) -> Option<Job> {
        let window = timeline.window();
        self.log.newest = window.outlines().next_back().map(|it| it.msn);
        self.log.lines = window.outlines().count();
        let data = lines(window.outlines());
        window.is_open().then(|| Job::Replace { file: names::WINDOW.to_owned(), data })
    }

    fn describe(&self, timeline: &Timeline) -> Option<Job> {
        let json = Record::of(&self.room_id, self.address.borrow().as_ref(), timeline).to_json();
        // Only an anchor before 1970 cannot be written; media is served all the same.
        json.inspect_err(|error| warn!(room = self.room_id, %error, "unwritable timeline"))
            .map(|data| Job::Replace { file: names::TIMELINE.to_owned(), data })
            .ok()
    }

    async fn write(&mut self, jobs: Vec<Job>, patience: Duration) {
        match self.disk.run(jobs, patience).await {
            Ok(()) if self.is_degraded() => {
                self.alarm = None;
                info!(room = self.room_id, "the broadcast is on disk again");
            }
            Ok(()) => {}
            Err(error) if !self.is_degraded() => {
                let alarm = format!("The broadcast is served from memory alone: {error}.");
                error!(room = self.room_id, %error, "the broadcast is served from memory alone");
                self.alarm = Some(alarm.into());
            }
            Err(_) => {}
        }
    }
}

fn lines<'a>(outlines: impl Iterator<Item = &'a Arc<Outline>>) -> Vec<u8> {
    let mut data = Vec::new();
    for outline in outlines {
        // Only a time before 1970 cannot be written; its segment is then missing after a restart.
        if serde_json::to_writer(&mut data, outline.as_ref()).is_ok() {
            data.push(b'\n');
        }
    }
    data
}

fn ensure_map(map: &Map) -> Job {
    Job::Ensure { file: map.name.clone(), chunks: vec![map.init.bytes.clone()] }
}

/// Removes segments, and initialization sections that none is left to need. Files go after the
/// timeline that no longer names them.
fn remove(timeline: &Timeline, forgotten: &[Arc<Outline>]) -> Vec<Job> {
    if forgotten.is_empty() {
        return Vec::new();
    }
    let mut used: HashSet<&str> = timeline.maps().map(|map| map.name.as_str()).collect();
    used.extend(timeline.window().outlines().map(|outline| outline.init.as_str()));
    let segments = forgotten.iter().map(|outline| names::segment(&outline.stem));
    let maps = forgotten.iter().map(|outline| outline.init.clone());
    let unused = maps.filter(|name| !used.contains(name.as_str()));
    segments.chain(unused).map(|file| Job::Remove { file }).collect()
}
