//! Step 6 of one process: it is spawned, and it has bound every leased port.

use std::{io, net::IpAddr, path::Path, sync::Arc, time::Duration};

use tokio::{
    net::unix::pipe,
    sync::watch,
    task::JoinSet,
    time::{Instant, interval, sleep},
};

use super::{
    IngestConfig, command,
    media::{InputId, PipeEnd, Progress, Reader},
    report::StartError,
    sdp::Kind,
};
use crate::{
    ports::sockets,
    process::{self, Activity, Idleness, Process, Spawn, activity},
};

/// A process binds its ports within this, or it is not going to, unless it waits for a core: its successor would as well.
const BIND: Duration = Duration::from_secs(5);
/// One that is waited for because it waits itself is named in the log after so long.
const SLOW: Duration = Duration::from_secs(30);
/// That is looked at so often.
const LOOK: Duration = Duration::from_millis(100);
/// The kernel does not tell when a port is bound; it is asked this often.
const POLL: Duration = Duration::from_millis(5);

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

/// What step 6 is about. It borrows nothing of its input, which hears what it is told meanwhile.
pub(super) struct Listening {
    pub id: InputId,
    pub generation: u32,
    pub config: IngestConfig,
    pub ip: IpAddr,
    /// The leased ones, for RTP and RTCP.
    pub ports: Vec<u16>,
    pub kinds: Vec<Kind>,
    pub progress: Arc<watch::Sender<Progress>>,
}

impl Listening {
    /// Starts the process and reads its pipes.
    pub(super) async fn spawn(&self, sdp: &Path) -> Result<Ingest, StartError> {
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
            args: command::args(sdp, self.ip, &self.kinds, self.config.fps),
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
            progress: Arc::clone(&self.progress),
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
        Ok(Ingest { process, spawned, readers })
    }

    /// Returns when every leased port is bound by `process`.
    pub(super) async fn bound(&self, process: &mut Process) -> Result<(), StartError> {
        let pid = process.pid();
        let bound = async {
            let mut poll = interval(POLL);
            while !sockets::has_bound(pid, self.ip, &self.ports) {
                poll.tick().await;
            }
        };
        let begun = Instant::now();
        let slow = async {
            sleep(SLOW).await;
            tracing::warn!(
                input = %self.id,
                generation = self.generation,
                "its FFmpeg has not bound its ports after {SLOW:?}: it waits for a core, for memory or for a disk, and is waited for"
            );
            std::future::pending().await
        };
        tokio::select! {
            () = bound => Ok(()),
            outcome = slow => outcome,
            () = never_binds(|| activity(pid)) => {
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

/// Waits until a process has had the time to bind its ports, and the core; `look` asks the kernel what it does.
///
/// One that runs, or waits for a core, is left alone for as long as that lasts: its successor would be as slow. There is
/// no other end: of a first start the SFU has one, which gives its StartInput up after 30 s and names the input no more,
/// and that drops this wait with the climb; of a successor there is a line in the log.
async fn never_binds(look: impl Fn() -> Option<Activity>) {
    sleep(BIND).await;
    let mut looks = interval(LOOK);
    let mut idleness = None;
    loop {
        let now = looks.tick().await;
        // One that is gone is told by its exit; one of which nothing is known is not known to wait for a core.
        let activity = look().unwrap_or(Activity::Asleep(Duration::ZERO));
        let begin = || Idleness::begin(now, activity);
        if idleness.get_or_insert_with(begin).hangs(now, activity) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    const RAN: Duration = Duration::from_millis(7);

    #[tokio::test(start_paused = true)]
    async fn one_that_waits_for_a_core_is_waited_for_as_long_as_that_lasts() {
        let starved = never_binds(|| Some(Activity::Busy(RAN)));
        assert!(timeout(Duration::from_secs(600), starved).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_sleeps_or_is_stopped_or_of_which_nothing_is_known_never_binds() {
        for look in [Some(Activity::Asleep(RAN)), Some(Activity::Stopped), None] {
            let ended = timeout(BIND + Duration::from_secs(1), never_binds(|| look)).await;
            ended.unwrap_or_else(|_| panic!("waited for: {look:?}"));
        }
    }
}
