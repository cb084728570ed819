//! The peer task: one per connection, it answers requests in order and tells what changed in its room.
//!
//! ```text
//! Outside ──createRoom/joinRoom──▶ Inside { Media, Presence } ──leaveRoom, roomClosed──▶ Outside
//!    └──────────────── disconnect ───────┴───────────────────────────────────────────▶ (end)
//! ```

use std::sync::Arc;

use rand::distr::{Alphanumeric, SampleString as _};
use socketioxide::extract::SocketRef;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    room::{
        Directory,
        actor::{Presence, RoomHandle},
        media::Media,
        view::{self, RoomView},
    },
    signaling::{
        errors::RequestError,
        handlers::Call,
        messages::*,
        request::{Reply, Request},
    },
};

const PEER_ID_LENGTH: usize = 12;
const MAX_NAME: usize = 64;

/// Serves one connection until it is `gone`.
pub async fn run(
    socket: SocketRef,
    mut calls: mpsc::Receiver<Call>,
    gone: CancellationToken,
    directory: Directory,
) {
    let mut peer = Peer { directory, inside: None };
    loop {
        tokio::select! {
            () = gone.cancelled() => break,
            call = calls.recv() => {
                let Some(Call { request, ack }) = call else { break };
                let outcome = match request {
                    Ok(request) => peer.handle(request).await,
                    Err(error) => Err(error),
                };
                if let Err(error) = &outcome {
                    tracing::info!(connection = %socket.id, "refused: {error}");
                }
                if !ack.answer(&outcome) {
                    tracing::debug!(connection = %socket.id, "an answer found no client");
                    break;
                }
            }
            () = peer.room_changed() => {
                if !peer.tell(&socket) {
                    tracing::warn!(connection = %socket.id, "disconnecting a client that reads too slowly");
                    break;
                }
            }
        }
    }
    // Whatever ended the task, the client must not believe it is still served. One that is gone already is no error.
    drop(socket.disconnect());
}

struct Peer {
    directory: Directory,
    inside: Option<Inside>,
}

struct Inside {
    peer_id: String,
    room: RoomHandle,
    media: Media,
    /// The last state of the room this client knows.
    told: Arc<RoomView>,
    _presence: Presence,
}

impl Peer {
    async fn handle(&mut self, request: Request) -> Result<Reply, RequestError> {
        match (request, &mut self.inside) {
            (Request::CreateRoom(_) | Request::JoinRoom(_), Some(inside)) => {
                Err(RequestError::AlreadyJoined(inside.room.id.to_string()))
            }
            (Request::CreateRoom(CreateRoom { display_name, room_id }), None) => {
                let room = self.directory.create(room_id).await?;
                let inside = self.enter(room, display_name).await?;
                Ok(Reply::RoomCreated(RoomCreated {
                    room_id: inside.room.id.to_string(),
                    peer_id: inside.peer_id.clone(),
                    rtp_capabilities: inside.room.capabilities.clone(),
                }))
            }
            (Request::JoinRoom(JoinRoom { room_id, display_name }), None) => {
                let room = self.directory.find(&room_id).await?;
                let inside = self.enter(room, display_name).await?;
                Ok(Reply::RoomJoined(RoomJoined {
                    room_id: inside.room.id.to_string(),
                    peer_id: inside.peer_id.clone(),
                    rtp_capabilities: inside.room.capabilities.clone(),
                    producers: inside.told.producers().producers,
                }))
            }
            (Request::LeaveRoom, inside @ Some(_)) => {
                *inside = None;
                Ok(Reply::Left(Left::default()))
            }
            (request, Some(inside)) => inside.handle(request).await,
            (_, None) => Err(RequestError::NotJoined),
        }
    }

    async fn enter(
        &mut self,
        room: RoomHandle,
        display_name: Option<String>,
    ) -> Result<&mut Inside, RequestError> {
        let peer_id = Alphanumeric.sample_string(&mut rand::rng(), PEER_ID_LENGTH);
        let presence = room.join(peer_id.clone(), display_name.and_then(clean_name)).await?;
        // The reply says who sends what; peers that send nothing, and the broadcast's status, follow as facts.
        let mut members = room.view.borrow().members.clone();
        members.retain(|id, member| *id == peer_id || !member.tracks.is_empty());
        let told = RoomView { members, ..RoomView::default() };
        let mut room = room;
        room.view.mark_changed();
        Ok(self.inside.insert(Inside {
            media: Media::new(room.clone()),
            peer_id,
            room,
            told: Arc::new(told),
            _presence: presence,
        }))
    }

