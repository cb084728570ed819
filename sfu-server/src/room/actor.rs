//! The room actor: the one owner of who is in a room and what they send.
//!
//! ```text
//!            Join/Publish            last presence ends          linger over
//! (open) ──▶ Inhabited ────────────▶ Empty ────────────────────▶ (ended: the directory forgets it)
//!              ▲      └─ WorkerLost ─▶ view.closed ─▶ (ended)
//!              └──────── Join ─────────┘
//! ```
//!
//! It awaits only its mailbox, presences and watches; media work happens in peer tasks.

use std::{convert::Infallible, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use mediasoup::prelude::*;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};

use crate::{
    broadcast::{self, DesiredBroadcast},
    media::{codecs, workers::Placement},
    room::{
        tracks::Tracks,
        view::{Member, RoomView},
    },
    signaling::{
        errors::RequestError,
        messages::{BroadcastStatus, ErrorCode, RoomClosed},
    },
};

/// Commands that may wait in a room's mailbox.
const MAILBOX: usize = 256;
/// How often loudness is measured, in milliseconds.
const SPEAKER_INTERVAL: u16 = 300;
/// What counts as speech, in dBvo.
const SPEAKER_THRESHOLD: i8 = -55;

/// What every room is told at its start.
#[derive(Clone, Debug)]
pub struct RoomConfig {
    /// Most peers.
    pub max_peers: usize,
    /// How long an empty room (and its broadcast) stays.
    pub linger: Duration,
    /// How broadcasts are driven; none when they are off.
    pub broadcasts: Option<broadcast::Config>,
}

/// A room's address. Clones reach the same room.
#[derive(Clone, Debug)]
pub struct RoomHandle {
    /// The room's id.
    pub id: Arc<str>,
    /// Where its media runs.
    pub placement: Placement,
    /// What browsers may send.
    pub capabilities: RtpCapabilitiesFinalized,
    /// Hears who speaks.
    pub observer: AudioLevelObserver,
    /// The room, whole.
    pub view: watch::Receiver<Arc<RoomView>>,
    commands: mpsc::Sender<Command>,
}

/// A peer's place in a room: dropping it is leaving.
#[derive(Debug)]
pub struct Presence {
    _held: oneshot::Sender<Infallible>,
}

#[derive(Debug)]
enum Command {
    Join {
        peer_id: String,
        display_name: Option<String>,
        left: oneshot::Receiver<Infallible>,
        reply: oneshot::Sender<Result<(), RequestError>>,
    },
    Publish {
        peer_id: String,
        tracks: Tracks,
    },
    Speaks(Option<ProducerId>),
    WorkerLost,
}

impl RoomHandle {
    /// Enters the room. The presence ends with the returned value.
    pub async fn join(
        &self,
        peer_id: String,
        display_name: Option<String>,
    ) -> Result<Presence, RequestError> {
        let (held, left) = oneshot::channel();
        let (reply, answer) = oneshot::channel();
        let gone = || RequestError::RoomNotFound(self.id.to_string());
        self.commands
            .send(Command::Join { peer_id, display_name, left, reply })
            .await
            .map_err(|_| gone())?;
        answer.await.map_err(|_| gone())??;
        Ok(Presence { _held: held })
    }

    /// Says all that a peer sends now.
    pub async fn publish(&self, peer_id: String, tracks: Tracks) -> Result<(), RequestError> {
        self.commands
            .send(Command::Publish { peer_id, tracks })
            .await
            .map_err(|_| RequestError::RoomNotFound(self.id.to_string()))
    }
}

/// Prepares a room on `placement`: its handle, and the actor to run.
pub async fn open(
    id: &str,
    placement: Placement,
    config: RoomConfig,
) -> Result<(RoomHandle, RoomActor), RequestError> {
    let mut options = AudioLevelObserverOptions::default();
    options.interval = SPEAKER_INTERVAL;
    options.threshold = SPEAKER_THRESHOLD;
    let observer = placement
        .router
        .create_audio_level_observer(options)
        .await
        .map_err(|error| RequestError::Media(error.to_string()))?;

    let id: Arc<str> = id.into();
    let (commands, inbox) = mpsc::channel(MAILBOX);
    let (publisher, view) = watch::channel(Arc::default());
    // mediasoup's callbacks must not block: a full mailbox costs one speaker change, and the next is 0.3 s away.
    let speaks = commands.clone();
    observer
        .on_volumes(move |volumes| {
            let loudest = volumes.iter().max_by_key(|v| v.volume).map(|v| v.producer.id());
            drop(speaks.try_send(Command::Speaks(loudest)));
        })
        .detach();
    let silence = commands.clone();
    observer.on_silence(move || drop(silence.try_send(Command::Speaks(None)))).detach();
    let lost = commands.clone();
    placement.router.on_worker_close(move || drop(lost.try_send(Command::WorkerLost))).detach();

    let capabilities = codecs::browser_capabilities(&placement.router);
    let (desired, broadcast) = match config.broadcasts.clone() {
        None => (None, None),
        Some(broadcasts) => {
            let (desired, wanted) = watch::channel(DesiredBroadcast::default());
            let status = broadcast::drive(broadcasts, id.clone(), placement.clone(), wanted);
            (Some(desired), Some(status))
        }
    };
    let handle = RoomHandle { id: id.clone(), placement, capabilities, observer, view, commands };
    let actor = RoomActor {
        id,
        config,
        inbox,
        publisher,
        room: RoomView::default(),
        joins: 0,
        presences: FuturesUnordered::new(),
        empty_since: Instant::now(),
        desired,
        broadcast,
    };
    Ok((handle, actor))
}

