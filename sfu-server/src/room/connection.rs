//! The connection task: one per socket, it answers requests in order and tells what changed in its room.
//!
//! ```text
//! Outside ──createRoom, joinRoom, resumeSession──▶ Inside { Attachment } ──leaveRoom, roomClosed──▶ Outside
//!    └──────────────── disconnect ────────────────────┴───────────────────────────────────────────▶ (end)
//! ```
//!
//! A disconnect drops the attachment: the seat is kept for a while, and another connection may resume it.

use std::{sync::Arc, time::Duration};

use socketioxide::{SocketError, extract::SocketRef};
use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, mpsc, watch},
    time::{Instant, sleep, sleep_until, timeout, timeout_at},
};
use tokio_util::sync::CancellationToken;

use crate::{
    room::{
        door::{Door, Inside},
        host::HostOrder,
        media_state,
        rate::Rate,
        view,
    },
    signaling::{
        errors::RequestError,
        facts::Fact,
        handlers::Call,
        messages::{Left, RejoinToken},
        request::{Reply, Request},
    },
};

/// Every request is answered within this from its arrival, if only with an apology.
const DEADLINE: Duration = Duration::from_secs(8);
/// What guessing a password wrong costs: people choose them, so that they can be guessed.
const PENALTY: Duration = Duration::from_secs(1);
/// Pauses before a client that has not read what waits for it is disconnected again.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Whoever joins by this name has the connection end by a panic.
#[cfg(test)]
pub const PANICS: &str = "a panic of the connection";

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parting {
    /// The client said so: its seat is free.
    Left,
    /// It broke: the client may come back.
    Lost,
}

/// One of the connections that may be.
#[derive(Debug)]
pub struct Place {
    /// Cancelled when the client has disconnected, or was.
    pub gone: CancellationToken,
    /// Taken until the connection is closed.
    pub held: OwnedSemaphorePermit,
}

/// Serves one connection until it has parted.
pub async fn run(
    socket: SocketRef,
    mut calls: mpsc::Receiver<Call>,
    mut parting: watch::Receiver<Option<Parting>>,
    door: Door,
    per_second: u32,
    place: Place,
) {
    let _served = Served { socket: socket.clone(), place: Some(place) };
    let mut connection =
        Connection { door, inside: None, rate: Rate::new(per_second, Instant::now()), per_second };
    let parted = loop {
        tokio::select! {
            biased;
            parted = parted(&mut parting) => break parted,
            call = calls.recv() => {
                let Some(Call { request, arrived, ack }) = call else { break Parting::Lost };
                let outcome = connection.answer(request, arrived + DEADLINE).await;
                if let Err(error) = &outcome {
                    tracing::info!(connection = %socket.id, "refused: {}", error.sentence());
                }
                if !ack.answer(&outcome) {
                    tracing::debug!(connection = %socket.id, "an answer found no client");
                    break Parting::Lost;
                }
                if connection.rate.is_flooded() {
                    tracing::warn!(connection = %socket.id, "disconnecting a client that floods");
                    break Parting::Lost;
                }
            }
            () = connection.changed() => {
                if !connection.tell(&socket) {
                    tracing::warn!(connection = %socket.id, "disconnecting a client that reads too slowly");
                    break Parting::Lost;
                }
            }
        }
    };
    // A goodbye that came while something was answered is one.
    let parted = (*parting.borrow()).unwrap_or(parted);
    if let (Parting::Left, Some(inside)) = (parted, &mut connection.inside) {
        // A seat that waits for a hung media worker leaves when that is replaced; the connection does not wait for it.
        drop(timeout(DEADLINE, inside.attachment.leave()).await);
    }
}

/// Whatever ends a connection's task, a panic included: the client must not believe that it is still served.
struct Served {
    socket: SocketRef,
    place: Option<Place>,
}

impl Drop for Served {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(connection = %self.socket.id, "a fault of the server has ended a connection; its client is disconnected and may come back: the log says where, above");
        }
        let socket = self.socket.clone();
        if let (Some(place), Ok(runtime)) = (self.place.take(), Handle::try_current()) {
            runtime.spawn(async move {
                disconnect(socket, &place.gone).await;
                drop(place.held);
            });
        }
    }
}

