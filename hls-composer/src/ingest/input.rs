//! The task of one input: it owns the leases, the SDP and the FFmpeg, and heals the FFmpeg.

use std::{ffi::OsString, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    fs,
    sync::{mpsc, oneshot, watch},
    task::{JoinHandle, JoinSet},
    time::{Instant, interval, sleep_until, timeout},
};

use super::{
    command,
    health::{Respawns, SILENCE},
    media::{InputId, MediaSender, PipeEnd, Progress, Reader},
    sdp::{self, Kind, Track},
    trace::{Running, Step},
};
use crate::{
    ports::{PortPair, sockets},
    process::{self, Launcher, Process, Spawn},
};

/// A lease lapses unless the input is started within this.
const LEASE: Duration = Duration::from_secs(10);
/// A process binds its ports within this, or it is not going to.
const BIND: Duration = Duration::from_secs(5);
/// The SFU confirms a resume within this, or step 7 has failed.
const CONFIRM: Duration = Duration::from_secs(2);
/// The kernel does not tell when a port is bound; it is asked this often.
const POLL: Duration = Duration::from_millis(5);

/// What every input of a broadcast shares.
#[derive(Clone, Debug)]
pub struct IngestConfig {
    /// Forks FFmpegs.
    pub launcher: Launcher,
    /// The FFmpeg.
    pub ffmpeg: OsString,
    /// The broadcast's core.
    pub cpu: usize,
    /// Frames per second.
    pub fps: u32,
    /// Where SDP files are written.
    pub dir: PathBuf,
    /// The compositor.
    pub media: MediaSender,
}

/// Where an input is on the ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Ports leased.
    Reserved,
    /// SDP written, FFmpeg spawned.
    StartingUp,
    /// Every port bound; a resume of this generation is wanted.
    Listening,
    /// The resume is confirmed.
    Resumed,
    /// Media decoded.
    Active,
    /// Nothing arrives, which is no failure.
    Silent,
    /// Given up.
    Failed(String),
    /// Ended by its owner, or its lease lapsed.
    Stopped,
}

/// The whole state of one input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Where it is.
    pub state: State,
    /// Processes so far.
    pub generation: u32,
    /// The running one; 0 for none.
    pub pid: u32,
    /// The rungs of the latest climb.
    pub trace: Vec<Step>,
}

/// A report of one input.
#[derive(Debug)]
pub struct InputEvent {
    /// Whose.
    pub input: InputId,
    /// Its state now.
    pub report: Report,
}

/// Why an input did not start.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// Another process holds a leased port.
    #[error("input {input}: another process took a leased port: {log}")]
    PortTaken {
        /// The input.
        input: String,
        /// FFmpeg's last lines.
        log: String,
    },
    /// FFmpeg does not run.
    #[error("input {input}: FFmpeg did not start: {log}")]
    Ffmpeg {
        /// The input.
        input: String,
        /// FFmpeg's last lines, or the system's word.
        log: String,
    },
    /// Out of order: it was started before, or its lease lapsed.
    #[error("input {0} is not waiting to be started")]
    WrongState(String),
}

/// An input. Dropping it kills its FFmpeg and releases its ports.
#[derive(Debug)]
pub struct Input {
    /// Who is seen and heard.
    pub participant: String,
    /// The climb it answers.
    pub climb: u32,
    /// Its ports, for the status.
    pub ports: Vec<(Kind, u16)>,
    commands: mpsc::UnboundedSender<Command>,
    progress: watch::Receiver<Progress>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
enum Command {
    Start { tracks: Vec<Track>, reply: oneshot::Sender<Result<u32, StartError>> },
    Confirm { generation: u32, steps: Vec<Step> },
}

impl Input {
    /// Owns `leases` from now on and waits to be started. `reserved` is step 2, done.
    pub fn reserve(
        id: InputId,
        participant: String,
        climb: u32,
        leases: Vec<(Kind, PortPair)>,
        reserved: Step,
        config: IngestConfig,
        events: mpsc::Sender<InputEvent>,
    ) -> Self {
        let (commands, inbox) = mpsc::unbounded_channel();
        let (progress, watched) = watch::channel(Progress::default());
        let ports = leases.iter().map(|(kind, pair)| (*kind, pair.rtp())).collect();
        let task = Task {
            id,
            leases,
            config,
            events,
            inbox,
            progress: Arc::new(progress),
            tracks: vec![],
            report: Report { state: State::Reserved, generation: 0, pid: 0, trace: vec![reserved] },
        };
        Self {
            participant,
            climb,
            ports,
            commands,
            progress: watched,
            task: tokio::spawn(task.run()),
        }
    }

