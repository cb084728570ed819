//! A seat: one peer's place in a room, and the task that owns its media. It outlives connections.
//!
//! ```text
//!            attach                connection lost            kept_for over, or leave
//! (joined) ─────────▶ Attached ◀──────────────────▶ Detached ─────────────────────────▶ (ended: the room sees it leave)
//!                        │  ▲        attach
//!                        └──┘ attach by another connection: the former one is displaced
//! ```
//!
//! Requests are answered one after another. Nothing is shared: connections and the room send commands.

use std::{convert::Infallible, sync::Arc};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{
    room::{
        handle::RoomHandle,
        media::Media,
        media_state::MediaState,
        tracks::{Slot, Tracks},
    },
    signaling::{
        errors::{Direction, RequestError},
        messages::*,
        request::{Reply, Request},
    },
};

/// Commands that may wait.
const MAILBOX: usize = 64;

/// Which seat: a peer that comes back with a token has another than before.
#[derive(Clone, Debug)]
pub struct SeatId {
    /// Whose.
    pub peer_id: String,
    /// Of its session.
    pub session_id: String,
}

/// A seat's address. Clones reach the same seat.
#[derive(Clone, Debug)]
pub struct SeatHandle {
    commands: mpsc::Sender<Command>,
    media: watch::Receiver<Arc<MediaState>>,
}

#[derive(Debug)]
enum Command {
    Ask {
        by: u64,
        request: Request,
        reply: oneshot::Sender<Result<Reply, RequestError>>,
    },
    Attach(oneshot::Sender<Attachment>),
    Kept(oneshot::Sender<KeptMedia>),
    Mute {
        slot: Slot,
        reply: Muting,
    },
    Refresh(Tracks),
    Leave {
        by: u64,
    },
    #[cfg(test)]
    Panic,
}

/// Answers a host who mutes somebody, in any case: whoever is gone meanwhile is as quiet as was wanted.
#[derive(Debug)]
struct Muting(Option<oneshot::Sender<Result<(), RequestError>>>);

impl Muting {
    fn is_awaited(&self) -> bool {
        self.0.as_ref().is_some_and(|reply| !reply.is_closed())
    }

    fn answer(mut self, outcome: Result<(), RequestError>) {
        if let Some(reply) = self.0.take() {
            // A host that is gone needs no answer.
            drop(reply.send(outcome));
        }
    }
}

impl Drop for Muting {
    fn drop(&mut self) {
        if let Some(reply) = self.0.take() {
            drop(reply.send(Ok(())));
        }
    }
}

/// A connection's hold on a seat: dropping it detaches. What a connection asks that has the seat no more is refused.
#[derive(Debug)]
pub struct Attachment {
    /// The seat.
    pub seat: SeatHandle,
    number: u64,
    /// True once the seat has let go of the connection. A seat that ends without a word has panicked.
    displaced: watch::Receiver<bool>,
    _held: oneshot::Sender<Infallible>,
}

/// The seat's side of an attachment.
#[derive(Debug)]
struct Attached {
    number: u64,
    lost: oneshot::Receiver<Infallible>,
    displacer: watch::Sender<bool>,
}

impl Attachment {
    /// Asks for media. The answer comes after those of all earlier questions.
    pub async fn ask(&self, request: Request) -> Result<Reply, RequestError> {
        self.seat.call(|reply| Command::Ask { by: self.number, request, reply }).await?
    }

    /// What the seat has in mediasoup.
    pub async fn kept(&self) -> Result<KeptMedia, RequestError> {
        self.seat.call(Command::Kept).await
    }

    /// How its media arrives.
    pub fn media(&self) -> watch::Receiver<Arc<MediaState>> {
        self.seat.media.clone()
    }

    /// Ends the seat, and waits until it has ended. False when it goes on: another connection has it.
    pub async fn leave(&mut self) -> bool {
        let commands = self.seat.commands.clone();
        if commands.send(Command::Leave { by: self.number }).await.is_err() {
            return true;
        }
        tokio::select! {
            biased;
            () = commands.closed() => true,
            () = self.displaced() => commands.is_closed(),
        }
    }

    /// Waits until the seat has ended or another connection has it.
    pub async fn displaced(&mut self) {
        // An end without a word is one, too.
        let _let_go = self.displaced.wait_for(|displaced| *displaced).await;
    }

    /// Why the connection has the seat no more, if it has not, as far as the seat knows.
    pub fn farewell(&self) -> Option<RequestError> {
        // Asked first: then the last word is known.
        let has_ended = self.displaced.has_changed().is_err();
        if *self.displaced.borrow() {
            return Some(RequestError::SessionTaken);
        }
        has_ended.then_some(RequestError::Fault)
    }
}

