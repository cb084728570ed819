//! An input as its broadcast holds it.

use std::{ffi::OsString, path::PathBuf, sync::Arc};

use tokio::{
    sync::{Semaphore, mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::{
    media::{InputId, MediaSender, Progress},
    report::{InputEvent, Report, StartError},
    sdp::{Kind, Track},
    task::Task,
    trace::Step,
};
use crate::{ports::PortPair, process::Launcher};

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
    /// Those that may be written or removed at the same time, over all broadcasts.
    pub sdp_jobs: Arc<Semaphore>,
    /// The compositor.
    pub media: MediaSender,
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

/// What the input's task is told.
#[derive(Debug)]
pub(super) enum Command {
    Start { tracks: Vec<Track>, reply: oneshot::Sender<Result<u32, StartError>> },
    Confirm { generation: u32, steps: Vec<Step> },
    Paused { kinds: Vec<Kind>, reply: oneshot::Sender<u32> },
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
            report: Report::reserved(reserved),
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

    /// These tracks are paused now, and the others about to send. The answer is the generation to resume.
    pub fn set_paused(&self, kinds: Vec<Kind>) -> oneshot::Receiver<u32> {
        let (reply, answer) = oneshot::channel();
        drop(self.commands.send(Command::Paused { kinds, reply }));
        answer
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