/// See the module's drawing.
pub struct RoomActor {
    id: Arc<str>,
    config: RoomConfig,
    inbox: mpsc::Receiver<Command>,
    publisher: watch::Sender<Arc<RoomView>>,
    room: RoomView,
    joins: u64,
    presences: FuturesUnordered<BoxFuture<'static, String>>,
    empty_since: Instant,
    desired: Option<watch::Sender<DesiredBroadcast>>,
    broadcast: Option<watch::Receiver<BroadcastStatus>>,
}

impl RoomActor {
    /// Runs the room to its end.
    pub async fn run(mut self) {
        tracing::info!(room = %self.id, "room opened");
        while self.room.closed.is_none() {
            let empty = self.room.members.is_empty();
            let linger_over = self.empty_since + self.config.linger;
            tokio::select! {
                command = self.inbox.recv() => match command {
                    Some(command) => self.apply(command),
                    None => break,
                },
                Some(peer_id) = self.presences.next() => self.leave(&peer_id),
                status = changed(&mut self.broadcast) => self.room.broadcast = status,
                () = sleep_until(linger_over), if empty => break,
            }
            self.publish();
        }
        self.end().await;
    }

    fn apply(&mut self, command: Command) {
        match command {
            Command::Join { peer_id, display_name, left, reply } => {
                let joined = self.join(peer_id, display_name, left);
                // A joiner that is gone leaves through its presence.
                drop(reply.send(joined));
            }
            Command::Publish { peer_id, tracks } => {
                if let Some(member) = self.room.members.get_mut(&peer_id) {
                    member.tracks = tracks;
                }
            }
            Command::Speaks(producer) => {
                let speaker = producer.and_then(|producer| {
                    self.room.members.iter().find_map(|(id, member)| {
                        let mine = member.tracks.iter().any(|track| track.producer == producer);
                        mine.then(|| id.clone())
                    })
                });
                self.room.active_speaker = speaker;
            }
            Command::WorkerLost => {
                let lost = RequestError::WorkerLost;
                tracing::error!(room = %self.id, "room ends: its media worker died");
                self.room.closed =
                    Some(RoomClosed { reason: lost.to_string(), code: ErrorCode::WorkerLost });
            }
        }
    }

    fn join(
        &mut self,
        peer_id: String,
        display_name: Option<String>,
        left: oneshot::Receiver<Infallible>,
    ) -> Result<(), RequestError> {
        let max = self.config.max_peers;
        if self.room.members.len() >= max {
            return Err(RequestError::RoomFull { room: self.id.to_string(), max });
        }
        self.joins += 1;
        tracing::info!(room = %self.id, peer = %peer_id, "peer joined");
        let member = Member { display_name, tracks: Tracks::default(), joined: self.joins };
        self.room.members.insert(peer_id.clone(), member);
        self.presences.push(Box::pin(async move {
            // Nothing is ever sent: the end of the sender is the message.
            let _ended = left.await;
            peer_id
        }));
        // A joiner reads the view right after its answer: it must find itself there.
        self.publish();
        Ok(())
    }

    fn leave(&mut self, peer_id: &str) {
        tracing::info!(room = %self.id, peer = %peer_id, "peer left");
        self.room.members.remove(peer_id);
        if self.room.active_speaker.as_deref() == Some(peer_id) {
            self.room.active_speaker = None;
        }
        if self.room.members.is_empty() {
            self.empty_since = Instant::now();
        }
    }

    fn publish(&mut self) {
        if let Some(desired) = &self.desired {
            let wanted = DesiredBroadcast::of(&self.room);
            desired.send_if_modified(|current| {
                let changed = *current != wanted;
                *current = wanted;
                changed
            });
        }
        if **self.publisher.borrow() != self.room {
            self.publisher.send_replace(Arc::new(self.room.clone()));
        }
    }

    /// Ends the broadcast and waits until it has ended, so that the directory forgets the room only then.
    async fn end(mut self) {
        if let Some(desired) = self.desired.take() {
            desired.send_replace(DesiredBroadcast { over: true, ..DesiredBroadcast::default() });
        }
        while let Some(status) = &mut self.broadcast {
            if status.changed().await.is_err() {
                self.broadcast = None;
            }
        }
        tracing::info!(room = %self.id, "room closed");
    }
}

/// The next status; never, when there is no broadcast (any more).
async fn changed(status: &mut Option<watch::Receiver<BroadcastStatus>>) -> BroadcastStatus {
    if let Some(watched) = status {
        if watched.changed().await.is_ok() {
            return watched.borrow_and_update().clone();
        }
        *status = None;
    }
    std::future::pending().await
}
