//! mediasoup's workers: one thread and one shared media port each; new rooms go to the least loaded.

use std::{
    net::IpAddr,
    sync::{Arc, Weak},
};

use daemon::cpus::CpuList;
use mediasoup::{
    prelude::*,
    worker::{WorkerLogLevel, WorkerLogTag},
};
use tokio::sync::{mpsc, oneshot};

use crate::media::{
    codecs,
    dump::{self, WorkerContents},
    transports::listen_info,
};

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
    #[error("every media worker has died; the server restarts them only with itself")]
    NoneLeft,
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
    /// Counts the room on its worker as long as any clone lives.
    _seat: Arc<Seat>,
}

/// A room's place on a worker. The pool looks at it and never keeps it alive.
#[derive(Debug)]
struct Seat {
    router: Router,
}

/// The pool's handle; clones talk to the same pool. Dropping the last ends the workers once their rooms are gone.
#[derive(Clone, Debug)]
pub struct Workers {
    requests: mpsc::Sender<PoolRequest>,
}

enum PoolRequest {
    Place(oneshot::Sender<Result<Placement, WorkerError>>),
    Dump(oneshot::Sender<Vec<WorkerContents>>),
}

struct Slot {
    worker: Worker,
    webrtc_server: WebRtcServer,
    seats: Vec<Weak<Seat>>,
}

impl Slot {
    fn rooms(&self) -> usize {
        self.seats.iter().filter(|seat| seat.strong_count() > 0).count()
    }
}

impl Workers {
    /// Starts all workers. Fails when one cannot start or its port is taken.
    pub async fn start(config: WorkerConfig) -> Result<Self, WorkerError> {
        let manager = WorkerManager::new();
        let mut slots = Vec::with_capacity(config.count);
        for index in 0..config.count {
            slots.push(start_worker(&manager, &config, index).await?);
        }
        let (requests, inbox) = mpsc::channel(64);
        tokio::spawn(run_pool(slots, config.announced, inbox));
        Ok(Self { requests })
    }

    /// Opens a router on the least-loaded worker.
    pub async fn place_room(&self) -> Result<Placement, WorkerError> {
        let (reply, answer) = oneshot::channel();
        let request = PoolRequest::Place(reply);
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
) -> Result<Slot, WorkerError> {
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
    let infos = WebRtcServerListenInfos::new(socket(Protocol::Udp)).insert(socket(Protocol::Tcp));
    let webrtc_server =
        worker.create_webrtc_server(WebRtcServerOptions::new(infos)).await.map_err(|error| {
            WorkerError::Port { ip: config.listen_ip, port, reason: error.to_string() }
        })?;
    tracing::info!(worker = index, ip = %config.listen_ip, port, "media worker started");
    Ok(Slot { worker, webrtc_server, seats: Vec::new() })
}

async fn run_pool(
    mut slots: Vec<Slot>,
    announced: Arc<[String]>,
    mut inbox: mpsc::Receiver<PoolRequest>,
) {
    while let Some(request) = inbox.recv().await {
        // The asker may have disconnected meanwhile; then its answer, a placement included, is released here.
        match request {
            PoolRequest::Place(reply) => drop(reply.send(place_room(&mut slots, &announced).await)),
            PoolRequest::Dump(reply) => drop(reply.send(contents(&slots).await)),
        }
    }
}

async fn place_room(
    slots: &mut [Slot],
    announced: &Arc<[String]>,
) -> Result<Placement, WorkerError> {
    let living = slots.iter_mut().filter(|slot| !slot.worker.closed());
    let slot = living.min_by_key(|slot| slot.rooms()).ok_or(WorkerError::NoneLeft)?;
    let router = slot
        .worker
        .create_router(RouterOptions::new(codecs::router_codecs()))
        .await
        .map_err(|error| WorkerError::Router(error.to_string()))?;
    let seat = Arc::new(Seat { router: router.clone() });
    slot.seats.retain(|seat| seat.strong_count() > 0);
    slot.seats.push(Arc::downgrade(&seat));
    Ok(Placement {
        router,
        webrtc_server: slot.webrtc_server.clone(),
        announced: Arc::clone(announced),
        _seat: seat,
    })
}

async fn contents(slots: &[Slot]) -> Vec<WorkerContents> {
    let mut workers = Vec::with_capacity(slots.len());
    for (index, slot) in slots.iter().enumerate() {
        let seats = slot.seats.iter().filter_map(Weak::upgrade);
        let routers: Vec<Router> = seats.map(|seat| seat.router.clone()).collect();
        workers.extend(dump::worker(index, &slot.worker, &slot.webrtc_server, &routers).await);
    }
    workers
}
