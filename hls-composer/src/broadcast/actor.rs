//! The broadcast actor: the one owner of a room's inputs, claim, scene and pipeline.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::{Instant, sleep_until},
};

use super::{
    BroadcastError, Claim, InputStatus, Phase, SceneUpdate, Scope, Status,
    claim::Held,
    fencing::{self, Opening},
    pipeline::{Ending, Pipeline},
    restart::{Outcome, Pending, Wanted},
    scene,
};
use crate::{
    ingest::{
        IngestConfig, Input, InputEvent, InputId, Report, StartError, State, Step,
        sdp::{Kind, Track},
    },
    packager::View,
    ports::{PortPair, Ports},
};

/// Commands that may wait in a broadcast's mailbox.
const MAILBOX: usize = 256;
/// `RestartPipeline` answers within this.
const RESTART: Duration = Duration::from_secs(15);

/// What a broadcast is made of, besides its pipeline.
#[derive(Clone, Debug)]
pub struct BroadcastConfig {
    /// The room.
    pub room_id: Arc<str>,
    /// Where viewers find it.
    pub playlist_url: String,
    /// How inputs are made; its `media` is the pipeline's.
    pub ingest: IngestConfig,
    /// Where inputs get their ports.
    pub ports: Ports,
    /// How long a broadcast without a claim lives.
    pub claim_grace: Duration,
    /// How long an ended playlist stays.
    pub keep: Duration,
}

/// A broadcast's address.
#[derive(Clone, Debug)]
pub struct Handle {
    /// The broadcast, whole.
    pub status: watch::Receiver<Arc<Status>>,
    /// What viewers are served.
    pub view: watch::Receiver<Arc<View>>,
    commands: mpsc::Sender<Command>,
}

type Reply<T> = oneshot::Sender<Result<T, BroadcastError>>;

#[derive(Debug)]
enum Command {
    Open { epoch: u64, reply: Reply<Claim> },
    Close { epoch: u64, reply: Reply<()> },
    Reserve { epoch: u64, request: Reservation, reply: Reply<Vec<(Kind, u16)>> },
    Start { epoch: u64, input: String, tracks: Vec<Track>, reply: Reply<u32> },
    Confirm { epoch: u64, input: String, generation: u32, steps: Vec<Step>, reply: Reply<()> },
    Stop { epoch: u64, input: String, reply: Reply<()> },
    Scene { epoch: u64, update: SceneUpdate, reply: Reply<()> },
    Restart { scope: Scope, reply: Reply<oneshot::Receiver<Outcome>> },
    Snapshot { reply: oneshot::Sender<Status> },
    Suspend { done: oneshot::Sender<()> },
}

/// Step 2, as asked.
#[derive(Clone, Debug)]
pub struct Reservation {
    /// The new input.
    pub input: String,
    /// Whose.
    pub participant: String,
    /// Its tracks, each kind at most once.
    pub kinds: Vec<Kind>,
    /// The climb it answers.
    pub climb: u32,
}

