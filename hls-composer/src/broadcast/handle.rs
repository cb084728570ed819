//! A broadcast's address: its commands as calls, its states to watch.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::{BroadcastError, Claim, Outcome, SceneUpdate, Scope, Status};
use crate::{
    ingest::{
        Step,
        sdp::{Kind, Track},
    },
    packager::View,
};

/// A broadcast's address.
#[derive(Clone, Debug)]
pub struct Handle {
    /// The broadcast, whole.
    pub status: watch::Receiver<Arc<Status>>,
    /// What viewers are served.
    pub view: watch::Receiver<Arc<View>>,
    pub(super) commands: mpsc::Sender<Command>,
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, BroadcastError>>;

/// What a broadcast is told, and by whom it is answered.
#[derive(Debug)]
pub(super) enum Command {
    Open {
        epoch: u64,
        reply: Reply<Claim>,
    },
    Close {
        epoch: u64,
        reply: Reply<()>,
    },
    Reserve {
        epoch: u64,
        request: Reservation,
        reply: Reply<Vec<(Kind, u16)>>,
    },
    Start {
        epoch: u64,
        input: String,
        tracks: Vec<Track>,
        reply: Reply<u32>,
    },
    Confirm {
        epoch: u64,
        input: String,
        generation: u32,
        steps: Vec<Step>,
        reply: Reply<()>,
    },
    SetPaused {
        epoch: u64,
        input: String,
        kinds: Vec<Kind>,
        reply: Reply<u32>,
    },
    Stop {
        epoch: u64,
        input: String,
        reply: Reply<()>,
    },
    Scene {
        epoch: u64,
        update: SceneUpdate,
        reply: Reply<()>,
    },
    Restart {
        scope: Scope,
        reply: Reply<oneshot::Receiver<Outcome>>,
    },
    Snapshot {
        reply: oneshot::Sender<Status>,
    },
    Suspend {
        done: oneshot::Sender<()>,
    },
    /// A task of the broadcast panics; the actor's own is the `broadcast`.
    #[cfg(test)]
    Poison(&'static str),
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
    /// Which tracks of an input are paused; answers the generation to resume.
    set_paused(epoch: u64, input: String, kinds: Vec<Kind>) -> u32 = SetPaused;
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

    /// A task of the broadcast panics.
    #[cfg(test)]
    pub async fn poison(&self, task: &'static str) {
        self.commands.send(Command::Poison(task)).await.expect("a broadcast that runs");
    }

    fn gone(&self) -> BroadcastError {
        BroadcastError::UnknownBroadcast(self.status.borrow().room_id.clone())
    }
}
