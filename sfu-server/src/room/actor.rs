//! The room actor: the one owner of who is in a room, what they send, and how the room is set.
//!
//! ```text
//!            Join/Publish            last seat ends              linger over
//! (open) ──▶ Inhabited ────────────▶ Empty ────────────────────▶ view.closed ─▶ (ended: the directory forgets it)
//!              ▲      └─ worker lost, End ─▶ view.closed ─▶ (ended)
//!              └──────── Join ─────────┘
//! ```
//!
//! It awaits only its mailbox, its seats and watches; media work happens in the seats. A room that ends says why in
//! `view.closed` first: one that is gone without that has panicked.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    broadcast::{self, DesiredBroadcast},
    media::{codecs, relays::Relays, workers::Placement},
    room::{
        admission::{self, Capacity, Claim, Entrance, Place},
        charter::Charter,
        handle::{Command, Joined, RoomHandle},
        host::HostOrder,
        observers::Observers,
        seat::{Seat, SeatHandle, SeatId},
        speech::Speech,
        view::{Member, RoomView},
    },
    signaling::{
        errors::RequestError,
        messages::{AudioLevel, BroadcastStatus},
    },
    tokens::{Digest, Revocation, Revoker, random_name},
};

/// How long the seats of a room that ends may take with what they have in hand.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a new room waits for the first who enters, at the least.
const FIRST_JOIN: Duration = Duration::from_secs(10);
/// Commands that may wait in a room's mailbox.
const MAILBOX: usize = 256;
/// Characters of a session's id and of its secret.
const SESSION_ID_LENGTH: usize = 16;
const SESSION_SECRET_LENGTH: usize = 32;

/// What every room is told at its start.
#[derive(Clone, Debug)]
pub struct RoomConfig {
    /// Most peers.
    pub capacity: Capacity,
    /// Most producers of one peer.
    pub max_producers: usize,
    /// How long a seat is kept whose connection is lost.
    pub seat_grace: Duration,
    /// How long an empty room (and its broadcast) stays.
    pub linger: Duration,
    /// What browsers are told of relays.
    pub relays: Relays,
    /// Remembers that a room has ended.
    pub revoker: Revoker,
    /// How broadcasts are driven; none when they are off.
    pub broadcasts: Option<broadcast::Config>,
}

/// Prepares a room on `placement`: its handle, and the actor to run.
pub async fn open(
    charter: Charter,
    placement: Placement,
    config: RoomConfig,
) -> Result<(RoomHandle, RoomActor), RequestError> {
    let (commands, inbox) = mpsc::channel(MAILBOX);
    let observers =
        Observers::open(&placement.router, &commands).await.map_err(RequestError::Media)?;
    let room = RoomView { settings: charter.settings.clone(), ..RoomView::default() };
    let (publisher, view) = watch::channel(Arc::new(room.clone()));
    let capabilities = codecs::browser_capabilities(&placement.router);
    let charter = Arc::new(charter);
    let (desired, broadcast) = match config.broadcasts.clone() {
        None => (None, None),
        Some(broadcasts) => {
            let (desired, wanted) = watch::channel(DesiredBroadcast::default());
            let status = broadcast::drive(broadcasts, charter.clone(), placement.clone(), wanted);
            (Some(desired), Some(status))
        }
    };
    let handle = RoomHandle {
        charter,
        placement,
        capabilities,
        observers,
        relays: config.relays.clone(),
        max_producers: config.max_producers,
        seat_grace: config.seat_grace,
        view,
        commands,
    };
    let actor = RoomActor {
        handle: handle.clone(),
        config,
        inbox,
        publisher,
        room,
        speech: Speech::default(),
        joins: 0,
        seats: HashMap::new(),
        running: JoinSet::new(),
        empty_since: Instant::now(),
        desired,
        broadcast,
    };
    Ok((handle, actor))
}

/// See the module's drawing.
pub struct RoomActor {
    handle: RoomHandle,
    config: RoomConfig,
    inbox: mpsc::Receiver<Command>,
    publisher: watch::Sender<Arc<RoomView>>,
    room: RoomView,
    speech: Speech,
    joins: u64,
    /// By peer.
    seats: HashMap<String, Held>,
    running: JoinSet<()>,
    empty_since: Instant,
    desired: Option<watch::Sender<DesiredBroadcast>>,
    broadcast: Option<watch::Receiver<BroadcastStatus>>,
}

/// A seat, as the room holds it.
struct Held {
    seat: SeatHandle,
    session_id: String,
    secret: Digest,
    task: tokio::task::Id,
    /// Ends the seat when it is dropped, once the request in hand is answered: what is half made in mediasoup would be
    /// nobody's.
    _ended: DropGuard,
}