/// Disconnects whom the client has not disconnected itself: by then it may have connected again under the same id, and
/// socketioxide ends by the id, and counts as connected whoever disconnects while it is being connected. A client for which
/// so much waits that the word itself finds no room gets it when it has read some, of which socketioxide tells nobody; one
/// that reads nothing answers no ping either, and is closed then.
async fn disconnect(socket: SocketRef, gone: &CancellationToken) {
    let mut pause = FIRST_PAUSE;
    while !gone.is_cancelled()
        && let Err(SocketError::InternalChannelFull) = socket.clone().disconnect()
    {
        sleep(pause).await;
        pause = (2 * pause).min(LONGEST_PAUSE);
    }
}

/// Waits for the end of the connection.
async fn parted(parting: &mut watch::Receiver<Option<Parting>>) -> Parting {
    let parted = parting.wait_for(Option::is_some).await;
    parted.ok().and_then(|parted| *parted).unwrap_or(Parting::Lost)
}

struct Connection {
    door: Door,
    inside: Option<Inside>,
    rate: Rate,
    per_second: u32,
}

impl Connection {
    async fn answer(
        &mut self,
        request: Result<Request, RequestError>,
        deadline: Instant,
    ) -> Result<Reply, RequestError> {
        if !self.rate.admits(Instant::now()) {
            return Err(RequestError::RateLimited(self.per_second));
        }
        let request = request?;
        // What has waited too long is not begun: its answer says that nothing has changed.
        if Instant::now() >= deadline {
            return Err(RequestError::TimedOut(DEADLINE));
        }
        let outcome = timeout_at(deadline, self.handle(request)).await;
        let outcome = outcome.unwrap_or(Err(RequestError::TimedOut(DEADLINE)));
        if let Err(RequestError::WrongPassword(_)) = &outcome {
            self.rate.penalise(PENALTY);
        }
        outcome
    }

    async fn handle(&mut self, request: Request) -> Result<Reply, RequestError> {
        #[cfg(test)]
        if let Request::JoinRoom(join) = &request {
            assert_ne!(join.display_name.as_deref(), Some(PANICS), "a test asks for it");
        }
        let Some(inside) = &mut self.inside else {
            let (inside, reply) = match request {
                Request::CreateRoom(create) => self.door.create(*create).await?,
                Request::JoinRoom(join) => self.door.join(*join).await?,
                Request::ResumeSession(session) => self.door.resume(*session).await?,
                _ => return Err(RequestError::NotJoined),
            };
            self.inside = Some(inside);
            return Ok(reply);
        };
        if let Request::LeaveRoom = request {
            inside.leave().await;
            self.inside = None;
            return Ok(Left::default().into());
        }
        match HostOrder::of(request) {
            Ok(order) => {
                let reply = order.reply();
                inside.room.order(inside.peer_id.clone(), order.clone()).await?;
                let charter = inside.room.charter_now();
                if let Some(revocation) = order.revocation(&charter) {
                    self.door.revoker.revoke(revocation).await;
                }
                Ok(reply)
            }
            Err(request) => {
                inside.attachment.ask(request).await.map_err(|error| match error {
                    // The seat has just ended; the client is about to be told why.
                    RequestError::SessionNotFound => inside.farewell().unwrap_or(error),
                    error => error,
                })
            }
        }
    }

    /// Waits until something is not as the client knows it; for ever outside.
    async fn changed(&mut self) {
        let Some(inside) = &mut self.inside else { return std::future::pending().await };
        tokio::select! {
            // Whichever it is, everything is told: also the end of a room that is gone without a word.
            _ = inside.room.view.changed() => {}
            Ok(()) = inside.media.changed() => {}
            () = sleep_until(inside.renew) => {}
            () = inside.attachment.displaced() => {}
        }
    }

    /// Tells every difference. False when the client does not keep up.
    fn tell(&mut self, socket: &SocketRef) -> bool {
        let Some(inside) = &mut self.inside else { return true };
        let now = Arc::clone(&inside.room.view.borrow_and_update());
        let media = Arc::clone(&inside.media.borrow_and_update());
        let mut facts = view::facts(&inside.told, &now, &inside.peer_id);
        facts.extend(media_state::facts(&inside.told_media, &media));
        let is_old = now.settings.revision != inside.told.settings.revision;
        if (is_old || inside.renew <= Instant::now())
            && let Some(rejoin_token) = self.door.rejoin_token(inside, &now)
        {
            facts.push(Fact::RejoinToken(RejoinToken { rejoin_token }));
        }
        (inside.told, inside.told_media) = (now, media);
        if let Some(farewell) = inside.farewell() {
            facts.push(Fact::RoomClosed(view::closed(&farewell)));
            self.inside = None;
        }
        facts.iter().all(|fact| socket.emit(fact.event(), fact).is_ok())
    }
}