    /// Waits until the room is not as the client knows it; for ever outside.
    async fn room_changed(&mut self) {
        let Some(inside) = &mut self.inside else { return std::future::pending().await };
        if inside.room.view.changed().await.is_err() && inside.told.closed.is_some() {
            std::future::pending().await
        }
    }

    /// Tells every difference. False when the client does not keep up.
    fn tell(&mut self, socket: &SocketRef) -> bool {
        let Some(inside) = &mut self.inside else { return true };
        let mut now = Arc::clone(&inside.room.view.borrow_and_update());
        if now.closed.is_none() && inside.room.view.has_changed().is_err() {
            let closed = RoomClosed {
                reason: RequestError::RoomNotFound(inside.room.id.to_string()).to_string(),
                code: ErrorCode::RoomNotFound,
            };
            Arc::make_mut(&mut now).closed = Some(closed);
        }
        let facts = view::facts(&inside.told, &now, &inside.peer_id);
        inside.media.forget_closed_consumers();
        let closed = now.closed.is_some();
        inside.told = now;
        let kept_up = facts.iter().all(|fact| socket.emit(fact.event(), fact).is_ok());
        if closed {
            self.inside = None;
        }
        kept_up
    }
}

impl Inside {
    async fn handle(&mut self, request: Request) -> Result<Reply, RequestError> {
        let media = &mut self.media;
        let reply = match request {
            Request::RouterCapabilities => {
                let rtp_capabilities = self.room.capabilities.clone();
                return Ok(Reply::RouterCapabilities(RouterCapabilities { rtp_capabilities }));
            }
            Request::ListProducers => {
                return Ok(Reply::Producers(self.room.view.borrow().producers()));
            }
            Request::CreateTransport(direction) => {
                return Ok(Reply::TransportCreated(media.create_transport(direction).await?));
            }
            Request::ConnectTransport(direction, ConnectTransport { dtls_parameters }) => {
                media.connect(direction, dtls_parameters).await?;
                return Ok(Reply::Connected(Connected::default()));
            }
            Request::Consume(consume) => {
                return Ok(Reply::Consumed(Box::new(media.consume(*consume).await?)));
            }
            Request::ResumeConsumer(ConsumerRef { consumer_id }) => {
                media.resume_consumer(&consumer_id).await?;
                return Ok(Reply::Resumed(Resumed::default()));
            }
            Request::Produce(produce) => {
                let id = media.produce(*produce).await?;
                Reply::Produced(Produced { id })
            }
            Request::PauseProducer(ProducerRef { producer_id }) => {
                media.pause_producer(&producer_id).await?;
                Reply::Paused(Paused::default())
            }
            Request::ResumeProducer(ProducerRef { producer_id }) => {
                media.resume_producer(&producer_id).await?;
                Reply::Resumed(Resumed::default())
            }
            Request::CloseProducer(ProducerRef { producer_id }) => {
                media.close_producer(&producer_id)?;
                Reply::Closed(Closed::default())
            }
            Request::StopProducing => {
                media.close_producers();
                Reply::Stopped(Stopped::default())
            }
            Request::CreateRoom(_) | Request::JoinRoom(_) | Request::LeaveRoom => {
                return Err(RequestError::AlreadyJoined(self.room.id.to_string()));
            }
        };
        // What this peer sends has changed: the room hears it before the peer is answered.
        self.room.publish(self.peer_id.clone(), self.media.tracks()).await?;
        Ok(reply)
    }
}

/// A name without control characters, cut to [`MAX_NAME`]; none if nothing is left.
fn clean_name(name: String) -> Option<String> {
    let clean: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

#[cfg(test)]
mod tests {
    use super::clean_name;

    #[test]
    fn names_are_cut_and_cleaned() {
        assert_eq!(clean_name("  Ada\n\0 ".into()), Some("Ada".into()));
        assert_eq!(clean_name(" \t ".into()), None);
        assert_eq!(clean_name("é".repeat(100)).map(|name| name.chars().count()), Some(64));
    }
}