impl RoomActor {
    /// Runs the room to its end, after which nobody opens it again but for the loss of its worker.
    pub async fn run(mut self) {
        let room_id = self.handle.id().to_owned();
        tracing::info!(room = %room_id, watch = %self.handle.charter.watch_id, "room opened");
        let worker_lost = self.handle.placement.lost.clone();
        while self.room.closed.is_none() {
            let empty = self.room.members.is_empty();
            // A new room waits for whom it was opened for.
            let unused = if self.joins == 0 { FIRST_JOIN } else { Duration::ZERO };
            let linger_over = self.empty_since + self.config.linger.max(unused);
            tokio::select! {
                // The room holds a sender itself.
                Some(command) = self.inbox.recv() => self.apply(command),
                Some(ended) = self.running.join_next_with_id() => match ended {
                    Ok((task, ())) => self.seat_ended(task, false),
                    Err(error) => self.seat_ended(error.id(), error.is_panic()),
                },
                () = worker_lost.cancelled() => {
                    tracing::error!(room = %room_id, "room ends: its media worker is lost");
                    self.room.closed = Some(RequestError::WorkerLost);
                }
                status = changed(&mut self.broadcast) => self.room.broadcast = status,
                () = sleep_until(linger_over), if empty => {
                    self.room.closed = Some(RequestError::RoomNotFound(room_id.clone()));
                }
            }
            self.publish();
        }
        let closed = self.room.closed.as_ref();
        let revocation = closed.and_then(|it| Revocation::of_end(it, self.handle.charter.host));
        let revoker = self.config.revoker.clone();
        let revoked = async {
            if let Some(what) = revocation {
                revoker.revoke(what).await;
            }
        };
        // The directory forgets the room when both are done. Until then it is known to be over by its view, and from then on
        // by the list, also after the death of this process.
        tokio::join!(self.end(), revoked);
    }

    fn apply(&mut self, command: Command) {
        match command {
            Command::Join { entrance, reply } => {
                let joined = self.join(*entrance);
                // A joiner that is gone drops its hold on the seat.
                drop(reply.send(joined));
            }
            Command::Resume { session_id, secret, reply } => {
                drop(reply.send(self.find_session(&session_id, secret)));
            }
            Command::Publish { from, tracks, told } => {
                if let Some(member) = self.member(&from) {
                    member.tracks = tracks;
                    self.publish();
                }
                drop(told.send(Ok(())));
            }
            Command::Connection { from, reconnecting, told } => {
                let peer_id = from.peer_id.clone();
                if let Some(member) = self.member(&from)
                    && member.reconnecting != reconnecting
                {
                    member.reconnecting = reconnecting;
                    let what =
                        if reconnecting { "peer lost its connection" } else { "peer is back" };
                    tracing::info!(room = %self.handle.id(), peer = %peer_id, "{what}");
                    // Whoever comes back is told the room as it is.
                    self.publish();
                }
                drop(told.send(Ok(())));
            }
            Command::Moved { from, told } => {
                if let Some(&mut Member { tracks, .. }) = self.member(&from) {
                    self.seats.values().for_each(|held| held.seat.refresh(tracks));
                }
                drop(told.send(Ok(())));
            }
            // The host was told that it came too late.
            Command::Order { reply, .. } if reply.is_closed() => {}
            Command::Order { by, order, reply } => self.obey(&by, order, reply),
            Command::Heard(heard) => self.speech.hear(heard),
            #[cfg(test)]
            Command::Panic { seat: Some(peer_id) } => self.seats[&peer_id].seat.panic(),
            #[cfg(test)]
            Command::Panic { seat: None } => panic!("a test asks for it"),
        }
    }

    fn join(&mut self, entrance: Entrance) -> Result<Joined, RequestError> {
        self.learn_settings(&entrance.claim);
        let charter = &self.handle.charter;
        let Place { peer_id, role, host, joined } =
            admission::admit(&entrance, charter, &self.room, self.config.capacity)?;
        self.joins = joined.unwrap_or(self.joins + 1).max(self.joins);
        let joined = joined.unwrap_or(self.joins);

        let (session_id, secret) =
            (random_name(SESSION_ID_LENGTH), random_name(SESSION_SECRET_LENGTH));
        let id = SeatId { peer_id: peer_id.clone(), session_id: session_id.clone() };
        let ended = CancellationToken::new();
        let (seat, attachment) = Seat::take(self.handle.clone(), id, role, ended.clone());
        let held = Held {
            seat: attachment.seat.clone(),
            session_id: session_id.clone(),
            secret: Digest::of(&secret),
            task: self.running.spawn(seat.run()).id(),
            _ended: ended.drop_guard(),
        };
        // Whoever returns with a token leaves its former seat; others see it stay.
        drop(self.seats.insert(peer_id.clone(), held));
        let display_name = entrance.display_name;
        let member = Member { display_name, role, host, joined, ..Member::default() };
        self.room.members.insert(peer_id.clone(), member);
        tracing::info!(room = %self.handle.id(), peer = %peer_id, ?role, host, "peer joined");
        // A joiner reads the view right after its answer: it must find itself there.
        self.publish();
        Ok(Joined { peer_id, session_id, secret, attachment })
    }