impl SeatHandle {
    /// Attaches a connection; a former one is displaced.
    pub async fn attach(&self) -> Result<Attachment, RequestError> {
        self.call(Command::Attach).await
    }

    /// Has the seat pause one of its producers. The room calls this and must not wait, so the answer goes elsewhere.
    pub fn mute(&self, slot: Slot, reply: oneshot::Sender<Result<(), RequestError>>) {
        let mute = Command::Mute { slot, reply: Muting(Some(reply)) };
        if let Err(mpsc::error::TrySendError::Full(Command::Mute { reply, .. })) =
            self.commands.try_send(mute)
        {
            reply.answer(Err(RequestError::Busy));
        }
    }

    /// Has another peer's `tracks` begin anew at this one. A seat that is too busy for that sees them a little later.
    pub fn refresh(&self, tracks: Tracks) {
        drop(self.commands.try_send(Command::Refresh(tracks)));
    }

    /// Has the seat end by a panic.
    #[cfg(test)]
    pub fn panic(&self) {
        self.commands.try_send(Command::Panic).expect("a seat");
    }

    async fn call<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> Command,
    ) -> Result<T, RequestError> {
        let (reply, answer) = oneshot::channel();
        let over = |_| RequestError::SessionNotFound;
        self.commands.send(command(reply)).await.map_err(|_| RequestError::SessionNotFound)?;
        answer.await.map_err(over)
    }
}

/// The task's state; see the module's drawing.
pub struct Seat {
    id: SeatId,
    role: Role,
    room: RoomHandle,
    media: Media,
    /// Closed before `attached` is let go of: whoever is displaced sees whether the seat has ended.
    inbox: mpsc::Receiver<Command>,
    handle: SeatHandle,
    state: watch::Sender<Arc<MediaState>>,
    attached: Option<Attached>,
    attachments: u64,
    /// By the room.
    ended: CancellationToken,
    lapses: Instant,
}

impl Seat {
    /// A seat of `peer_id` in `room`, attached already: the task to run, and the connection's hold.
    pub fn take(
        room: RoomHandle,
        id: SeatId,
        role: Role,
        ended: CancellationToken,
    ) -> (Self, Attachment) {
        let (commands, inbox) = mpsc::channel(MAILBOX);
        let (state, media) = watch::channel(Arc::default());
        let handle = SeatHandle { commands, media };
        let mut seat = Self {
            media: Media::new(room.clone(), id.peer_id.clone()),
            id,
            role,
            room,
            inbox,
            handle,
            state,
            attached: None,
            attachments: 0,
            ended,
            lapses: Instant::now(),
        };
        let attachment = seat.attach();
        (seat, attachment)
    }

    /// Runs the seat to its end; everything it has is closed with it.
    pub async fn run(mut self) {
        self.serve().await;
        self.inbox.close();
        self.displace();
    }

    async fn serve(&mut self) {
        loop {
            tokio::select! {
                biased;
                () = self.ended.cancelled() => return,
                command = self.inbox.recv() => match command {
                    None => return,
                    Some(Command::Leave { by }) => if self.is_attached(by) {
                        return;
                    },
                    // Nobody waits for the answer any more: the client was told that it came too late.
                    Some(Command::Attach(reply)) if reply.is_closed() => {}
                    Some(Command::Mute { reply, .. }) if !reply.is_awaited() => {}
                    Some(Command::Ask { reply, .. }) if reply.is_closed() => {}
                    Some(Command::Attach(reply)) => {
                        let attachment = self.attach();
                        self.tell_connection(false).await;
                        // A connection that is gone meanwhile is a lost one.
                        drop(reply.send(attachment));
                    }
                    #[cfg(test)]
                    Some(Command::Panic) => panic!("a test asks for it"),
                    Some(Command::Kept(reply)) => drop(reply.send(self.media.kept())),
                    Some(Command::Mute { slot, reply }) => {
                        let muted = self.media.mute(slot).await;
                        self.publish().await;
                        reply.answer(muted);
                    }
                    Some(Command::Refresh(tracks)) => {
                        self.media.refresh(|id| tracks.iter().any(|it| it.producer == id)).await;
                    }
                    Some(Command::Ask { by, reply, .. }) if !self.is_attached(by) => {
                        drop(reply.send(Err(RequestError::SessionTaken)));
                    }
                    Some(Command::Ask { request, reply, .. }) => {
                        let outcome = self.answer(request).await;
                        drop(reply.send(outcome));
                    }
                },
                () = lost(&mut self.attached) => {
                    self.attached = None;
                    self.lapses = Instant::now() + self.room.seat_grace;
                    self.tell_connection(true).await;
                }
                () = sleep_until(self.lapses), if self.attached.is_none() => return,
                direction = self.media.moved() => match direction {
                    Direction::Producer => self.room.moved(self.id.clone()).await,
                    Direction::Consumer => self.media.refresh(|_| true).await,
                },
                () = self.media.changed() => {
                    let now = self.media.state();
                    self.state.send_if_modified(|told| {
                        let changed = **told != now;
                        *told = Arc::new(now);
                        changed
                    });
                }
            }
        }
    }

