//! Keeps a timeline on disk, and lives without one: when the disk fails, viewers are served from
//! memory, one warning is logged, and everything is tried again whenever a segment is closed.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tracing::{info, warn};

use super::names;
use super::record::Record;
use super::segment::{Map, Segment};
use super::store::{Disk, Job};
use super::timeline::Timeline;

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
    disk: Disk,
    degraded: bool,
}

impl Archive {
    /// The archive of a room's broadcast in `dir`.
    #[must_use]
    pub fn new(room_id: &str, dir: PathBuf) -> Self {
        Self { room_id: room_id.to_owned(), disk: Disk::new(dir), degraded: false }
    }

    /// Whether the newest media is not on disk.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.degraded
    }

    /// Writes what `change` made of `timeline`, and removes the `forgotten` segments.
    pub async fn save(
        &mut self,
        timeline: &Timeline,
        change: Change<'_>,
        forgotten: &[Arc<Segment>],
    ) {
        if self.degraded {
            if timeline.open().is_none() {
                self.save_everything(timeline, PATIENCE).await;
            }
            return;
        }
        let mut jobs = Vec::new();
        let mut described = forgotten.is_empty();
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
        if !described {
            jobs.extend(self.describe(timeline));
        }
        jobs.extend(remove(timeline, forgotten));
        if !jobs.is_empty() {
            self.write(jobs, PATIENCE).await;
        }
    }

    /// Writes every file that is missing or cut short, and removes what belongs to no segment.
    pub async fn open(&mut self, timeline: &Timeline) {
        self.save_everything(timeline, PATIENCE).await;
    }

    /// As [`open`](Self::open), with more patience, and until it is on the disk itself.
    pub async fn close(&mut self, timeline: &Timeline) {
        self.save_everything(timeline, LAST_PATIENCE).await;
        if self.degraded {
            return;
        }
        let newest = timeline.newest_segment().map(|segment| names::segment(&segment.stem));
        let files = newest.into_iter().chain([names::TIMELINE.to_owned()]).collect();
        self.write(vec![Job::Sync { files }], LAST_PATIENCE).await;
    }

    async fn save_everything(&mut self, timeline: &Timeline, patience: Duration) {
        let maps = timeline.maps().map(|map| ensure_map(map));
        let segments = timeline.segments().map(|segment| Job::Ensure {
            file: names::segment(&segment.stem),
            chunks: segment.parts.iter().map(|part| part.data.clone()).collect(),
        });
        let mut jobs: Vec<Job> = maps.chain(segments).chain(self.describe(timeline)).collect();
        let maps = timeline.maps().map(|map| map.name.clone());
        let segments = timeline.segments().map(|segment| names::segment(&segment.stem));
        jobs.push(Job::Sweep { keep: maps.chain(segments).collect() });
        self.write(jobs, patience).await;
    }

    fn describe(&self, timeline: &Timeline) -> Option<Job> {
        let json = Record::of(&self.room_id, timeline).to_json();
        // Only an anchor before 1970 cannot be written; media is served all the same.
        json.inspect_err(|error| warn!(room = self.room_id, %error, "unwritable timeline"))
            .map(|data| Job::Replace { file: names::TIMELINE.to_owned(), data })
            .ok()
    }

    async fn write(&mut self, jobs: Vec<Job>, patience: Duration) {
        match self.disk.run(jobs, patience).await {
            Ok(()) if self.degraded => {
                self.degraded = false;
                info!(room = self.room_id, "the broadcast is on disk again");
            }
            Ok(()) => {}
            Err(error) if !self.degraded => {
                self.degraded = true;
                warn!(room = self.room_id, %error, "serving from memory alone");
            }
            Err(_) => {}
        }
    }
}

fn ensure_map(map: &Map) -> Job {
    Job::Ensure { file: map.name.clone(), chunks: vec![map.init.bytes.clone()] }
}

/// Removes segments, and initialization sections that none is left to need. Files go after the
/// timeline that no longer names them.
fn remove(timeline: &Timeline, forgotten: &[Arc<Segment>]) -> Vec<Job> {
    let used: HashSet<&str> = timeline.maps().map(|map| map.name.as_str()).collect();
    let segments = forgotten.iter().map(|segment| names::segment(&segment.stem));
    let maps = forgotten.iter().map(|segment| segment.map.name.clone());
    let unused = maps.filter(|name| !used.contains(name.as_str()));
    segments.chain(unused).map(|file| Job::Remove { file }).collect()
}