    /// After a restart of the server the first who returns opens the room as it knew it; a later one may know more.
    fn learn_settings(&mut self, claim: &Claim) {
        if let Claim::Returning(reentry) = claim
            && reentry.charter.host == self.handle.charter.host
            && reentry.charter.settings.revision > self.room.settings.revision
        {
            self.room.settings = reentry.charter.settings.clone();
            // Whoever came in by older settings, and would not be let in by these.
            let RoomView { members, settings, .. } = &self.room;
            let out = members.iter().filter(|(id, member)| settings.keeps_out(id, member.host));
            let out: Vec<String> = out.map(|(id, _)| id.clone()).collect();
            out.iter().for_each(|peer_id| self.forget(peer_id));
        }
    }

    /// Whom a seat speaks for. A former seat of the same peer, whose last words come late, speaks for nobody.
    fn member(&mut self, from: &SeatId) -> Option<&mut Member> {
        let held = self.seats.get(&from.peer_id)?;
        let is_current = held.session_id == from.session_id;
        self.room.members.get_mut(&from.peer_id).filter(|_| is_current)
    }

    fn find_session(
        &self,
        session_id: &str,
        secret: Digest,
    ) -> Result<(String, SeatHandle), RequestError> {
        let mut seats = self.seats.iter();
        let found = seats.find(|(_, held)| held.session_id == session_id && held.secret == secret);
        let (peer_id, held) = found.ok_or(RequestError::SessionNotFound)?;
        Ok((peer_id.clone(), held.seat.clone()))
    }

    fn obey(
        &mut self,
        by: &str,
        order: HostOrder,
        reply: oneshot::Sender<Result<(), RequestError>>,
    ) {
        let outcome = match order.check(by, &self.room) {
            Err(error) => Err(error),
            Ok(()) => {
                tracing::info!(room = %self.handle.id(), host = %by, ?order, "a host's order");
                let members = self.room.members.keys();
                self.room.settings =
                    self.room.settings.changed(|settings| order.change(settings, members));
                match &order {
                    HostOrder::Mute { peer_id, slot } => {
                        if let Some(held) = self.seats.get(peer_id) {
                            return held.seat.mute(*slot, reply);
                        }
                    }
                    HostOrder::Remove { peer_id } => self.forget(peer_id),
                    HostOrder::End => self.room.closed = Some(RequestError::EndedByHost),
                    HostOrder::Lock { .. } | HostOrder::Layout { .. } | HostOrder::Pin { .. } => {}
                }
                // What a host has ordered is told to the room before the host is answered.
                self.publish();
                Ok(())
            }
        };
        // A host that is gone needs no answer.
        drop(reply.send(outcome));
    }

    fn seat_ended(&mut self, task: tokio::task::Id, panicked: bool) {
        let mut seats = self.seats.iter();
        let ended = seats.find(|(_, held)| held.task == task).map(|(peer_id, _)| peer_id.clone());
        // A seat that was taken again ends unnoticed.
        if let Some(peer_id) = ended {
            let room = self.handle.id();
            if panicked {
                tracing::error!(%room, peer = %peer_id, "a fault of the server has ended a peer's seat; its client is told to join again: the log says where, above");
            } else {
                tracing::info!(%room, peer = %peer_id, "peer left");
            }
            self.forget(&peer_id);
        }
    }

    /// Ends a peer's seat, if it has one.
    fn forget(&mut self, peer_id: &str) {
        self.room.members.remove(peer_id);
        if let Some(held) = self.seats.remove(peer_id) {
            // A displaced connection reads here why.
            self.publish();
            drop(held);
        }
        if self.room.members.is_empty() {
            self.empty_since = Instant::now();
        }
    }

    fn publish(&mut self) {
        let room = &self.room;
        let speaker = self.speech.speaker(|producer| room.has_producer(producer));
        let speaker = speaker.and_then(|producer| room.owner(producer)).map(Into::into);
        let levels = self.speech.levels().iter().filter_map(|&(producer, volume)| {
            Some(AudioLevel { peer_id: room.owner(producer)?.into(), volume })
        });
        (self.room.levels, self.room.active_speaker) = (levels.collect(), speaker);
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

    /// Ends the broadcast and waits until it has ended. After the loss of the worker it does not end: whoever returns opens
    /// the room again in a moment, and takes the open playlist over.
    async fn end(mut self) {
        self.inbox.close();
        self.seats.clear();
        // What was asked of the room before, nobody answers; a seat that waits for it goes on.
        while self.inbox.try_recv().is_ok() {}
        let ended = async { while self.running.join_next().await.is_some() {} };
        if timeout(PATIENCE, ended).await.is_err() {
            tracing::warn!(room = %self.handle.id(), "a seat waits for its media worker: it is given up");
            self.running.shutdown().await;
        }
        if self.room.closed == Some(RequestError::WorkerLost) {
            return;
        }
        if let Some(desired) = self.desired.take() {
            desired.send_replace(DesiredBroadcast { over: true, ..DesiredBroadcast::default() });
        }
        while let Some(status) = &mut self.broadcast {
            if status.changed().await.is_err() {
                self.broadcast = None;
            }
        }
        tracing::info!(room = %self.handle.id(), "room closed");
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
