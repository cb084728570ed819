//! mediasoup's workers: one thread and one shared media port each; new rooms go to the least loaded.
//!
//! ```text
//! Running ──died, or given up by an operator──▶ Lost (its rooms end) ──next room, or at once──▶ Running, a new thread
//! ```

use std::{
    convert::Infallible,
    net::IpAddr,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use backon::{ExponentialBuilder, Retryable as _};
use daemon::cpus::CpuList;
use futures_util::future::join_all;
use mediasoup::{
    prelude::*,
    worker::{WorkerLogLevel, WorkerLogTag},
};
use tokio::{
    sync::{mpsc, oneshot},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::media::{
    codecs,
    dump::{self, WorkerContents},
    transports::listen_info,
};

/// How long a worker may take to open a room, and all rooms to leave a worker.
const PATIENCE: Duration = Duration::from_secs(5);

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

/// A room's place on a worker. The pool looks at it and never keeps it alive.
#[derive(Debug)]
struct Berth {
    /// Of the room, as soon as there is one.
    router: OnceLock<Router>,
    _held: oneshot::Sender<Infallible>,
}

/// A place on a worker for a room that has no router yet.
struct Assigned {
    index: usize,
    worker: Worker,
    webrtc_server: WebRtcServer,
    announced: Arc<[String]>,
    lost: CancellationToken,
    berth: Arc<Berth>,
}

/// The pool's side of a berth.
struct Berthed {
    berth: Weak<Berth>,
    lost: CancellationToken,
    /// Ends with the berth.
    left: oneshot::Receiver<Infallible>,
}

/// The pool's handle; clones talk to the same pool. Dropping the last ends the workers once their rooms are gone.
#[derive(Clone, Debug)]
pub struct Workers {
    requests: mpsc::Sender<PoolRequest>,
}

enum PoolRequest {
    Place(oneshot::Sender<Result<Assigned, WorkerError>>),
    Dump(oneshot::Sender<Vec<WorkerContents>>),
    Replace { index: usize, reply: oneshot::Sender<Result<(), WorkerError>> },
}

struct Pool {
    manager: WorkerManager,
    config: WorkerConfig,
    slots: Vec<Slot>,
}

struct Slot {
    running: Option<Running>,
    rooms: Vec<Berthed>,
}

struct Running {
    worker: Worker,
    webrtc_server: WebRtcServer,
}

impl Slot {
    fn rooms(&self) -> usize {
        self.rooms.iter().filter(|room| room.berth.strong_count() > 0).count()
    }

    fn is_running(&self) -> bool {
        self.running.as_ref().is_some_and(|running| !running.worker.closed())
    }
}

impl Workers {
    /// Starts all workers. Fails when one cannot start or its port is taken.
    pub async fn start(config: WorkerConfig) -> Result<Self, WorkerError> {
        let manager = WorkerManager::new();
        let mut slots = Vec::with_capacity(config.count);
        for index in 0..config.count {
            let running = Some(start_worker(&manager, &config, index).await?);
            slots.push(Slot { running, rooms: Vec::new() });
        }
        let (requests, inbox) = mpsc::channel(64);
        tokio::spawn(Pool { manager, config, slots }.run(inbox));
        Ok(Self { requests })
    }

    /// Opens a router on the least-loaded worker.
    pub async fn place_room(&self) -> Result<Placement, WorkerError> {
        let (reply, answer) = oneshot::channel();
        let request = PoolRequest::Place(reply);
        self.requests.send(request).await.map_err(|_| WorkerError::NoneLeft)?;
        let assigned = answer.await.map_err(|_| WorkerError::NoneLeft)??;
        let Assigned { index, worker, webrtc_server, announced, lost, berth } = assigned;
        // Not by the pool: a hundred rooms at once are made at once. In a task, so that a router that comes too late is
        // dropped: the worker would keep one that nobody waits for.
        let making = tokio::spawn(async move {
            worker.create_router(RouterOptions::new(codecs::router_codecs())).await
        });
        let router = timeout(PATIENCE, making)
            .await
            .map_err(|_| WorkerError::Silent(index))?
            .map_err(|error| WorkerError::Router(error.to_string()))?
            .map_err(|error| WorkerError::Router(error.to_string()))?;
        let died = lost.clone();
        router.on_worker_close(move || died.cancel()).detach();
        let router = berth.router.get_or_init(|| router).clone();
        Ok(Placement { router, webrtc_server, announced, lost, _berth: berth })
    }

    /// Gives a worker up: its rooms end with `worker_lost`, their peers come back to another, and a new worker takes its
    /// place and its port.
    ///
    /// # Errors
    /// There is no such worker, or the new one does not start.
    pub async fn replace(&self, index: usize) -> Result<(), WorkerError> {
        let (reply, answer) = oneshot::channel();
        let request = PoolRequest::Replace { index, reply };
        self.requests.send(request).await.map_err(|_| WorkerError::NoneLeft)?;
        answer.await.map_err(|_| WorkerError::NoneLeft)?
    }

    /// What every living worker holds, as mediasoup itself sees it.
    pub async fn dump(&self) -> Vec<WorkerContents> {
        let (reply, answer) = oneshot::channel();
        if self.requests.send(PoolRequest::Dump(reply)).await.is_err() {
            return Vec::new();
        }
        answer.await.unwrap_or_default()
    }
}

async fn start_worker(
    manager: &WorkerManager,
    config: &WorkerConfig,
    index: usize,
) -> Result<Running, WorkerError> {
    let mut settings = WorkerSettings::default();
    settings.log_level = WorkerLogLevel::Warn;
    settings.log_tags = vec![WorkerLogTag::Info, WorkerLogTag::Ice, WorkerLogTag::Dtls];
    let cpus = config.cpus.clone();
    settings.thread_initializer = Some(Arc::new(move || {
        if let Err(error) = cpus.pin_this_thread() {
            tracing::warn!(%error, "a media worker runs unpinned");
        }
    }));
    let worker = manager
        .create_worker(settings)
        .await
        .map_err(|source| WorkerError::Start { index, source })?;
    worker
        .on_dead(move |outcome| tracing::error!(worker = index, ?outcome, "a media worker died"))
        .detach();

    let port = config.first_port.saturating_add(u16::try_from(index).unwrap_or(u16::MAX));
    let socket = |protocol| ListenInfo {
        port: Some(port),
        announced_address: config.announced.first().cloned(),
        ..listen_info(protocol, config.listen_ip)
    };
    let udp = ListenInfo {
        recv_buffer_size: Some(UDP_BUFFER),
        send_buffer_size: Some(UDP_BUFFER),
        ..socket(Protocol::Udp)
    };
    let infos = WebRtcServerListenInfos::new(udp).insert(socket(Protocol::Tcp));
    let webrtc_server =
        worker.create_webrtc_server(WebRtcServerOptions::new(infos)).await.map_err(|error| {
            WorkerError::Port { ip: config.listen_ip, port, reason: error.to_string() }
        })?;
    tracing::info!(worker = index, ip = %config.listen_ip, port, "media worker started");
    Ok(Running { worker, webrtc_server })
}

impl Pool {
    async fn run(mut self, mut inbox: mpsc::Receiver<PoolRequest>) {
        while let Some(request) = inbox.recv().await {
            // The asker may have disconnected meanwhile; then its answer, a placement included, is released here.
            match request {
                PoolRequest::Place(reply) => drop(reply.send(self.assign().await)),
                PoolRequest::Dump(reply) => drop(reply.send(self.contents().await)),
                PoolRequest::Replace { index, reply } => {
                    drop(reply.send(self.replace(index).await))
                }
            }
        }
    }

    async fn assign(&mut self) -> Result<Assigned, WorkerError> {
        self.revive().await;
        let living = self.slots.iter_mut().enumerate().filter(|(_, slot)| slot.is_running());
        let (index, slot) =
            living.min_by_key(|(_, slot)| slot.rooms()).ok_or(WorkerError::NoneLeft)?;
        let Some(Running { worker, webrtc_server }) = &slot.running else {
            return Err(WorkerError::NoneLeft);
        };
        let lost = CancellationToken::new();
        let (held, left) = oneshot::channel();
        let berth = Arc::new(Berth { router: OnceLock::new(), _held: held });
        slot.rooms.retain(|room| room.berth.strong_count() > 0);
        slot.rooms.push(Berthed { berth: Arc::downgrade(&berth), lost: lost.clone(), left });
        Ok(Assigned {
            index,
            worker: worker.clone(),
            webrtc_server: webrtc_server.clone(),
            announced: Arc::clone(&self.config.announced),
            lost,
            berth,
        })
    }

    /// Starts workers in place of those that died.
    async fn revive(&mut self) {
        for index in 0..self.slots.len() {
            if !self.slots[index].is_running()
                && let Err(error) = self.restart(index).await
            {
                tracing::error!(worker = index, %error, "a lost media worker is not replaced");
            }
        }
    }

    async fn replace(&mut self, index: usize) -> Result<(), WorkerError> {
        let slot = self.slots.get_mut(index).ok_or(WorkerError::Unknown(index))?;
        tracing::warn!(worker = index, rooms = slot.rooms(), "a media worker is given up");
        let rooms = std::mem::take(&mut slot.rooms);
        rooms.iter().for_each(|room| room.lost.cancel());
        // The worker ends with the last thing on it.
        let left = join_all(rooms.into_iter().map(|room| room.left));
        if timeout(PATIENCE, left).await.is_err() {
            tracing::warn!(worker = index, "not every room leaves its media worker");
        }
        self.restart(index).await
    }

    /// A new thread takes the port as soon as the former one has let go of it.
    async fn restart(&mut self, index: usize) -> Result<(), WorkerError> {
        self.slots[index].running = None;
        let start = || start_worker(&self.manager, &self.config, index);
        let is_taken = |error: &WorkerError| matches!(error, WorkerError::Port { .. });
        let pauses = ExponentialBuilder::default().with_min_delay(Duration::from_millis(20));
        let running = start.retry(pauses.with_max_times(7)).when(is_taken).await?;
        self.slots[index].running = Some(running);
        Ok(())
    }

    async fn contents(&self) -> Vec<WorkerContents> {
        let mut workers = Vec::with_capacity(self.slots.len());
        for (index, slot) in self.slots.iter().enumerate() {
            let Some(Running { worker, webrtc_server }) = &slot.running else { continue };
            let berths = slot.rooms.iter().filter_map(|room| room.berth.upgrade());
            let routers: Vec<Router> =
                berths.filter_map(|berth| berth.router.get().cloned()).collect();
            workers.extend(dump::worker(index, worker, webrtc_server, &routers).await);
        }
        workers
    }
}
