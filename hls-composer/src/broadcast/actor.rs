//! The broadcast actor: the one owner of a room's inputs, claim, scene and pipeline.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use daemon::deadline;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};

use super::{
    BroadcastError, Claim, Phase, SceneUpdate, Scope, Status,
    claim::Held,
    fencing::{self, Opening},
    handle::{Command, Handle, Reply},
    inputs::Inputs,
    pipeline::{Ending, Pipeline},
    restart::{Outcome, Pending, Wanted},
    scene,
};
use crate::{
    encoder,
    ingest::{IngestConfig, StartError},
    packager::View,
    ports::Ports,
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
    /// Inputs at the same time.
    pub max_inputs: usize,
    /// Why it had to be started again, if it had to: an alarm for as long as it runs.
    pub failure: Option<Arc<str>>,
}

/// How a broadcast's task ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Ended {
    /// Nothing is kept of the broadcast any more.
    Over,
    /// The process restarts: everything is saved and left open.
    Suspended,
    /// A task of it failed: why. What is on disk can be resumed.
    Failed(String),
}

/// Prepares a broadcast around a running pipeline; `recovered` ones wait for their SFU to return.
pub fn prepare(
    config: BroadcastConfig,
    pipeline: Pipeline,
    recovered: bool,
) -> (Handle, Broadcast) {
    let (commands, inbox) = mpsc::channel(MAILBOX);
    let (lost_tx, lost) = mpsc::unbounded_channel();
    let status = Status {
        room_id: config.room_id.to_string(),
        playlist_url: config.playlist_url.clone(),
        phase: if recovered { Phase::Orphaned } else { Phase::Starting },
        alarms: config.failure.iter().cloned().collect(),
        ..Status::default()
    };
    let (publisher, watched) = watch::channel(Arc::new(status.clone()));
    let handle = Handle { status: watched, view: pipeline.view().clone(), commands };
    let ingest = IngestConfig { media: pipeline.media.clone(), ..config.ingest.clone() };
    let inputs =
        Inputs::new(config.room_id.clone(), ingest, config.ports.clone(), config.max_inputs);
    let broadcast = Broadcast {
        orphaned_since: Some(Instant::now()),
        view: pipeline.view().clone(),
        encoder: pipeline.encoder.clone(),
        alarm: pipeline.alarm(),
        config,
        pipeline,
        inbox,
        lost,
        lost_tx,
        claims: 0,
        claim: None,
        inputs,
        scene: SceneUpdate::default(),
        wanted: Wanted::default(),
        restarts: vec![],
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
    encoder: watch::Receiver<encoder::Status>,
    alarm: watch::Receiver<Option<Arc<str>>>,
    inbox: mpsc::Receiver<Command>,
    lost: mpsc::UnboundedReceiver<u64>,
    lost_tx: mpsc::UnboundedSender<u64>,
    claims: u64,
    claim: Option<Held>,
    orphaned_since: Option<Instant>,
    inputs: Inputs,
    scene: SceneUpdate,
    wanted: Wanted,
    restarts: Vec<Pending>,
    status: Status,
    publisher: watch::Sender<Arc<Status>>,
}

enum Over {
    Closed(Option<Reply<()>>),
    Suspended(oneshot::Sender<()>),
    Failed(String),
}

impl Broadcast {
    /// Runs the broadcast to its end, and its ended playlist to its removal.
    pub async fn run(mut self) -> Ended {
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
                () = self.inputs.changed() => {}
                reason = self.pipeline.failed() => break Over::Failed(reason),
                Some(id) = self.lost.recv() => self.claim_lost(id),
                Ok(()) = self.encoder.changed() => {}
                Ok(()) = self.alarm.changed() => {}
                Ok(()) = self.view.changed(), if self.status.phase == Phase::Starting => {}
                () = deadline::at(grace_over) => {
                    tracing::warn!(room = %self.config.room_id, "no SFU came back within the grace period");
                    break Over::Closed(None);
                }
                () = deadline::at(restart_due) => {}
            }
            self.publish();
        };
        self.end(over).await
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
                let reserved = match fencing::command(self.status.epoch, epoch) {
                    Ok(()) => self.inputs.reserve(request).await,
                    Err(error) => Err(error),
                };
                drop(reply.send(reserved));
            }
            Command::Start { epoch, input, tracks, reply } => {
                let fenced = fencing::command(self.status.epoch, epoch);
                match fenced.and_then(|()| self.inputs.start(&input, tracks)) {
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
                let fenced = fencing::command(self.status.epoch, epoch);
                let input = fenced.and_then(|()| self.inputs.get(&input));
                drop(reply.send(input.map(|input| input.confirm(generation, steps))));
            }
            Command::SetPaused { epoch, input, kinds, reply } => {
                let fenced = fencing::command(self.status.epoch, epoch);
                match fenced.and_then(|()| self.inputs.set_paused(&input, kinds)) {
                    Err(error) => drop(reply.send(Err(error))),
                    Ok(answer) => {
                        tokio::spawn(async move {
                            let generation = answer.await;
                            let gone = |_| BroadcastError::UnknownInput(input);
                            drop(reply.send(generation.map_err(gone)));
                        });
                    }
                }
            }
            Command::Stop { epoch, input, reply } => {
                match fencing::command(self.status.epoch, epoch) {
                    Ok(()) => self.inputs.stop(&input, reply),
                    Err(error) => drop(reply.send(Err(error))),
                }
            }
            Command::Scene { epoch, update, reply } => {
                drop(reply.send(self.set_scene(epoch, update)));
            }
            Command::Restart { scope, reply } => drop(reply.send(self.restart(scope))),
            Command::Snapshot { reply } => drop(reply.send(self.snapshot())),
            Command::Suspend { done } => return Some(Over::Suspended(done)),
            #[cfg(test)]
            Command::Poison("broadcast") => panic!("broadcast is poisoned"),
            #[cfg(test)]
            Command::Poison(task) => self.pipeline.poison.take(task),
        }
        None
    }

    fn open(&mut self, epoch: u64) -> Result<Claim, BroadcastError> {
        if fencing::open(self.status.epoch, epoch)? == Opening::TakeOver {
            self.inputs.keep_only(&BTreeSet::new());
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

    fn set_scene(&mut self, epoch: u64, update: SceneUpdate) -> Result<(), BroadcastError> {
        fencing::command(self.status.epoch, epoch)?;
        if update.version <= self.scene.version {
            return Ok(());
        }
        let named = update.tiles.iter().flat_map(|tile| &tile.input_ids).map(String::as_str);
        self.inputs.keep_only(&named.collect());
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
                let tile = || self.shown().find(|participant| participant == name);
                let found = self.inputs.participant(name).or_else(tile);
                vec![found.ok_or_else(|| BroadcastError::UnknownInput(name.clone()))?.into()]
            }
            Scope::Inputs | Scope::Everything => {
                // Whoever has no input at the moment is waited for too.
                let all = self.inputs.participants().chain(self.shown());
                all.collect::<BTreeSet<_>>().into_iter().map(Into::into).collect()
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

    /// The participants of the picture.
    fn shown(&self) -> impl Iterator<Item = &str> {
        self.scene.tiles.iter().map(|tile| tile.participant.as_str())
    }

    fn snapshot(&self) -> Status {
        let mut status = self.status.clone();
        status.encoder = *self.encoder.borrow();
        status.clock = *self.pipeline.clock.borrow();
        for input in &mut status.inputs {
            input.frames = self.inputs.frames(&input.id);
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
        self.pipeline.show(scene::resolve(&self.scene, &self.inputs.states(), phase));
        let encoder = *self.encoder.borrow_and_update();
        let status = Status {
            phase,
            inputs: self.inputs.statuses(),
            // Ticks and frames grow all the time: they are read when somebody asks, not published.
            encoder: encoder::Status { ticks: 0, ..encoder },
            wanted: self.wanted.named.clone(),
            wanted_default: self.wanted.default,
            scene_version: self.scene.version,
            alarms: self
                .config
                .failure
                .iter()
                .chain(&*self.alarm.borrow_and_update())
                .cloned()
                .collect(),
            ..self.status.clone()
        };
        if status != self.status {
            self.status = Status { sequence: self.status.sequence + 1, ..status };
            self.publisher.send_replace(Arc::new(self.status.clone()));
        }
        self.answer_restarts();
    }

    fn answer_restarts(&mut self) {
        let now = Instant::now();
        for pending in std::mem::take(&mut self.restarts) {
            if pending.is_settled(&self.status) || now >= pending.asked + RESTART {
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

    async fn end(mut self, over: Over) -> Ended {
        let room = self.config.room_id.clone();
        let ending = match over {
            Over::Closed(_) => Ending::Finish,
            Over::Suspended(_) | Over::Failed(_) => Ending::Suspend,
        };
        // Inputs may take their time to end, on a busy machine or a disk that hangs: the last pictures would stand still, and
        // what is to be saved would wait.
        let (failure, ()) = tokio::join!(self.pipeline.end(ending), self.inputs.end());
        match over {
            Over::Suspended(done) => {
                tracing::info!(%room, "broadcast suspended");
                // The claim's holder tells a stop from a takeover by the status, which ends first.
                drop(self.publisher);
                drop(self.claim);
                _ = done.send(());
                Ended::Suspended
            }
            Over::Failed(reason) => Ended::Failed(failure.unwrap_or(reason)),
            Over::Closed(reply) => {
                tracing::info!(%room, keep_s = self.config.keep.as_secs(), "broadcast ended");
                self.status.phase = Phase::Ended;
                self.status.inputs.clear();
                self.status.encoder = encoder::Status::default();
                self.status.sequence += 1;
                self.publisher.send_replace(Arc::new(self.status.clone()));
                self.claim = None;
                if let Some(reply) = reply {
                    drop(reply.send(Ok(())));
                }
                keep_ended(self.inbox, self.config.keep).await
            }
        }
    }
}

/// The ended playlist stays for a while; commands find the broadcast ended.
async fn keep_ended(mut inbox: mpsc::Receiver<Command>, keep: Duration) -> Ended {
    let until = Instant::now() + keep;
    loop {
        tokio::select! {
            () = sleep_until(until) => return Ended::Over,
            command = inbox.recv() => match command {
                Some(Command::Close { reply, .. }) => drop(reply.send(Ok(()))),
                // Nothing is left to save, and the next process finds it ended.
                Some(Command::Suspend { done }) => {
                    _ = done.send(());
                    return Ended::Suspended;
                }
                // Every other reply is dropped, which says that the broadcast is gone.
                Some(_) => {}
                None => return Ended::Over,
            },
        }
    }
}
