//! The task of one input: it owns the leases, the SDP and the FFmpeg, and starts the FFmpeg anew when it must.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    fs,
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until, timeout},
};

use super::{
    health::Respawns,
    input::{Command, IngestConfig},
    listening::{self, Ingest, Listening},
    media::{InputId, Progress},
    report::{InputEvent, Report, StartError, State},
    sdp::{Kind, Track},
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
            // It may be gone with its directory; a disk that hangs keeps a thread, not this task.
            drop(timeout(listening::WRITE, fs::remove_file(path)).await);
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
            let climbed = self.climb().await;
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
            self.rest(pause).await?;
            self.report.trace = vec![Step::begin(1, "clean up").done()];
        }
    }

    /// What ends a process at once may be there for a while yet.
    async fn rest(&mut self, pause: Duration) -> Result<(), Released> {
        let over = Instant::now() + pause;
        loop {
            tokio::select! {
                biased;
                () = sleep_until(over) => return Ok(()),
                command = self.inbox.recv() => match command.ok_or(Released)? {
                    Command::Start { reply, .. } => {
                        drop(reply.send(Err(StartError::WrongState(self.name()))));
                    }
                    Command::Confirm { .. } => {}
                    Command::Paused { kinds, reply } => {
                        for track in &mut self.tracks {
                            track.paused = kinds.contains(&track.kind);
                        }
                        // The next process listens first.
                        _ = reply.send(self.report.generation + 1);
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
    async fn climb(&mut self) -> Result<Ingest, StartError> {
        self.report.generation += 1;
        self.report.state = State::StartingUp;
        self.tell().await;

        let step = Step::begin(5, "sdp written");
        let path = match self.write_sdp().await {
            Ok(path) => path,
            Err(log) => return Err(self.fail(step, StartError::Ffmpeg { input: self.name(), log })),
        };
        self.report.trace.push(step.done());

        let step = Step::begin(6, "ffmpeg listening");
        let listening = Listening {
            id: &self.id,
            generation: self.report.generation,
            config: &self.config,
            leases: &self.leases,
            kinds: self.tracks.iter().map(|track| track.kind).collect(),
            progress: &self.progress,
        };
        match listening.begin(&path).await {
            Ok(running) => {
                self.report.trace.push(step.done());
                self.report.pid = running.process.pid();
                Ok(running)
            }
            Err(error) => Err(self.fail(step, error)),
        }
    }

    fn fail(&mut self, step: Running, error: StartError) -> StartError {
        self.report.trace.push(step.failed(&error));
        error
    }

    async fn write_sdp(&self) -> Result<PathBuf, String> {
        let path = self.sdp_path().ok_or("its id is no file name")?;
        listening::write_sdp(&path, &self.leases, &self.tracks).await?;
        Ok(path)
    }

    fn sdp_path(&self) -> Option<PathBuf> {
        listening::sdp_path(&self.config.dir, &self.id)
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
