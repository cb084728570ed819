//! Socket.IO plumbing: every event is decoded and put into its peer's mailbox, in the order it came.
//!
//! socketioxide runs a handler's future in a task of its own, so everything that must keep the client's order happens
//! in the handler closure itself. There is no logic here.

use std::{future::ready, sync::Arc, time::Duration};

use axum::http::{HeaderMap, header};
use socketioxide::{
    SocketIo,
    extract::{AckSender, Event, Extension, SocketRef},
    handler::ConnectHandler as _,
    layer::SocketIoLayer,
    socket::DisconnectReason,
};
use tokio::{
    sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, watch},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    http::Origin,
    room::{
        Door,
        connection::{self, Parting, Place},
    },
    signaling::{
        errors::RequestError,
        messages::Failure,
        payload::Payload,
        request::{Reply, Request},
    },
};

/// Requests of one connection that may wait for their turn.
const MAILBOX: usize = 64;
/// Packets of one connection that may wait to be sent; a client that lets more pile up is disconnected.
const SEND_BUFFER: usize = 512;
/// A client is told that it is connected at once, or never.
const CONNECT: Duration = Duration::from_secs(10);
/// Above this the transport closes the connection; below it, too large a payload is one error.
const TRANSPORT_LIMIT: usize = 256 * 1024;
/// A connection that answers no ping for both together is lost: others see a peer reconnect after ten seconds, not 45.
const PING_INTERVAL: Duration = Duration::from_secs(5);
const PING_TIMEOUT: Duration = Duration::from_secs(5);

/// Who may connect, and how often a connection may ask.
#[derive(Clone, Debug)]
pub struct Limits {
    /// At the same time.
    pub connections: usize,
    /// Requests of one connection a second.
    pub requests_per_second: u32,
    /// Sites whose pages may connect; empty for all. What is no browser sends no origin, and may.
    pub allowed_origins: Arc<[Origin]>,
}

/// Why a connection is refused.
#[derive(Debug, thiserror::Error)]
enum ConnectError {
    #[error("pages of {0} may not connect here; --allowed-origins names those that may")]
    Origin(String),
    #[error("the server has its most connections, {0}; try again later")]
    Full(usize),
}

/// A decoded request and where its only answer goes.
#[derive(Debug)]
pub struct Call {
    /// What is asked, or why it cannot be understood.
    pub request: Result<Request, RequestError>,
    /// When.
    pub arrived: Instant,
    /// Takes exactly one answer.
    pub ack: Ack,
}

/// The client's acknowledgement callback.
pub struct Ack(AckSender);

impl std::fmt::Debug for Ack {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ack")
    }
}

impl Ack {
    /// Answers. False when the client is gone or reads too slowly: it must not wait for an answer that never comes.
    #[must_use]
    pub fn answer(self, outcome: &Result<Reply, RequestError>) -> bool {
        let sent = match outcome {
            Ok(reply) => self.0.send(reply),
            Err(error) => self.0.send(&Failure::from(error)),
        };
        sent.is_ok()
    }
}

/// The Socket.IO layer of the HTTP listener. Every connection becomes a task before `door`.
pub fn layer(door: Door, limits: Limits) -> SocketIoLayer {
    let (layer, io) = SocketIo::builder()
        .ping_interval(PING_INTERVAL)
        .ping_timeout(PING_TIMEOUT)
        .max_buffer_size(SEND_BUFFER)
        .max_payload(TRANSPORT_LIMIT as u64)
        .ws_max_message_size(TRANSPORT_LIMIT)
        .ws_max_frame_size(TRANSPORT_LIMIT)
        .build_layer();
    // A middleware runs before the client is told that it is connected, a connect handler after. Events that are sent at
    // once must find their handler, but nothing can be told to the client before socketioxide counts it as connected.
    let free = Arc::new(Semaphore::new(limits.connections));
    let before_connected = move |socket: SocketRef| {
        let admitted = admit(&socket.req_parts().headers, &free, &limits);
        ready(admitted.map(|held| connect(&socket, door.clone(), &limits, held)))
    };
    let when_connected = |Extension(Connected(connected)): Extension<Connected>| {
        connected.notify_one();
        ready(())
    };
    io.ns("/", when_connected.with(before_connected));
    layer
}

