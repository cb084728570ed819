//! mediasoup's workers: one thread and one shared media port each; new rooms go to the least loaded.

use std::{net::IpAddr, sync::Arc};

use daemon::cpus::CpuList;
use mediasoup::{
    prelude::*,
    worker::{WorkerLogLevel, WorkerLogTag},
};
use tokio::sync::{mpsc, oneshot};

use crate::media::{codecs, transports::listen_info};

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

#[derive(Debug)]
struct Seat;

/// The pool's handle; clones talk to the same pool. Dropping the last ends the workers once their rooms are gone.
#[derive(Clone, Debug)]
pub struct Workers {
    requests: mpsc::Sender<oneshot::Sender<Result<Placement, WorkerError>>>,
}

struct Slot {
    worker: Worker,
    webrtc_server: WebRtcServer,
    /// Its strong count less one is the number of rooms.
    seat: Arc<Seat>,
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
        tokio::spawn(place_rooms(slots, config.announced, inbox));
        Ok(Self { requests })
    }

    /// Opens a router on the least-loaded worker.
    pub async fn place_room(&self) -> Result<Placement, WorkerError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(reply).await.map_err(|_| WorkerError::NoneLeft)?;
        answer.await.map_err(|_| WorkerError::NoneLeft)?
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
    Ok(Slot { worker, webrtc_server, seat: Arc::new(Seat) })
}

async fn place_rooms(
    slots: Vec<Slot>,
    announced: Arc<[String]>,
    mut inbox: mpsc::Receiver<oneshot::Sender<Result<Placement, WorkerError>>>,
) {
    while let Some(reply) = inbox.recv().await {
        let least = slots
            .iter()
            .filter(|slot| !slot.worker.closed())
            .min_by_key(|slot| Arc::strong_count(&slot.seat));
        let placed = match least {
            None => Err(WorkerError::NoneLeft),
            Some(slot) => open_room(slot, &announced).await,
        };
        // The asker may have disconnected meanwhile; its placement is released here.
        drop(reply.send(placed));
    }
}

async fn open_room(slot: &Slot, announced: &Arc<[String]>) -> Result<Placement, WorkerError> {
    let seat = Arc::clone(&slot.seat);
    let router = slot
        .worker
        .create_router(RouterOptions::new(codecs::router_codecs()))
        .await
        .map_err(|error| WorkerError::Router(error.to_string()))?;
    Ok(Placement {
        router,
        webrtc_server: slot.webrtc_server.clone(),
        announced: Arc::clone(announced),
        _seat: seat,
    })
}
