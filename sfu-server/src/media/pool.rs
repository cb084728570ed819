//! The one task that owns which media workers run and which rooms are on them. It waits for nothing but requests and for
//! starts that are over: a worker that hangs is waited for by whoever asked it.

use std::{
    convert::Infallible,
    sync::{Arc, OnceLock, Weak},
    time::Duration,
};

use futures_util::future::join_all;
use mediasoup::prelude::*;
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::media::{
    running::{self, Running},
    workers::{WorkerConfig, WorkerError},
};

/// How long all rooms may take to leave a worker.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests that may wait.
const MAILBOX: usize = 64;

/// A room's place on a worker. The pool looks at it and never keeps it alive.
#[derive(Debug)]
pub(super) struct Berth {
    /// Of the room, as soon as there is one.
    pub router: OnceLock<Router>,
    _held: oneshot::Sender<Infallible>,
}

/// A place on a worker for a room that has no router yet.
pub(super) struct Assigned {
    /// Which.
    pub index: usize,
    /// The worker.
    pub worker: Worker,
    /// Its port.
    pub webrtc_server: WebRtcServer,
    /// Every address browsers are told.
    pub announced: Arc<[String]>,
    /// Cancelled when the worker is lost.
    pub lost: CancellationToken,
    /// Counts the room.
    pub berth: Arc<Berth>,
}

/// The pool's side of a berth.
struct Berthed {
    berth: Weak<Berth>,
    lost: CancellationToken,
    /// Ends with the berth.
    left: oneshot::Receiver<Infallible>,
}

/// What is asked of the pool.
pub(super) enum PoolRequest {
    /// A place for a room.
    Place {
        /// On any but this one, if there is another.
        besides: Option<usize>,
        /// Answered as soon as a worker is there.
        reply: oneshot::Sender<Result<Assigned, WorkerError>>,
    },
    /// All workers, in order.
    Look(oneshot::Sender<Vec<Look>>),
    /// Give a worker up.
    Replace {
        /// Which.
        index: usize,
        /// Answered when its successor runs, or does not.
        reply: oneshot::Sender<Result<(), WorkerError>>,
    },
    /// A fault.
    #[cfg(test)]
    Panic,
}

/// A worker, if it runs, and what rooms hold on it, to be asked.
pub(super) struct Look {
    /// Which.
    pub index: usize,
    /// None while it starts, or is lost.
    pub running: Option<Arc<Running>>,
    /// One a room.
    pub routers: Vec<Router>,
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

/// Starts all workers, and the pool's task, which ends them once nobody can ask it and their rooms are gone.
///
/// # Errors
/// A worker cannot start, or its port is taken.
pub(super) async fn start(config: WorkerConfig) -> Result<mpsc::Sender<PoolRequest>, WorkerError> {
    let manager = WorkerManager::new();
    let mut slots = Vec::with_capacity(config.count);
    for index in 0..config.count {
        let running = running::start(&manager, &config, index).await?;
        slots.push(Slot { state: State::Running(Arc::new(running)), rooms: Vec::new() });
    }
    let (requests, inbox) = mpsc::channel(MAILBOX);
    let pool = Pool { manager, config, slots, starting: JoinSet::new(), waiting: Vec::new() };
    tokio::spawn(pool.run(inbox));
    Ok(requests)
}

impl Pool {
    async fn run(mut self, mut inbox: mpsc::Receiver<PoolRequest>) {
        loop {
            // Whoever asks may have disconnected meanwhile; then the answer, a placement included, is released here.
            tokio::select! {
                request = inbox.recv() => match request {
                    None => break,
                    #[cfg(test)]
                    Some(PoolRequest::Panic) => panic!("a test asks for it"),
                    Some(PoolRequest::Place { besides, reply }) => self.place(besides, reply),
                    Some(PoolRequest::Look(reply)) => drop(reply.send(self.look())),
                    Some(PoolRequest::Replace { index, reply }) => self.replace(index, reply),
                },
                Some(Ok(started)) = self.starting.join_next() => self.started(started),
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
            // In a task of its own: a start that panics leaves the worker's number behind.
            let starting =
                tokio::spawn(async move { running::restart(&manager, &config, index).await });
            let outcome = AbortOnDropHandle::new(starting).await;
            Started { index, outcome: outcome.unwrap_or(Err(WorkerError::Fault(index))), reply }
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