    /// Steps 5 and 6. The answer comes when every port is bound.
    pub fn start(&self, tracks: Vec<Track>) -> oneshot::Receiver<Result<u32, StartError>> {
        let (reply, answer) = oneshot::channel();
        // An ended task drops the reply, which the asker sees.
        drop(self.commands.send(Command::Start { tracks, reply }));
        answer
    }

    /// Step 7, as the SFU confirms it, with its own steps.
    pub fn confirm(&self, generation: u32, steps: Vec<Step>) {
        drop(self.commands.send(Command::Confirm { generation, steps }));
    }

    /// Frames decoded by the running process.
    pub fn frames(&self) -> u64 {
        self.progress.borrow().frames
    }

    /// Step 1: the process is dead and reaped, then the ports are on their way to quarantine.
    pub async fn stop(self) {
        drop(self.commands);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "an input's task ended badly");
        }
    }
}

struct Task {
    id: InputId,
    leases: Vec<(Kind, PortPair)>,
    config: IngestConfig,
    events: mpsc::Sender<InputEvent>,
    inbox: mpsc::UnboundedReceiver<Command>,
    progress: Arc<watch::Sender<Progress>>,
    tracks: Vec<Track>,
    report: Report,
}

/// The owner let go of the input.
struct Released;

/// One running FFmpeg and the readers of its pipes.
struct Ingest {
    process: Process,
    readers: JoinSet<PipeEnd>,
}

/// How a generation ended.
enum End {
    Released,
    Sick(String),
}