/// Told when a client is connected; its calls wait until then.
#[derive(Clone)]
struct Connected(Arc<Notify>);

fn admit(
    headers: &HeaderMap,
    free: &Arc<Semaphore>,
    limits: &Limits,
) -> Result<OwnedSemaphorePermit, ConnectError> {
    if !is_allowed(headers, &limits.allowed_origins) {
        let origin = headers.get(header::ORIGIN).map(|it| it.to_str().unwrap_or("this origin"));
        return Err(ConnectError::Origin(origin.unwrap_or_default().into()));
    }
    let full = |_| ConnectError::Full(limits.connections);
    Arc::clone(free).try_acquire_owned().map_err(full)
}

/// Whether a page of the origin in `headers` may connect.
fn is_allowed(headers: &HeaderMap, allowed: &[Origin]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    allowed.is_empty() || allowed.iter().any(|allowed| origin == allowed.as_str())
}

fn connect(socket: &SocketRef, door: Door, limits: &Limits, held: OwnedSemaphorePermit) {
    let (mailbox, calls) = mpsc::channel(MAILBOX);
    let (parted, parting) = watch::channel(None);
    tracing::debug!(connection = %socket.id, "connected");

    let gone = CancellationToken::new();
    let overwhelmed = parted.clone();
    socket.on_fallback(move |Event(event): Event, payload: Payload, ack: AckSender| {
        let request = Request::decode(&event, payload);
        let call = Call { request, arrived: Instant::now(), ack: Ack(ack) };
        if let Err(full) = mailbox.try_send(call)
            && !full.into_inner().ack.answer(&Err(RequestError::Busy))
        {
            overwhelmed.send_replace(Some(Parting::Lost));
        }
        ready(())
    });
    let is_gone = gone.clone();
    socket.on_disconnect(move |socket: SocketRef, reason: DisconnectReason| {
        is_gone.cancel();
        match reason {
            DisconnectReason::PacketParsingError | DisconnectReason::TransportError => {
                tracing::info!(
                    connection = %socket.id,
                    "disconnected: the link broke, or a packet was unreadable or oversized"
                );
            }
            reason => tracing::debug!(connection = %socket.id, ?reason, "disconnected"),
        }
        let left = reason == DisconnectReason::ClientNSDisconnect;
        parted.send_replace(Some(if left { Parting::Left } else { Parting::Lost }));
        ready(())
    });
    let connected = Arc::new(Notify::new());
    socket.extensions.insert(Connected(connected.clone()));
    let (socket, per_second) = (socket.clone(), limits.requests_per_second);
    tokio::spawn(async move {
        // A client that is gone before it was told is no disconnect to socketioxide.
        if timeout(CONNECT, connected.notified()).await.is_ok() {
            connection::run(socket, calls, parting, door, per_second, Place { gone, held }).await;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_origins_connect_where_some_are_named() {
        let of = |origin: &'static str| {
            HeaderMap::from_iter([(header::ORIGIN, axum::http::HeaderValue::from_static(origin))])
        };
        let allowed = ["https://call.example.org".parse().expect("an origin")];
        assert!(is_allowed(&of("https://call.example.org"), &allowed));
        for origin in ["https://call.example.org.evil", "http://call.example.org", "null"] {
            assert!(!is_allowed(&of(origin), &allowed), "{origin}");
            assert!(is_allowed(&of(origin), &[]), "{origin}");
        }
        assert!(is_allowed(&HeaderMap::new(), &allowed), "what is no browser");
    }

    #[test]
    fn as_many_connect_as_may() {
        let limits =
            Limits { connections: 1, requests_per_second: 1, allowed_origins: Arc::default() };
        let free = Arc::new(Semaphore::new(limits.connections));
        let first = admit(&HeaderMap::new(), &free, &limits).expect("a place");
        assert!(admit(&HeaderMap::new(), &free, &limits).is_err());
        drop(first);
        assert!(admit(&HeaderMap::new(), &free, &limits).is_ok());
    }
}