macro_rules! commands {
    ($($(#[$doc:meta])* $name:ident($($field:ident: $type:ty),*) -> $answer:ty = $variant:ident;)*) => {
        impl Handle {
            $($(#[$doc])*
            pub async fn $name(&self, $($field: $type),*) -> Result<$answer, BroadcastError> {
                let (reply, answer) = oneshot::channel();
                let command = Command::$variant { $($field,)* reply };
                self.commands.send(command).await.map_err(|_| self.gone())?;
                answer.await.map_err(|_| self.gone())?
            })*
        }
    };
}

commands! {
    /// Takes the claim.
    open(epoch: u64) -> Claim = Open;
    /// Ends the broadcast and waits until its playlist is finished.
    close(epoch: u64) -> () = Close;
    /// Step 2.
    reserve(epoch: u64, request: Reservation) -> Vec<(Kind, u16)> = Reserve;
    /// Steps 5 and 6; answers the generation.
    start(epoch: u64, input: String, tracks: Vec<Track>) -> u32 = Start;
    /// Step 7.
    confirm(epoch: u64, input: String, generation: u32, steps: Vec<Step>) -> () = Confirm;
    /// Step 1.
    stop(epoch: u64, input: String) -> () = Stop;
    /// A new scene.
    scene(epoch: u64, update: SceneUpdate) -> () = Scene;
    /// An operator's restart; its outcome follows.
    restart(scope: Scope) -> oneshot::Receiver<Outcome> = Restart;
}

impl Handle {
    /// SIGTERM: closes the current segment, saves, leaves the playlist open.
    pub async fn suspend(&self) {
        let (done, suspended) = oneshot::channel();
        if self.commands.send(Command::Suspend { done }).await.is_ok() {
            drop(suspended.await);
        }
    }

    /// The status with its counters as they are now; those are not part of what is published.
    pub async fn snapshot(&self) -> Status {
        let (reply, answer) = oneshot::channel();
        drop(self.commands.send(Command::Snapshot { reply }).await);
        answer.await.unwrap_or_else(|_| Status::clone(&self.status.borrow()))
    }

    /// Waits until the broadcast is over and nothing more is kept of it.
    pub async fn closed(&self) {
        self.commands.closed().await;
    }

    /// Whether it is over.
    pub fn is_closed(&self) -> bool {
        self.commands.is_closed()
    }

    fn gone(&self) -> BroadcastError {
        BroadcastError::UnknownBroadcast(self.status.borrow().room_id.clone())
    }
}

/// Prepares a broadcast around a running pipeline; `recovered` ones wait for their SFU to return.
pub fn prepare(
    config: BroadcastConfig,
    pipeline: Pipeline,
    recovered: bool,
) -> (Handle, Broadcast) {
    let (commands, inbox) = mpsc::channel(MAILBOX);
    let (events_tx, events) = mpsc::channel(MAILBOX);
    let (lost_tx, lost) = mpsc::unbounded_channel();
    let status = Status {
        room_id: config.room_id.to_string(),
        playlist_url: config.playlist_url.clone(),
        phase: if recovered { Phase::Orphaned } else { Phase::Starting },
        ..Status::default()
    };
    let (publisher, watched) = watch::channel(Arc::new(status.clone()));
    let handle = Handle { status: watched, view: pipeline.view().clone(), commands };
    let broadcast = Broadcast {
        orphaned_since: Some(Instant::now()),
        view: pipeline.view().clone(),
        encoder: pipeline.encoder.clone(),
        config,
        pipeline,
        inbox,
        events,
        events_tx,
        lost,
        lost_tx,
        claims: 0,
        claim: None,
        inputs: BTreeMap::new(),
        scene: SceneUpdate::default(),
        wanted: Wanted::default(),
        restarts: vec![],
        stopping: JoinSet::new(),
        status,
        publisher,
    };
    (handle, broadcast)
}

/// See the parent module's drawing.
pub struct Broadcast {
    config: BroadcastConfig,
    pipeline: Pipeline,
    view: watch::Receiver<Arc<View>>,
    encoder: watch::Receiver<crate::encoder::Status>,
    inbox: mpsc::Receiver<Command>,
    events: mpsc::Receiver<InputEvent>,
    events_tx: mpsc::Sender<InputEvent>,
    lost: mpsc::UnboundedReceiver<u64>,
    lost_tx: mpsc::UnboundedSender<u64>,
    claims: u64,
    claim: Option<Held>,
    orphaned_since: Option<Instant>,
    inputs: BTreeMap<String, (Input, Report)>,
    scene: SceneUpdate,
    wanted: Wanted,
    restarts: Vec<Pending>,
    /// Inputs on their way out.
    stopping: JoinSet<()>,
    status: Status,
    publisher: watch::Sender<Arc<Status>>,
}

enum Over {
    Closed(Option<Reply<()>>),
    Suspended(oneshot::Sender<()>),
}

impl Broadcast {
    /// Runs the broadcast to its end, and its ended playlist to its removal.
    pub async fn run(mut self) {
        tracing::info!(room = %self.config.room_id, url = %self.config.playlist_url, "broadcast opened");
        let over = loop {
            let grace_over = self.orphaned_since.map(|since| since + self.config.claim_grace);
            let restart_due = self.restarts.iter().map(|pending| pending.asked + RESTART).min();
            tokio::select! {
                command = self.inbox.recv() => match command {
                    None => break Over::Closed(None),
                    Some(command) => if let Some(over) = self.apply(command).await {
                        break over;
                    },
                },
                Some(event) = self.events.recv() => self.input_changed(event),
                Some(id) = self.lost.recv() => self.claim_lost(id),
                Ok(()) = self.encoder.changed() => {}
                Ok(()) = self.view.changed(), if self.status.phase == Phase::Starting => {}
                Some(_) = self.stopping.join_next() => {}
                () = at(grace_over) => {
                    tracing::warn!(room = %self.config.room_id, "no SFU came back within the grace period");
                    break Over::Closed(None);
                }
                () = at(restart_due) => {}
            }
            self.publish();
        };
        self.end(over).await;
    }

    async fn apply(&mut self, command: Command) -> Option<Over> {
        // A caller that is gone needs no answer: each reply below may find nobody.
        match command {
            Command::Open { epoch, reply } => drop(reply.send(self.open(epoch))),
            Command::Close { epoch, reply } => match fencing::command(self.status.epoch, epoch) {
                Ok(()) => return Some(Over::Closed(Some(reply))),
                Err(error) => drop(reply.send(Err(error))),
            },
            Command::Reserve { epoch, request, reply } => {
                drop(reply.send(self.reserve(epoch, request).await));
            }
            Command::Start { epoch, input, tracks, reply } => {
                match self.started(epoch, &input, tracks) {
                    Err(error) => drop(reply.send(Err(error))),
                    Ok(answer) => {
                        tokio::spawn(async move {
                            let outcome =
                                answer.await.unwrap_or(Err(StartError::WrongState(input)));
                            drop(reply.send(outcome.map_err(BroadcastError::Start)));
                        });
                    }
                }
            }
            Command::Confirm { epoch, input, generation, steps, reply } => {
                let outcome = self.input(epoch, &input).map(|i| i.confirm(generation, steps));
                drop(reply.send(outcome));
            }
            Command::Stop { epoch, input, reply } => {
                let fenced = fencing::command(self.status.epoch, epoch);
                match (fenced, self.inputs.remove(&input)) {
                    (Ok(()), Some((input, _))) => {
                        self.stopping.spawn(async move {
                            input.stop().await;
                            drop(reply.send(Ok(())));
                        });
                    }
                    (outcome, kept) => {
                        self.inputs.extend(kept.map(|kept| (input, kept)));
                        drop(reply.send(outcome));
                    }
                }
            }
            Command::Scene { epoch, update, reply } => {
                drop(reply.send(self.set_scene(epoch, update)));
            }
            Command::Restart { scope, reply } => drop(reply.send(self.restart(scope))),
            Command::Snapshot { reply } => drop(reply.send(self.snapshot())),
            Command::Suspend { done } => return Some(Over::Suspended(done)),
        }
        None
    }

    fn open(&mut self, epoch: u64) -> Result<Claim, BroadcastError> {
        if fencing::open(self.status.epoch, epoch)? == Opening::TakeOver {
            for (_, (input, _)) in std::mem::take(&mut self.inputs) {
                self.stopping.spawn(input.stop());
            }
            self.status.epoch = epoch;
            // Tiles hold their last picture until the new attempt's inputs are active.
            self.scene.version = 0;
        }
        self.claims += 1;
        let (held, claim) =
            Held::grant(self.claims, self.publisher.subscribe(), self.lost_tx.clone());
        self.claim = Some(held);
        self.orphaned_since = None;
        tracing::info!(room = %self.config.room_id, epoch, "claimed");
        Ok(claim)
    }

    fn claim_lost(&mut self, id: u64) {
        if self.claim.as_ref().is_some_and(|held| held.is(id)) {
            tracing::warn!(
                room = %self.config.room_id,
                grace_s = self.config.claim_grace.as_secs(),
                "the SFU's stream broke: waiting for it"
            );
            self.claim = None;
            self.orphaned_since = Some(Instant::now());
        }
    }

    async fn reserve(
        &mut self,
        epoch: u64,
        request: Reservation,
    ) -> Result<Vec<(Kind, u16)>, BroadcastError> {
        fencing::command(self.status.epoch, epoch)?;
        let Reservation { input, participant, kinds, climb } = request;
        if let Some((existing, _)) = self.inputs.get(&input) {
            let same = existing.ports.iter().map(|(kind, _)| *kind).eq(kinds.iter().copied());
            return if same {
                Ok(existing.ports.clone())
            } else {
                Err(BroadcastError::InputExists(input))
            };
        }
        let step = Step::begin(2, "ports reserved");
        let pairs = self.config.ports.lease(kinds.len()).await?;
        let leases: Vec<(Kind, PortPair)> = kinds.into_iter().zip(pairs).collect();
        let id: InputId = Arc::from(input.as_str());
        let config =
            IngestConfig { media: self.pipeline.media.clone(), ..self.config.ingest.clone() };
        let reserved = step.done();
        let report =
            Report { state: State::Reserved, generation: 0, pid: 0, trace: vec![reserved.clone()] };
        let live = Input::reserve(
            id,
            participant,
            climb,
            leases,
            reserved,
            config,
            self.events_tx.clone(),
        );
        let ports = live.ports.clone();
        self.inputs.insert(input, (live, report));
        Ok(ports)
    }

    fn started(
        &self,
        epoch: u64,
        id: &str,
        tracks: Vec<Track>,
    ) -> Result<oneshot::Receiver<Result<u32, StartError>>, BroadcastError> {
        let input = self.input(epoch, id)?;
        let mut reserved: Vec<Kind> = input.ports.iter().map(|(kind, _)| *kind).collect();
        let mut offered: Vec<Kind> = tracks.iter().map(|track| track.kind).collect();
        reserved.sort();
        offered.sort();
        if reserved != offered {
            return Err(BroadcastError::OtherTracks(id.into()));
        }
        Ok(input.start(tracks))
    }

    fn input(&self, epoch: u64, id: &str) -> Result<&Input, BroadcastError> {
        fencing::command(self.status.epoch, epoch)?;
        let known = self.inputs.get(id).map(|(input, _)| input);
        known.ok_or_else(|| BroadcastError::UnknownInput(id.into()))
    }

    fn set_scene(&mut self, epoch: u64, update: SceneUpdate) -> Result<(), BroadcastError> {
        fencing::command(self.status.epoch, epoch)?;
        if update.version <= self.scene.version {
            return Ok(());
        }
        let named = |id: &String| update.tiles.iter().any(|tile| tile.input_ids.contains(id));
        let unnamed: Vec<String> = self.inputs.keys().filter(|id| !named(id)).cloned().collect();
        for id in unnamed {
            if let Some((input, _)) = self.inputs.remove(&id) {
                self.stopping.spawn(input.stop());
            }
        }
        self.scene = update;
        Ok(())
    }

    fn restart(&mut self, scope: Scope) -> Result<oneshot::Receiver<Outcome>, BroadcastError> {
        let room = || self.config.room_id.to_string();
        if self.claim.is_none() && scope != Scope::Encoder {
            return Err(BroadcastError::NoClaim(room()));
        }
        let participants: Vec<String> = match &scope {
            Scope::Encoder => vec![],
            Scope::OneInput(name) => {
                let found = self.inputs.iter().find_map(|(id, (input, _))| {
                    (id == name || input.participant == *name).then(|| input.participant.clone())
                });
                vec![found.ok_or_else(|| BroadcastError::UnknownInput(name.clone()))?]
            }
            Scope::Inputs | Scope::Everything => {
                self.inputs.values().map(|(input, _)| input.participant.clone()).collect()
            }
        };
        match &scope {
            Scope::Inputs | Scope::Everything => self.wanted.raise_all(),
            Scope::OneInput(_) => participants.iter().for_each(|p| self.wanted.raise(p)),
            Scope::Encoder => {}
        }
        let replaces_encoder = matches!(scope, Scope::Encoder | Scope::Everything);
        let encoder_after = replaces_encoder.then(|| self.encoder.borrow().generation);
        if replaces_encoder {
            self.pipeline.replace_encoder();
        }
        tracing::info!(room = %self.config.room_id, ?scope, "restart asked for");
        let climbs = participants.into_iter().map(|p| (p.clone(), self.wanted.of(&p))).collect();
        let (reply, outcome) = oneshot::channel();
        self.restarts.push(Pending { climbs, encoder_after, asked: Instant::now(), reply });
        Ok(outcome)
    }

    fn input_changed(&mut self, InputEvent { input, report }: InputEvent) {
        let Some((_, known)) = self.inputs.get_mut(&*input) else { return };
        if known.state != report.state {
            tracing::info!(room = %self.config.room_id, %input, generation = report.generation, state = ?report.state, "input");
        }
        *known = report;
        if known.state == State::Stopped {
            // Its lease lapsed.
            self.inputs.remove(&*input);
        }
    }

    fn snapshot(&self) -> Status {
        let mut status = self.status.clone();
        status.encoder = *self.encoder.borrow();
        for input in &mut status.inputs {
            input.frames = self.inputs.get(&input.id).map_or(0, |(live, _)| live.frames());
        }
        status
    }

    fn publish(&mut self) {
        let phase = match (&self.claim, self.view.borrow_and_update().newest()) {
            (None, _) if self.status.epoch > 0 || self.status.phase == Phase::Orphaned => {
                Phase::Orphaned
            }
            (_, None) => Phase::Starting,
            (_, Some(_)) => Phase::Live,
        };
        if phase != self.status.phase {
            tracing::info!(room = %self.config.room_id, ?phase, "broadcast");
        }
        let states = self
            .inputs
            .iter()
            .map(|(id, (_, report))| (id.clone(), report.state.clone()))
            .collect();
        self.pipeline.show(scene::resolve(&self.scene, &states, phase));
        let inputs = self.inputs.iter().map(|(id, (input, report))| InputStatus {
            id: id.clone(),
            participant: input.participant.clone(),
            climb: input.climb,
            ports: input.ports.clone(),
            frames: 0,
            report: report.clone(),
        });
        let encoder = *self.encoder.borrow_and_update();
        let status = Status {
            phase,
            inputs: inputs.collect(),
            // Ticks and frames grow all the time: they are read when somebody asks, not published.
            encoder: crate::encoder::Status { ticks: 0, ..encoder },
            wanted: self.wanted.named.clone(),
            wanted_default: self.wanted.default,
            scene_version: self.scene.version,
            ..self.status.clone()
        };
        if status != self.status {
            self.status = Status { sequence: self.status.sequence + 1, ..status };
            self.publisher.send_replace(Arc::new(self.status.clone()));
        }
        let now = Instant::now();
        for pending in std::mem::take(&mut self.restarts) {
            if pending.is_complete(&self.status) || now >= pending.asked + RESTART {
                let outcome = pending.outcome(&self.status);
                tracing::info!(
                    room = %self.config.room_id,
                    complete = outcome.complete,
                    took_ms = outcome.took.as_millis(),
                    "restart done"
                );
                // The operator may have hung up.
                drop(pending.reply.send(outcome));
            } else {
                self.restarts.push(pending);
            }
        }
    }

    async fn end(mut self, over: Over) {
        let room = self.config.room_id.clone();
        for (_, (input, _)) in std::mem::take(&mut self.inputs) {
            self.stopping.spawn(input.stop());
        }
        // Each input reports its end into a mailbox nobody reads any more.
        self.events.close();
        while self.stopping.join_next().await.is_some() {}
        let ending = match over {
            Over::Closed(_) => Ending::Finish,
            Over::Suspended(_) => Ending::Suspend,
        };
        self.pipeline.end(ending).await;
        match over {
            Over::Suspended(done) => {
                tracing::info!(%room, "broadcast suspended");
                _ = done.send(());
            }
            Over::Closed(reply) => {
                tracing::info!(%room, keep_s = self.config.keep.as_secs(), "broadcast ended");
                self.status.phase = Phase::Ended;
                self.status.inputs.clear();
                self.status.encoder = crate::encoder::Status::default();
                self.status.sequence += 1;
                self.publisher.send_replace(Arc::new(self.status.clone()));
                self.claim = None;
                if let Some(reply) = reply {
                    drop(reply.send(Ok(())));
                }
                keep_ended(self.inbox, self.config.keep).await;
            }
        }
    }
}

/// The ended playlist stays for a while; commands find the broadcast ended.
async fn keep_ended(mut inbox: mpsc::Receiver<Command>, keep: Duration) {
    let until = Instant::now() + keep;
    loop {
        tokio::select! {
            () = sleep_until(until) => return,
            command = inbox.recv() => match command {
                Some(Command::Close { reply, .. }) => drop(reply.send(Ok(()))),
                // Nothing is left to save, and the next process finds it ended.
                Some(Command::Suspend { done }) => {
                    _ = done.send(());
                    return;
                }
                // Every other reply is dropped, which says that the broadcast is gone.
                Some(_) => {}
                None => return,
            },
        }
    }
}

/// The instant, or never.
async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
