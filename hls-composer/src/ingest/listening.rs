//! Steps 5 and 6 of one process: its SDP is written, it is spawned, and it has bound every leased port.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{
    fs,
    net::unix::pipe,
    sync::watch,
    task::JoinSet,
    time::{Instant, interval, sleep, timeout},
};

use super::{
    IngestConfig, command,
    media::{InputId, PipeEnd, Progress, Reader},
    report::StartError,
    sdp::{self, Kind, Track},
};
use crate::{
    ports::{PortPair, sockets},
    process::{self, Idleness, Process, Spawn, activity},
};

/// A few lines are written within this, or the disk hangs.
pub(super) const WRITE: Duration = Duration::from_secs(5);
/// A process binds its ports within this, or it is not going to, unless it waits for a core: its successor would as well.
const BIND: Duration = Duration::from_secs(5);
/// That is looked at so often, and for so long.
const LOOK: Duration = Duration::from_millis(100);
const STARVED: Duration = Duration::from_secs(15);
/// The kernel does not tell when a port is bound; it is asked this often.
const POLL: Duration = Duration::from_millis(5);

/// Where the SDP of an input is, if its id can be a file name.
pub(super) fn sdp_path(dir: &Path, id: &str) -> Option<PathBuf> {
    let safe = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    safe.then(|| dir.join(format!("{id}.sdp")))
}

/// Step 5: describes `tracks` on the ports leased for them.
pub(super) async fn write_sdp(
    path: &Path,
    leases: &[(Kind, PortPair)],
    tracks: &[Track],
) -> Result<(), String> {
    let ip = leases.first().map(|(_, pair)| pair.ip()).ok_or("it has no track")?;
    let ported: Vec<(u16, Track)> = leases
        .iter()
        .filter_map(|(kind, pair)| {
            let track = tracks.iter().find(|track| track.kind == *kind)?;
            Some((pair.rtp(), track.clone()))
        })
        .collect();
    let written = async {
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).await?;
        }
        fs::write(path, sdp::write(ip, &ported)).await
    };
    match timeout(WRITE, written).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(format!("{} cannot be written: {error}", path.display())),
        Err(_) => {
            Err(format!("{} is not written within {WRITE:?}: its disk hangs", path.display()))
        }
    }
}

/// One running FFmpeg and the readers of its pipes.
pub(super) struct Ingest {
    pub process: Process,
    pub spawned: Instant,
    pub readers: JoinSet<PipeEnd>,
}

/// Our ends of one track's pipes.
enum Source {
    Pictures { frames: pipe::Receiver, times: pipe::Receiver },
    Sound { samples: pipe::Receiver, times: pipe::Receiver },
}

/// What step 6 is about.
pub(super) struct Listening<'a> {
    pub id: &'a InputId,
    pub generation: u32,
    pub config: &'a IngestConfig,
    pub leases: &'a [(Kind, PortPair)],
    pub kinds: Vec<Kind>,
    pub progress: &'a Arc<watch::Sender<Progress>>,
}

impl Listening<'_> {
    /// Step 6: returns when every leased port is bound by the new process.
    pub(super) async fn begin(self, sdp: &Path) -> Result<Ingest, StartError> {
        let ip = self.leases[0].1.ip();
        let mut ends = vec![];
        let mut sources = vec![];
        for kind in &self.kinds {
            let broken = |error: io::Error| self.failed(error.to_string());
            match kind {
                Kind::Video => {
                    let (frames, frames_end) =
                        process::output(command::VIDEO_FD).map_err(broken)?;
                    let (times, times_end) = process::lines(command::TIMES_FD).map_err(broken)?;
                    ends.extend([frames_end, times_end]);
                    sources.push(Source::Pictures { frames, times });
                }
                Kind::Audio => {
                    let (samples, samples_end) =
                        process::output(command::AUDIO_FD).map_err(broken)?;
                    let (times, times_end) =
                        process::lines(command::SOUND_TIMES_FD).map_err(broken)?;
                    ends.extend([samples_end, times_end]);
                    sources.push(Source::Sound { samples, times });
                }
            }
        }
        let spawn = Spawn {
            program: self.config.ffmpeg.clone(),
            args: command::args(sdp, ip, &self.kinds, self.config.fps),
            cpu: self.config.cpu,
            pipes: ends,
        };
        let spawned = Instant::now();
        let process = self.config.launcher.spawn(spawn).await;
        let process = process.map_err(|error| self.failed(error.to_string()))?;
        self.progress.send_replace(Progress::default());
        let reader = Reader {
            input: self.id.clone(),
            generation: self.generation,
            fps: self.config.fps,
            spawned,
            media: self.config.media.clone(),
            progress: Arc::clone(self.progress),
        };
        let mut readers = JoinSet::new();
        for source in sources {
            let reader = reader.clone();
            match source {
                Source::Pictures { frames, times } => readers.spawn(reader.frames(frames, times)),
                Source::Sound { samples, times } => {
                    readers.spawn(reader.clone().sound_times(times));
                    readers.spawn(reader.samples(samples))
                }
            };
        }
        let process = self.bound(process).await?;
        Ok(Ingest { process, spawned, readers })
    }

    async fn bound(&self, mut process: Process) -> Result<Process, StartError> {
        let ip = self.leases[0].1.ip();
        let ports: Vec<u16> =
            self.leases.iter().flat_map(|(_, pair)| [pair.rtp(), pair.rtcp()]).collect();
        let pid = process.pid();
        let bound = async {
            let mut poll = interval(POLL);
            while !sockets::has_bound(pid, ip, &ports) {
                poll.tick().await;
            }
        };
        let begun = Instant::now();
        tokio::select! {
            () = bound => Ok(process),
            () = never_binds(pid) => {
                let (log, waited) = (process.log(), begun.elapsed());
                Err(self.failed(format!("its ports are not bound after {waited:.1?}: {log}")))
            }
            exit = process.exited() => {
                let log = exit.to_string();
                Err(if log.contains("Address already in use") {
                    StartError::PortTaken { input: self.id.to_string(), log }
                } else {
                    self.failed(log)
                })
            }
        }
    }

    fn failed(&self, log: String) -> StartError {
        StartError::Ffmpeg { input: self.id.to_string(), log }
    }
}

/// Waits until process `pid` has had the time to bind its ports, and the core.
async fn never_binds(pid: u32) {
    sleep(BIND).await;
    let give_up = Instant::now() + STARVED;
    let mut looks = interval(LOOK);
    let mut idleness = None;
    while Instant::now() < give_up {
        let now = looks.tick().await;
        // One that is gone is told by its exit.
        let Some(activity) = activity(pid) else { continue };
        let begin = || Idleness::begin(now, activity);
        if idleness.get_or_insert_with(begin).hangs(now, activity) {
            return;
        }
    }
}