    fn attach(&mut self) -> Attachment {
        self.displace();
        let (displacer, displaced) = watch::channel(false);
        let (held, lost) = oneshot::channel();
        self.attachments += 1;
        let number = self.attachments;
        self.attached = Some(Attached { number, lost, displacer });
        Attachment { seat: self.handle.clone(), number, displaced, _held: held }
    }

    /// Lets go of the connection that has the seat, if one has.
    fn displace(&mut self) {
        if let Some(attached) = self.attached.take() {
            attached.displacer.send_replace(true);
        }
    }

    fn is_attached(&self, number: u64) -> bool {
        self.attached.as_ref().is_some_and(|attached| attached.number == number)
    }

    async fn tell_connection(&self, reconnecting: bool) {
        self.room.connection_changed(self.id.clone(), reconnecting).await;
    }

    /// Says all that the peer sends now.
    async fn publish(&self) {
        self.room.publish(self.id.clone(), self.media.tracks()).await;
    }

    async fn answer(&mut self, request: Request) -> Result<Reply, RequestError> {
        let media = &mut self.media;
        let sends = self.role == Role::Publisher;
        let reply: Reply = match request {
            Request::GetRouterRtpCapabilities => {
                let rtp_capabilities = self.room.capabilities.clone();
                return Ok(RouterCapabilities { rtp_capabilities }.into());
            }
            Request::ListProducers => return Ok(self.room.view.borrow().producers().into()),
            Request::CreateProducerTransport | Request::Produce(_) if !sends => {
                return Err(RequestError::ViewersSendNothing);
            }
            Request::CreateProducerTransport => {
                return Ok(media.create_transport(Direction::Producer).await?.into());
            }
            Request::CreateConsumerTransport => {
                return Ok(media.create_transport(Direction::Consumer).await?.into());
            }
            Request::ConnectProducerTransport(connect) => {
                media.connect(Direction::Producer, connect.dtls_parameters).await?;
                return Ok(Connected::default().into());
            }
            Request::ConnectConsumerTransport(connect) => {
                media.connect(Direction::Consumer, connect.dtls_parameters).await?;
                return Ok(Connected::default().into());
            }
            Request::RestartIce(transport) => {
                return Ok(media.restart_ice(&transport.transport_id).await?.into());
            }
            Request::Consume(consume) => return Ok(media.consume(*consume).await?.into()),
            Request::PauseConsumer(consumer) => {
                media.pause_consumer(&consumer.consumer_id).await?;
                return Ok(Paused::default().into());
            }
            Request::ResumeConsumer(consumer) => {
                media.resume_consumer(&consumer.consumer_id).await?;
                return Ok(Resumed::default().into());
            }
            Request::CloseConsumer(consumer) => {
                media.close_consumer(&consumer.consumer_id);
                return Ok(Closed::default().into());
            }
            Request::SetPreferredLayers(wanted) => {
                return Ok(media.prefer_layers(*wanted).await?.into());
            }
            Request::Produce(produce) => Produced { id: media.produce(*produce).await? }.into(),
            Request::PauseProducer(producer) => {
                media.pause_producer(&producer.producer_id).await?;
                Paused::default().into()
            }
            Request::ResumeProducer(producer) => {
                media.resume_producer(&producer.producer_id).await?;
                Resumed::default().into()
            }
            Request::CloseProducer(producer) => {
                media.close_producer(&producer.producer_id).await?;
                Closed::default().into()
            }
            Request::StopProducing => {
                media.close_producers().await;
                Stopped::default().into()
            }
            // What concerns no media is answered by the connection.
            _ => return Err(RequestError::AlreadyJoined(self.room.id().to_owned())),
        };
        // What this peer sends has changed: the room hears it before the peer is answered.
        self.publish().await;
        Ok(reply)
    }
}

/// Waits until the attached connection is gone; for ever when there is none.
async fn lost(attached: &mut Option<Attached>) {
    match attached {
        // Nothing is ever sent: the end of the sender is the message.
        Some(attached) => drop((&mut attached.lost).await),
        None => std::future::pending().await,
    }
}