impl Task {
    async fn run(mut self) {
        self.tell().await;
        if self.live().await.is_err() {
            self.report.state = State::Stopped;
        }
        self.report.pid = 0;
        self.tell().await;
        if let Some(path) = self.sdp_path().filter(|_| !self.tracks.is_empty()) {
            // It may be gone with its directory.
            drop(fs::remove_file(path).await);
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
            };
            tracing::warn!(input = %self.id, generation = self.report.generation, %reason, "ingest ended");
            if !respawns.spend(Instant::now()) {
                tracing::error!(input = %self.id, "ingest given up after 3 respawns in a minute");
                self.report.state = State::Failed(reason);
                return Ok(());
            }
            self.report.trace = vec![Step::begin(1, "clean up").done()];
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
        match self.listen(path).await {
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
        let ported: Vec<(u16, Track)> = self
            .leases
            .iter()
            .filter_map(|(kind, pair)| {
                let track = self.tracks.iter().find(|track| track.kind == *kind)?;
                Some((pair.rtp(), track.clone()))
            })
            .collect();
        let ip = self.leases.first().map(|(_, pair)| pair.ip()).ok_or("it has no track")?;
        let written = async {
            fs::create_dir_all(&self.config.dir).await?;
            fs::write(&path, sdp::write(ip, &ported)).await
        };
        written.await.map_err(|error| format!("{} cannot be written: {error}", path.display()))?;
        Ok(path)
    }

    fn sdp_path(&self) -> Option<PathBuf> {
        let id = &*self.id;
        let safe = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        safe.then(|| self.config.dir.join(format!("{id}.sdp")))
    }

    async fn listen(&self, sdp: PathBuf) -> Result<Ingest, StartError> {
        let failed = |log: String| StartError::Ffmpeg { input: self.name(), log };
        let ip = self.leases[0].1.ip();
        let kinds: Vec<Kind> = self.tracks.iter().map(|track| track.kind).collect();
        let mut pipes = vec![];
        let mut sources = vec![];
        for kind in &kinds {
            let fd = match kind {
                Kind::Video => command::VIDEO_FD,
                Kind::Audio => command::AUDIO_FD,
            };
            let (source, end) = process::output(fd).map_err(|error| failed(error.to_string()))?;
            sources.push((*kind, source));
            pipes.push(end);
        }
        let spawn = Spawn {
            program: self.config.ffmpeg.clone(),
            args: command::args(&sdp, ip, &kinds, self.config.fps),
            cpu: self.config.cpu,
            pipes,
        };
        let spawned = Instant::now();
        let mut process =
            self.config.launcher.spawn(spawn).await.map_err(|error| failed(error.to_string()))?;
        self.progress.send_replace(Progress::default());
        let reader = Reader {
            input: self.id.clone(),
            generation: self.report.generation,
            fps: self.config.fps,
            spawned,
            media: self.config.media.clone(),
            progress: Arc::clone(&self.progress),
        };
        let mut readers = JoinSet::new();
        for (kind, source) in sources {
            let reader = reader.clone();
            match kind {
                Kind::Video => readers.spawn(reader.frames(source)),
                Kind::Audio => readers.spawn(reader.samples(source)),
            };
        }

        let ports: Vec<u16> =
            self.leases.iter().flat_map(|(_, pair)| [pair.rtp(), pair.rtcp()]).collect();
        let pid = process.pid();
        let bound = async {
            let mut poll = interval(POLL);
            while !sockets::has_bound(pid, ip, &ports) {
                poll.tick().await;
            }
        };
        let bound = tokio::select! {
            bound = timeout(BIND, bound) => bound.is_ok(),
            exit = process.exited() => {
                let log = exit.to_string();
                return Err(if log.contains("Address already in use") {
                    StartError::PortTaken { input: self.name(), log }
                } else {
                    failed(log)
                });
            }
        };
        if bound {
            Ok(Ingest { process, readers })
        } else {
            Err(failed(format!("its ports are not bound after {BIND:?}: {}", process.log())))
        }
    }

    /// Steps 7 and 8, then watches until something ends.
    async fn attend(&mut self, running: &mut Ingest) -> End {
        self.report.state = State::Listening;
        self.tell().await;
        let mut progress = self.progress.subscribe();
        let mut step7 = Some(Step::begin(7, "resumed"));
        let mut step8 = None;
        let mut confirm_due = Some(Instant::now() + CONFIRM);
        loop {
            let silence_due = progress.borrow().last.map(|last| last + SILENCE);
            tokio::select! {
                command = self.inbox.recv() => match command {
                    None => return End::Released,
                    Some(Command::Start { reply, .. }) => {
                        drop(reply.send(Err(StartError::WrongState(self.name()))));
                    }
                    Some(Command::Confirm { generation, steps }) => {
                        if generation != self.report.generation || self.report.state != State::Listening {
                            continue;
                        }
                        self.confirmed(steps, step7.take());
                        confirm_due = None;
                        step8 = Some(Step::begin(8, "active"));
                        self.report.state = State::Resumed;
                        self.become_active(&mut step8);
                        self.tell().await;
                    }
                },
                changed = progress.changed() => {
                    if changed.is_ok() && self.become_active(&mut step8) {
                        self.tell().await;
                    }
                }
                () = at(confirm_due) => {
                    confirm_due = None;
                    if let Some(step) = step7.take() {
                        self.report.trace.push(step.failed("the SFU did not confirm within 2 s"));
                        self.tell().await;
                    }
                }
                () = at(silence_due), if self.report.state == State::Active => {
                    self.report.state = State::Silent;
                    self.tell().await;
                }
                exit = running.process.exited() => return End::Sick(exit.to_string()),
                Some(Ok(PipeEnd::TimeJump)) = running.readers.join_next() => {
                    return End::Sick("timestamps jumped: more media than time".into());
                }
            }
        }
    }

    fn confirmed(&mut self, steps: Vec<Step>, own: Option<Running>) {
        let trace = &mut self.report.trace;
        match steps.iter().any(|step| step.number == 7) {
            // The SFU's own account of step 7 is the better one.
            true => trace.retain(|step| step.number != 7),
            false => trace.extend(own.map(Running::done)),
        }
        let known: Vec<u32> = trace.iter().map(|step| step.number).collect();
        trace.extend(steps.into_iter().filter(|step| !known.contains(&step.number)));
        trace.sort_by_key(|step| step.number);
    }

    /// Step 8: a decoded frame of an unpaused video; without one, PCM; with everything paused, the confirmed resume.
    /// Says whether the state changed.
    fn become_active(&mut self, step8: &mut Option<Running>) -> bool {
        let Progress { frames, samples, last } = *self.progress.borrow();
        let flows = |kind| self.tracks.iter().any(|track| track.kind == kind && !track.paused);
        let reached = if flows(Kind::Video) {
            frames > 0
        } else if flows(Kind::Audio) {
            samples > 0
        } else {
            true
        };
        let alive = last.is_none_or(|last| last.elapsed() < SILENCE);
        match self.report.state {
            State::Resumed if reached => {
                self.report.trace.extend(step8.take().map(Running::done));
                self.report.state = State::Active;
                true
            }
            State::Silent if alive => {
                self.report.state = State::Active;
                true
            }
            _ => false,
        }
    }

    fn name(&self) -> String {
        self.id.to_string()
    }

    async fn tell(&self) {
        tracing::debug!(input = %self.id, state = ?self.report.state, generation = self.report.generation, "input");
        let event = InputEvent { input: self.id.clone(), report: self.report.clone() };
        // Without a broadcast there is nobody to tell, and the inbox is about to close.
        drop(self.events.send(event).await);
    }
}

/// The instant, or never.
async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
