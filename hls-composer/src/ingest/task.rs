//! The task of one input: it owns the leases, the SDP and the FFmpeg, and starts the FFmpeg anew when it must.

use std::{path::PathBuf, pin::pin, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep, sleep_until},
};

use super::{
    health::Respawns,
    input::{Command, IngestConfig},
    listening::{Ingest, Listening},
    media::{InputId, Progress},
    report::{InputEvent, Report, StartError, State},
    sdp::{Kind, Track},
    sdp_file,
    trace::{Running, Step},
};
use crate::ports::PortPair;

/// A lease lapses unless the input is started within this.
const LEASE: Duration = Duration::from_secs(10);

/// Owns everything of one input and ends when its [`Input`](super::Input) is dropped.
pub(super) struct Task {
    pub id: InputId,
    pub leases: Vec<(Kind, PortPair)>,
    pub config: IngestConfig,
    pub events: mpsc::Sender<InputEvent>,
    pub inbox: mpsc::UnboundedReceiver<Command>,
    pub progress: Arc<watch::Sender<Progress>>,
    pub tracks: Vec<Track>,
    pub report: Report,
}

/// The owner let go of the input.
struct Released;

/// How a generation ended.
pub(super) enum End {
    /// The owner let go.
    Released,
    /// It exited, or what it does is of no use.
    Sick(String),
    /// A long pause is over, which a new process need not fill in. It costs nothing of the budget.
    Rested(oneshot::Sender<u32>),
}

impl Task {
    pub(super) async fn run(mut self) {
        self.tell().await;
        if self.live().await.is_err() {
            self.report.state = State::Stopped;
        }
        self.report.pid = 0;
        self.tell().await;
        if let Some(path) = self.sdp_path().filter(|_| !self.tracks.is_empty()) {
            sdp_file::remove(&self.config.sdp_jobs, path).await;
        }
        // A failed input keeps its leases until its owner lets go: they are part of what is reported.
        while self.inbox.recv().await.is_some() {}
    }

    /// Lives until it is released or given up.
    async fn live(&mut self) -> Result<(), Released> {
        let reply = self.started().await?;
        let mut respawns = Respawns::default();
        let mut reply = Some(reply);
        loop {
            let climbed = self.climb().await?;
            let begun = Instant::now();
            let end = match climbed {
                Ok(mut running) => {
                    if let Some(reply) = reply.take() {
                        drop(reply.send(Ok(self.report.generation)));
                    }
                    let end = self.attend(&mut running).await;
                    running.readers.abort_all();
                    running.process.kill().await;
                    end
                }
                Err(error) => {
                    if let Some(reply) = reply.take() {
                        // The SFU hears it at once and climbs anew with other ports.
                        self.report.state = State::Failed(error.to_string());
                        drop(reply.send(Err(error)));
                        return Ok(());
                    }
                    End::Sick(error.to_string())
                }
            };
            self.report.pid = 0;
            let reason = match end {
                End::Released => return Err(Released),
                End::Sick(reason) => reason,
                End::Rested(reply) => {
                    tracing::info!(input = %self.id, "a long pause ends: a new process");
                    // An asker that is gone sees the generation in the status.
                    _ = reply.send(self.report.generation + 1);
                    self.report.trace = vec![Step::begin(1, "clean up").done()];
                    continue;
                }
            };
            tracing::warn!(input = %self.id, generation = self.report.generation, %reason, "ingest ended");
            let Some(pause) = respawns.spend(begun, Instant::now()) else {
                tracing::warn!(input = %self.id, "ingest given up after 3 respawns in a minute: the SFU tries again");
                self.report.state = State::Failed(reason);
                return Ok(());
            };
            // What ends a process at once may be there for a while yet.
            self.meanwhile(self.report.generation + 1, sleep(pause)).await?;
            self.report.trace = vec![Step::begin(1, "clean up").done()];
        }
    }

