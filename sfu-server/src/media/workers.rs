//! mediasoup's workers: one thread and one shared media port each; new rooms go to the least loaded that answers.
//!
//! ```text
//! Running ──died─────────────────▶ Lost ──next room──▶ Starting ──▶ Running, a new thread
//!    └─────given up by an operator (its rooms end)────────┘
//! ```
//!
//! A worker may hang, and whoever asks it then waits for ever. So the pool asks none: what it is asked it answers from what
//! it knows, and starts, and all that is asked of workers, run beside it, each with a deadline.

use std::{
    convert::Infallible,
    net::IpAddr,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use daemon::cpus::CpuList;
use futures_util::future::join_all;
use mediasoup::prelude::*;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::media::{
    codecs,
    dump::{self, Contents},
    running::{self, Running},
};

/// How long all rooms may take to leave a worker, and a room may wait for one that starts.
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
    /// It comes up with its port after [`running::START`], or not.
    #[error("media worker {0} starts already")]
    Starting(usize),
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
    /// On any but this one, if there is another.
    Place {
        besides: Option<usize>,
        reply: oneshot::Sender<Result<Assigned, WorkerError>>,
    },
    Look(oneshot::Sender<Vec<Look>>),
    Replace {
        index: usize,
        reply: oneshot::Sender<Result<(), WorkerError>>,
    },
}

/// A worker, if it runs, and what rooms hold on it, to be asked.
struct Look {
    index: usize,
    running: Option<Arc<Running>>,
    routers: Vec<Router>,
}

struct Pool {
    manager: WorkerManager,
    config: WorkerConfig,
    slots: Vec<Slot>,
    /// Starts under way: of which worker, and who waits for it.
    starting: JoinSet<Started>,
    /// Rooms that wait for a start.
    waiting: Vec<oneshot::Sender<Result<Assigned, WorkerError>>>,
}

struct Started {
    index: usize,
    outcome: Result<Running, WorkerError>,
    reply: Option<oneshot::Sender<Result<(), WorkerError>>>,
}

struct Slot {
    state: State,
    rooms: Vec<Berthed>,
}

enum State {
    Running(Arc<Running>),
    Starting,
    Lost,
}

impl Slot {
    fn rooms(&self) -> usize {
        self.rooms.iter().filter(|room| room.berth.strong_count() > 0).count()
    }

    fn running(&self) -> Option<&Arc<Running>> {
        match &self.state {
            State::Running(running) if !running.worker.closed() => Some(running),
            _ => None,
        }
    }
}

impl Workers {
    /// Starts all workers. Fails when one cannot start or its port is taken.
    pub async fn start(config: WorkerConfig) -> Result<Self, WorkerError> {
        let manager = WorkerManager::new();
        let mut slots = Vec::with_capacity(config.count);
        for index in 0..config.count {
            let running = running::start(&manager, &config, index).await?;
            slots.push(Slot { state: State::Running(Arc::new(running)), rooms: Vec::new() });
        }
        let (requests, inbox) = mpsc::channel(64);
        let pool = Pool { manager, config, slots, starting: JoinSet::new(), waiting: Vec::new() };
        tokio::spawn(pool.run(inbox));
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
            .map_err(|error| WorkerError::Router(error.to_string()))?
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

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> PoolRequest,
    ) -> Result<T, WorkerError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.map_err(|_| WorkerError::NoneLeft)?;
        answer.await.map_err(|_| WorkerError::NoneLeft)
    }
}

impl Pool {
    async fn run(mut self, mut inbox: mpsc::Receiver<PoolRequest>) {
        loop {
            // Whoever asks may have disconnected meanwhile; then the answer, a placement included, is released here.
            tokio::select! {
                request = inbox.recv() => match request {
                    None => break,
                    Some(PoolRequest::Place { besides, reply }) => self.place(besides, reply),
                    Some(PoolRequest::Look(reply)) => drop(reply.send(self.look())),
                    Some(PoolRequest::Replace { index, reply }) => self.replace(index, reply),
                },
                Some(started) = self.starting.join_next() => {
                    // A start that panicked does not say which it was; its slot is never used again.
                    if let Ok(started) = started {
                        self.started(started);
                    }
                }
            }
        }
    }

    /// Answers with a place, or as soon as a worker has started that is awaited.
    fn place(
        &mut self,
        besides: Option<usize>,
        reply: oneshot::Sender<Result<Assigned, WorkerError>>,
    ) {
        for index in 0..self.slots.len() {
            let slot = &self.slots[index];
            if slot.running().is_none() && !matches!(slot.state, State::Starting) {
                self.begin(index, Vec::new(), None);
            }
        }
        match self.assign(besides) {
            Err(WorkerError::Starting(_)) => {
                self.waiting.retain(|waiting| !waiting.is_closed());
                self.waiting.push(reply);
            }
            assigned => drop(reply.send(assigned)),
        }
    }

