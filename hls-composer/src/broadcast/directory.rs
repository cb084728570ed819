//! The directory as its callers see it: finds and makes broadcasts.

use std::{ffi::OsString, path::PathBuf, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::{BroadcastError, Handle, keeper::Keeper};
use crate::{cores, cores::Loads, http::Rooms, packager::Address, ports::Ports, process::Launcher};

/// Requests that may wait for the directory.
const MAILBOX: usize = 256;

/// What broadcasts are made of.
#[derive(Clone, Debug)]
pub struct DirectoryConfig {
    /// Where media is kept, a directory per broadcast.
    pub data_dir: PathBuf,
    /// Where SDP files are kept; emptied with the process.
    pub sdp_dir: PathBuf,
    /// The FFmpeg.
    pub ffmpeg: OsString,
    /// The cores broadcasts share.
    pub cpus: Vec<usize>,
    /// Percent of a core that may be used.
    pub cpu_budget: u32,
    /// Broadcasts at the same time.
    pub max_broadcasts: usize,
    /// Inputs of one broadcast.
    pub max_inputs: usize,
    /// Ticks per second.
    pub fps: u32,
    /// Origin of playlist URLs; empty for relative ones.
    pub public_url: String,
    /// How long a broadcast without a claim lives.
    pub claim_grace: Duration,
    /// How long an ended playlist stays.
    pub keep: Duration,
    /// How far back the DVR playlist reaches; zero for none.
    pub dvr: Duration,
    /// Forks FFmpegs.
    pub launcher: Launcher,
    /// Where inputs get their ports.
    pub ports: Ports,
}

/// Finds and makes broadcasts. Clones reach the same directory.
#[derive(Clone, Debug)]
pub struct Directory {
    requests: mpsc::Sender<Request>,
    /// What the HTTP listener serves.
    pub rooms: watch::Receiver<Arc<Rooms>>,
}

#[derive(Debug)]
pub(super) enum Request {
    Find {
        room: String,
        reply: oneshot::Sender<Result<Handle, BroadcastError>>,
    },
    List(oneshot::Sender<Vec<Handle>>),
    Ensure {
        room: String,
        address: Option<Address>,
        epoch: u64,
        reply: oneshot::Sender<Result<Handle, BroadcastError>>,
    },
    Suspend(oneshot::Sender<()>),
    #[cfg(test)]
    Poison,
}

impl Directory {
    /// Starts the directory and every unfinished broadcast of a former process: clock, encoder and slate run before any
    /// claim returns. The task ends when all is suspended; if it ends before, nothing can be found or made any more, and
    /// the process must end as well.
    pub async fn start(config: DirectoryConfig) -> (Self, JoinHandle<()>) {
        let (requests, inbox) = mpsc::channel(MAILBOX);
        let (publisher, rooms) = watch::channel(Arc::default());
        let (metered, loads) = watch::channel(Loads::new());
        let metering = cores::measure(config.launcher.thread(), config.cpus.clone(), metered);
        let mut keeper = Keeper::new(config, publisher, loads, tokio::spawn(metering));
        keeper.recover().await;
        (Self { requests, rooms }, tokio::spawn(keeper.run(inbox)))
    }

    /// The room's broadcast.
    pub async fn find(&self, room: &str) -> Result<Handle, BroadcastError> {
        self.ask(|reply| Request::Find { room: room.into(), reply }).await?
    }

    /// Every broadcast.
    pub async fn list(&self) -> Vec<Handle> {
        self.ask(Request::List).await.unwrap_or_default()
    }

    /// The room's broadcast, for the attempt `epoch`; a new one when there is none, it has ended, or viewers know it by
    /// another name.
    ///
    /// # Errors
    /// A newer attempt has asked for it, or there is no place for another.
    pub async fn ensure(
        &self,
        room: &str,
        address: Option<Address>,
        epoch: u64,
    ) -> Result<Handle, BroadcastError> {
        self.ask(|reply| Request::Ensure { room: room.into(), address, epoch, reply }).await?
    }

    /// SIGTERM: no new broadcasts, all open ones are saved and left open.
    pub async fn suspend(&self) {
        if self.ask(Request::Suspend).await.is_err() {
            tracing::debug!("the directory was gone already");
        }
    }

    /// The directory's task panics.
    #[cfg(test)]
    pub async fn poison(&self) {
        self.requests.send(Request::Poison).await.expect("a directory that runs");
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, BroadcastError> {
        let (reply, answer) = oneshot::channel();
        let gone = |_| BroadcastError::ShuttingDown;
        self.requests.send(request(reply)).await.map_err(|_| BroadcastError::ShuttingDown)?;
        answer.await.map_err(gone)
    }
}
