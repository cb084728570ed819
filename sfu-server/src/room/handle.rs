//! A room's address: what may be asked of its actor, and what everybody in it shares.

use std::{sync::Arc, time::Duration};

use mediasoup::prelude::*;
use tokio::sync::{mpsc, oneshot, watch};

use crate::{
    media::{relays::Relays, workers::Placement},
    room::{
        admission::Entrance,
        charter::Charter,
        host::HostOrder,
        observers::Observers,
        seat::{Attachment, SeatHandle, SeatId},
        speech::Heard,
        tracks::Tracks,
        view::RoomView,
    },
    signaling::errors::RequestError,
    tokens::{Digest, Revocation},
};

/// A room's address. Clones reach the same room.
#[derive(Clone, Debug)]
pub struct RoomHandle {
    /// Its names and host token. Settings change: the view has them.
    pub charter: Arc<Charter>,
    /// Where its media runs.
    pub placement: Placement,
    /// What browsers may send.
    pub capabilities: RtpCapabilitiesFinalized,
    /// Hear who speaks.
    pub observers: Observers,
    /// What browsers are told of relays.
    pub relays: Relays,
    /// Most producers of one peer.
    pub max_producers: usize,
    /// How long a seat is kept whose connection is lost.
    pub seat_grace: Duration,
    /// The room, whole.
    pub view: watch::Receiver<Arc<RoomView>>,
    /// To its actor.
    pub commands: mpsc::Sender<Command>,
}

/// What was asked of the room.
#[derive(Debug)]
pub enum Command {
    /// Somebody is at the door.
    Join {
        /// What it shows.
        entrance: Box<Entrance>,
        /// Let in, or not.
        reply: oneshot::Sender<Result<Joined, RequestError>>,
    },
    /// Somebody comes back to a seat.
    Resume {
        /// Names the seat.
        session_id: String,
        /// Of the secret.
        secret: Digest,
        /// The peer's id and seat.
        reply: oneshot::Sender<Result<(String, SeatHandle), RequestError>>,
    },
    /// All a peer sends.
    Publish {
        /// Which seat says so.
        from: SeatId,
        /// What.
        tracks: Tracks,
        /// Answered when everybody can know.
        told: oneshot::Sender<Result<(), RequestError>>,
    },
    /// A seat has lost its connection, or has one again.
    Connection {
        /// Whose.
        from: SeatId,
        /// Lost.
        reconnecting: bool,
        /// Answered when everybody can know.
        told: oneshot::Sender<Result<(), RequestError>>,
    },
    /// What a peer sends comes by another path, and a piece of it is lost.
    Moved {
        /// Which seat says so.
        from: SeatId,
        /// Answered when everybody's seat can know.
        told: oneshot::Sender<Result<(), RequestError>>,
    },
    /// A host wants something.
    Order {
        /// Who.
        by: String,
        /// What.
        order: HostOrder,
        /// Done, or not.
        reply: oneshot::Sender<Result<(), RequestError>>,
    },
    /// An observation of mediasoup.
    Heard(Heard),
    /// A fault, of the room or of a peer's seat.
    #[cfg(test)]
    Panic {
        /// Whose; the room's when it is nobody's.
        seat: Option<String>,
    },
}

/// Somebody who has been let in.
#[derive(Debug)]
pub struct Joined {
    /// Who.
    pub peer_id: String,
    /// Names the seat.
    pub session_id: String,
    /// Takes it up again.
    pub secret: String,
    /// The connection's hold on the seat.
    pub attachment: Attachment,
}

impl RoomHandle {
    /// The room's id.
    pub fn id(&self) -> &str {
        &self.charter.room_id
    }

    /// Whether the room takes nobody any more.
    pub fn is_over(&self) -> bool {
        self.commands.is_closed()
    }

    /// Why nobody opens the room again with one of its tokens, if it ends or has ended for good.
    pub fn ending(&self) -> Option<RequestError> {
        let view = self.view.borrow();
        let revocation = Revocation::of_end(view.closed.as_ref()?, self.charter.host)?;
        revocation.of_room(self.charter.host)
    }

    /// The charter of the room as `view` has it.
    pub fn charter_as(&self, view: &RoomView) -> Charter {
        Charter { settings: view.settings.clone(), ..Charter::clone(&self.charter) }
    }

    /// As it is now.
    pub fn charter_now(&self) -> Charter {
        self.charter_as(&self.view.borrow())
    }

    /// Enters the room.
    pub async fn join(&self, entrance: Entrance) -> Result<Joined, RequestError> {
        self.call(|reply| Command::Join { entrance: Box::new(entrance), reply }).await
    }

    /// Finds the seat of a session, and whose it is.
    pub async fn resume(
        &self,
        session_id: String,
        secret: Digest,
    ) -> Result<(String, SeatHandle), RequestError> {
        self.call(|reply| Command::Resume { session_id, secret, reply }).await
    }

    /// Has the room do what a host wants.
    pub async fn order(&self, by: String, order: HostOrder) -> Result<(), RequestError> {
        self.call(|reply| Command::Order { by, order, reply }).await
    }

    /// Says all that a peer sends now.
    pub async fn publish(&self, from: SeatId, tracks: Tracks) {
        // A room that is gone needs to know nothing.
        drop(self.call(|told| Command::Publish { from, tracks, told }).await);
    }

    /// Says that a seat has lost its connection, or has one again.
    pub async fn connection_changed(&self, from: SeatId, reconnecting: bool) {
        drop(self.call(|told| Command::Connection { from, reconnecting, told }).await);
    }

    /// Says that what a seat sends comes by another path now.
    pub async fn moved(&self, from: SeatId) {
        drop(self.call(|told| Command::Moved { from, told }).await);
    }

    /// Has the room end by a panic, or the seat of a peer.
    #[cfg(test)]
    pub async fn panic(&self, seat: Option<String>) {
        self.commands.send(Command::Panic { seat }).await.expect("a room");
    }

    async fn call<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, RequestError>>) -> Command,
    ) -> Result<T, RequestError> {
        let (reply, answer) = oneshot::channel();
        // A room says why it ends before it answers nobody any more.
        let gone = || self.view.borrow().closed.clone().unwrap_or(RequestError::Fault);
        self.commands.send(command(reply)).await.map_err(|_| gone())?;
        answer.await.map_err(|_| gone())?
    }
}
