//! mediasoup's workers: one thread and one shared media port each; new rooms go to the least loaded that answers.
//!
//! ```text
//! Running ──died─────────────────▶ Lost ──next room──▶ Starting ──▶ Running, a new thread
//!    └─────given up by an operator (its rooms end)────────┘
//! ```
//!
//! A worker may hang, and whoever asks it then waits for ever. So the pool asks none: what it is asked it answers from what
//! it knows, and starts, and all that is asked of workers, run beside it, each with a deadline.

use std::{net::IpAddr, sync::Arc, time::Duration};

use daemon::cpus::CpuList;
use futures_util::future::join_all;
use mediasoup::prelude::*;
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::media::{
    codecs,
    dump::{self, Contents},
    pool::{self, Assigned, Berth, Look, PoolRequest},
    running::{self, Running},
};

/// How long a room may wait for a worker that starts.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a worker may take to open a room: there is time for another one before whoever asks gives up.
const OPENS_WITHIN: Duration = Duration::from_millis(2500);

/// Bytes that may wait in each direction: everybody's media comes by one socket, and the kernel's default loses packets of
/// all of them when the worker waits 60 ms for a core. More than net.core.rmem_max the kernel does not give.
pub const UDP_BUFFER: u32 = 4 << 20;

/// What the workers need to know.
#[derive(Clone, Debug)]
pub struct WorkerConfig {
    /// How many run.
    pub count: usize,
    /// The cores they share.
    pub cpus: CpuList,
    /// Where media arrives.
    pub listen_ip: IpAddr,
    /// What browsers are told instead of `listen_ip`.
    pub announced: Arc<[String]>,
    /// Port of the first worker.
    pub first_port: u16,
}

/// Why the workers cannot run, or a room cannot be placed.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The worker thread did not come up.
    #[error("mediasoup worker {index} did not start: {source}")]
    Start {
        /// Counted from 0.
        index: usize,
        /// What mediasoup said.
        source: std::io::Error,
    },
    /// Its port is taken.
    #[error(
        "media port {port} (UDP and TCP) on {ip} cannot be used: {reason}; choose others with --rtc-port or --rtc-listen-ip"
    )]
    Port {
        /// The address.
        ip: IpAddr,
        /// The port.
        port: u16,
        /// What mediasoup said.
        reason: String,
    },
    /// No worker is left.
    #[error("every media worker has died, and no new one starts; the log says why")]
    NoneLeft,
    /// The worker does not answer.
    #[error("media worker {0} does not answer")]
    Silent(usize),
    /// It is up in a moment, or fails.
    #[error("media worker {0} starts already; ask again in a moment")]
    Starting(usize),
    /// Its start ended by a panic.
    #[error("media worker {0} did not start, by a fault of the server: the log says where")]
    Fault(usize),
    /// There is no such worker.
    #[error("there is no media worker {0}")]
    Unknown(usize),
    /// The worker refused the room.
    #[error("the media worker cannot open a room: {0}")]
    Router(String),
}

/// Where a room lives. Dropping it frees its place on the worker.
#[derive(Clone, Debug)]
pub struct Placement {
    /// The room's router.
    pub router: Router,
    /// The shared port of its worker.
    pub webrtc_server: WebRtcServer,
    /// Every address browsers are told; the first is mediasoup's own.
    pub announced: Arc<[String]>,
    /// Cancelled when the worker is lost: everything on it is.
    pub lost: CancellationToken,
    /// Counts the room on its worker as long as any clone lives.
    _berth: Arc<Berth>,
}

/// The pool's handle; clones talk to the same pool. Dropping the last ends the workers once their rooms are gone.
#[derive(Clone, Debug)]
pub struct Workers {
    requests: mpsc::Sender<PoolRequest>,
}

impl Workers {
    /// Starts all workers. Fails when one cannot start or its port is taken.
    pub async fn start(config: WorkerConfig) -> Result<Self, WorkerError> {
        let requests = pool::start(config).await?;
        Ok(Self { requests })
    }

    /// Opens a router on the least-loaded worker that answers; on another one, if it has just ceased to.
    pub async fn place_room(&self) -> Result<Placement, WorkerError> {
        match self.place_besides(None).await {
            Err(WorkerError::Silent(index)) => self.place_besides(Some(index)).await,
            placed => placed,
        }
    }

    async fn place_besides(&self, besides: Option<usize>) -> Result<Placement, WorkerError> {
        let place = self.ask(|reply| PoolRequest::Place { besides, reply });
        let assigned = timeout(PATIENCE, place).await.map_err(|_| WorkerError::NoneLeft)???;
        let Assigned { index, worker, webrtc_server, announced, lost, berth } = assigned;
        // In a task, so that a router that comes too late is dropped: the worker would keep one that nobody waits for.
        let making = tokio::spawn(async move {
            worker.create_router(RouterOptions::new(codecs::router_codecs())).await
        });
        let router = timeout(OPENS_WITHIN, making)
            .await
            .map_err(|_| WorkerError::Silent(index))?
            .map_err(|panic| {
                tracing::error!(worker = index, "opening a router: {panic}");
                WorkerError::Router("a fault of the server; its log says where".into())
            })?
            .map_err(|error| WorkerError::Router(error.to_string()))?;
        let died = lost.clone();
        router.on_worker_close(move || died.cancel()).detach();
        let router = berth.router.get_or_init(|| router).clone();
        Ok(Placement { router, webrtc_server, announced, lost, _berth: berth })
    }

    /// Gives a worker up: its rooms end with `worker_lost`, their peers come back to another, and a new worker takes its
    /// place and its port. One that hangs keeps its port: then the new one takes the spare, [`running::spare_port`].
    ///
    /// # Errors
    /// There is no such worker, or the new one does not start.
    pub async fn replace(&self, index: usize) -> Result<(), WorkerError> {
        self.ask(|reply| PoolRequest::Replace { index, reply }).await?
    }

    /// What every worker holds that answers, as mediasoup itself sees it, and which do not.
    pub async fn dump(&self) -> Contents {
        let looks = self.ask(PoolRequest::Look).await.unwrap_or_default();
        let asked = looks.into_iter().map(|Look { index, running, routers }| async move {
            // Whoever is known to hang is not asked again: what waits for it would pile up.
            let running = running.filter(|running| running.answers())?;
            let Running { worker, webrtc_server, .. } = &*running;
            let asked = dump::worker(index, worker, webrtc_server, &routers);
            timeout(running::ANSWERS_WITHIN, asked).await.ok().flatten()
        });
        let mut contents = Contents::default();
        for (index, answered) in join_all(asked).await.into_iter().enumerate() {
            match answered {
                Some(worker) => contents.workers.push(worker),
                None => contents.silent.push(index),
            }
        }
        contents
    }

    /// Waits until the pool's task has ended, which only a fault of the server makes it do while somebody can ask it.
    pub async fn ended(&self) {
        self.requests.closed().await;
    }

    /// Has the pool end by a panic.
    #[cfg(test)]
    pub async fn panic(&self) {
        self.requests.send(PoolRequest::Panic).await.expect("a pool");
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> PoolRequest,
    ) -> Result<T, WorkerError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.map_err(|_| WorkerError::NoneLeft)?;
        answer.await.map_err(|_| WorkerError::NoneLeft)
    }
}