    /// The worker with the fewest rooms of those that answer.
    fn assign(&mut self, besides: Option<usize>) -> Result<Assigned, WorkerError> {
        let answering = self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let running = slot.running().filter(|running| running.answers())?;
            Some((besides == Some(index), slot.rooms(), index, Arc::clone(running)))
        });
        let chosen = answering.min_by_key(|&(is_besides, rooms, ..)| (is_besides, rooms));
        let Some((_, _, index, running)) = chosen else {
            let mut slots = self.slots.iter().enumerate();
            let silent = slots.clone().find(|(_, slot)| slot.running().is_some());
            let starting = slots.find(|(_, slot)| matches!(slot.state, State::Starting));
            return Err(match (starting, silent) {
                (Some((index, _)), _) => WorkerError::Starting(index),
                (None, Some((index, _))) => WorkerError::Silent(index),
                (None, None) => WorkerError::NoneLeft,
            });
        };
        let lost = CancellationToken::new();
        let (held, left) = oneshot::channel();
        let berth = Arc::new(Berth { router: OnceLock::new(), _held: held });
        let rooms = &mut self.slots[index].rooms;
        rooms.retain(|room| room.berth.strong_count() > 0);
        rooms.push(Berthed { berth: Arc::downgrade(&berth), lost: lost.clone(), left });
        Ok(Assigned {
            index,
            worker: running.worker.clone(),
            webrtc_server: running.webrtc_server.clone(),
            announced: Arc::clone(&self.config.announced),
            lost,
            berth,
        })
    }

    fn replace(&mut self, index: usize, reply: oneshot::Sender<Result<(), WorkerError>>) {
        let refusal = match self.slots.get(index).map(|slot| &slot.state) {
            None => Some(WorkerError::Unknown(index)),
            Some(State::Starting) => Some(WorkerError::Starting(index)),
            Some(State::Running(_) | State::Lost) => None,
        };
        if let Some(refusal) = refusal {
            // An operator who is gone needs no answer.
            drop(reply.send(Err(refusal)));
            return;
        }
        let slot = &mut self.slots[index];
        tracing::warn!(worker = index, rooms = slot.rooms(), "a media worker is given up");
        let rooms = std::mem::take(&mut slot.rooms);
        rooms.iter().for_each(|room| room.lost.cancel());
        self.begin(index, rooms, Some(reply));
    }

    /// Starts a worker in place of the one there was, as soon as `rooms` have left that.
    fn begin(
        &mut self,
        index: usize,
        rooms: Vec<Berthed>,
        reply: Option<oneshot::Sender<Result<(), WorkerError>>>,
    ) {
        // The former worker ends with the last thing on it.
        self.slots[index].state = State::Starting;
        let (manager, config) = (self.manager.clone(), self.config.clone());
        self.starting.spawn(async move {
            let left = join_all(rooms.into_iter().map(|room| room.left));
            if timeout(PATIENCE, left).await.is_err() {
                tracing::warn!(worker = index, "not every room leaves its media worker");
            }
            let outcome = running::restart(&manager, &config, index).await;
            Started { index, outcome, reply }
        });
    }

    fn started(&mut self, Started { index, outcome, reply }: Started) {
        let (state, outcome) = match outcome {
            Ok(running) => (State::Running(Arc::new(running)), Ok(())),
            Err(error) => {
                tracing::error!(worker = index, %error, "a lost media worker is not replaced");
                (State::Lost, Err(error))
            }
        };
        self.slots[index].state = state;
        if let Some(reply) = reply {
            // An operator who is gone needs no answer.
            drop(reply.send(outcome));
        }
        for waiting in std::mem::take(&mut self.waiting) {
            match self.assign(None) {
                Err(WorkerError::Starting(_)) => self.waiting.push(waiting),
                assigned => drop(waiting.send(assigned)),
            }
        }
    }

    /// All of them, in order.
    fn look(&self) -> Vec<Look> {
        let slots = self.slots.iter().enumerate();
        let look = slots.map(|(index, slot)| {
            let berths = slot.rooms.iter().filter_map(|room| room.berth.upgrade());
            let routers = berths.filter_map(|berth| berth.router.get().cloned()).collect();
            Look { index, running: slot.running().cloned(), routers }
        });
        look.collect()
    }
}