    /// Does `work` while no process is attended to. What is asked meanwhile is answered: `coming` is the generation that
    /// listens next. Where the owner lets go, `work` is dropped at once.
    async fn meanwhile<T>(
        &mut self,
        coming: u32,
        work: impl Future<Output = T>,
    ) -> Result<T, Released> {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                command = self.inbox.recv() => match command.ok_or(Released)? {
                    Command::Start { reply, .. } => {
                        drop(reply.send(Err(StartError::WrongState(self.name()))));
                    }
                    Command::Confirm { .. } => {}
                    Command::Paused { kinds, reply } => {
                        for track in &mut self.tracks {
                            track.paused = kinds.contains(&track.kind);
                        }
                        // The coming process listens first.
                        _ = reply.send(coming);
                    }
                },
            }
        }
    }

    async fn started(&mut self) -> Result<oneshot::Sender<Result<u32, StartError>>, Released> {
        let lapses = Instant::now() + LEASE;
        loop {
            tokio::select! {
                command = self.inbox.recv() => match command.ok_or(Released)? {
                    Command::Start { tracks, reply } => {
                        self.tracks = tracks;
                        return Ok(reply);
                    }
                    Command::Confirm { .. } => {}
                    // Its tracks are described when it is started.
                    Command::Paused { reply, .. } => drop(reply.send(self.report.generation)),
                },
                () = sleep_until(lapses) => {
                    tracing::info!(input = %self.id, "lease lapsed: nobody started the input");
                    return Err(Released);
                }
            }
        }
    }

    /// Steps 5 and 6.
    async fn climb(&mut self) -> Result<Result<Ingest, StartError>, Released> {
        self.report.generation += 1;
        self.report.state = State::StartingUp;
        self.tell().await;
        let generation = self.report.generation;

        let step = Step::begin(5, "sdp written");
        let (described, jobs) = (self.describe(), Arc::clone(&self.config.sdp_jobs));
        let writing = async move {
            let (path, content) = described?;
            sdp_file::write(&jobs, path, content).await
        };
        let path = match self.meanwhile(generation, writing).await? {
            Ok(path) => path,
            Err(log) => {
                let error = StartError::Ffmpeg { input: self.name(), log };
                return Ok(Err(self.fail(step, error)));
            }
        };
        self.report.trace.push(step.done());

        let step = Step::begin(6, "ffmpeg listening");
        let listening = Listening {
            id: self.id.clone(),
            generation,
            config: self.config.clone(),
            ip: self.leases[0].1.ip(),
            ports: self.leases.iter().flat_map(|(_, pair)| [pair.rtp(), pair.rtcp()]).collect(),
            kinds: self.tracks.iter().map(|track| track.kind).collect(),
            progress: Arc::clone(&self.progress),
        };
        let mut running = match self.meanwhile(generation, listening.spawn(&path)).await? {
            Ok(running) => running,
            Err(error) => return Ok(Err(self.fail(step, error))),
        };
        let bound = self.meanwhile(generation, listening.bound(&mut running.process)).await;
        match bound {
            Ok(Ok(())) => {
                self.report.trace.push(step.done());
                self.report.pid = running.process.pid();
                Ok(Ok(running))
            }
            // It is dead and reaped before the next binds its ports, and before they are given back.
            Ok(Err(error)) => {
                running.process.kill().await;
                Ok(Err(self.fail(step, error)))
            }
            Err(released) => {
                running.process.kill().await;
                Err(released)
            }
        }
    }

    fn fail(&mut self, step: Running, error: StartError) -> StartError {
        self.report.trace.push(step.failed(&error));
        error
    }

    /// The SDP file and what is to be in it.
    fn describe(&self) -> Result<(PathBuf, String), String> {
        let path = self.sdp_path().ok_or("its id is no file name")?;
        let content = sdp_file::content(&self.leases, &self.tracks).ok_or("it has no track")?;
        Ok((path, content))
    }

    fn sdp_path(&self) -> Option<PathBuf> {
        sdp_file::path(&self.config.dir, &self.id)
    }

    pub(super) fn name(&self) -> String {
        self.id.to_string()
    }

    pub(super) async fn tell(&self) {
        tracing::debug!(input = %self.id, state = ?self.report.state, generation = self.report.generation, "input");
        let event = InputEvent { input: self.id.clone(), report: self.report.clone() };
        // Without a broadcast there is nobody to tell, and the inbox is about to close.
        drop(self.events.send(event).await);
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, net::Ipv4Addr, os::unix::fs::PermissionsExt as _};

    use daemon::cpus::CpuList;
    use tokio::{sync::Semaphore, time::timeout};

    use super::*;
    use crate::{
        ingest::{Input, SDP_JOBS, sdp::tests::vp8},
        ports::{Ports, Usage},
        process::{self, Launcher},
    };

    #[tokio::test(flavor = "multi_thread")]
    async fn while_it_climbs_a_pause_is_answered_and_a_stop_leaves_no_process_behind() {
        let dir = tempfile::tempdir().expect("a directory");
        // It says who it is, and never binds a port.
        let (ffmpeg, told) = (dir.path().join("ffmpeg"), dir.path().join("pid"));
        let script = format!(
            "#!/bin/sh\necho $$ > {0}.new && mv {0}.new {0}\nexec sleep 1000\n",
            told.display()
        );
        fs::write(&ffmpeg, script).expect("writable");
        fs::set_permissions(&ffmpeg, fs::Permissions::from_mode(0o755)).expect("a program");
        let ports = Ports::start(Ipv4Addr::LOCALHOST.into(), "23530-23531".parse().expect("ports"));
        let pair = ports.lease(1).await.expect("a lease").pop().expect("a pair");
        let (media, _arriving) = mpsc::channel(1);
        let (events, _reports) = mpsc::channel(16);
        let config = IngestConfig {
            launcher: Launcher::start().expect("a launcher"),
            ffmpeg: ffmpeg.into(),
            cpu: CpuList::allowed().expect("cores").iter().next().expect("a core"),
            fps: 15,
            dir: dir.path().into(),
            sdp_jobs: Arc::new(Semaphore::new(SDP_JOBS)),
            media,
        };
        let reserved = Step::begin(2, "ports reserved").done();
        let leases = vec![(Kind::Video, pair)];
        let input = Input::reserve("one".into(), "ada".into(), 0, leases, reserved, config, events);
        let started = input.start(vec![vp8(7)]);
        let telling = async {
            loop {
                match fs::read_to_string(&told) {
                    Ok(pid) => return pid.trim().parse().expect("a process id"),
                    Err(_) => sleep(Duration::from_millis(10)).await,
                }
            }
        };
        let pid: u32 = timeout(Duration::from_secs(20), telling).await.expect("it starts");

        assert_eq!(input.set_paused(vec![Kind::Video]).await, Ok(1), "the one that climbs");
        input.stop().await;
        assert!(started.await.is_err(), "the climb came to no end of its own");
        assert_eq!(process::activity(pid), None, "it is dead and reaped");
        assert_eq!(ports.usage().await, Usage { leased: 0, quarantined: 1 });
    }
}
