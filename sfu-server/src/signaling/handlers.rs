//! Socket.IO plumbing: every event is decoded and put into its peer's mailbox, in the order it came.
//!
//! socketioxide runs a handler's future in a task of its own, so everything that must keep the client's order happens
//! in the handler closure itself. There is no logic here.

use std::{convert::Infallible, future::ready, sync::Arc, time::Duration};

use serde_json::Value;
use socketioxide::{
    SocketIo,
    extract::{AckSender, Event, Extension, SocketRef, TryData},
    handler::ConnectHandler as _,
    layer::SocketIoLayer,
    socket::DisconnectReason,
};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    room::{Directory, peer},
    signaling::{
        errors::RequestError,
        messages::Failure,
        request::{Reply, Request},
    },
};

/// Requests of one connection that may wait for their turn.
const MAILBOX: usize = 32;
/// Packets of one connection that may wait to be sent; a client that lets more pile up is disconnected.
const SEND_BUFFER: usize = 512;
/// A client is told that it is connected at once, or never.
const CONNECT: Duration = Duration::from_secs(10);
/// Above this the transport closes the connection; below it, too large a payload is one error.
const TRANSPORT_LIMIT: usize = 256 * 1024;

/// A decoded request and where its only answer goes.
#[derive(Debug)]
pub struct Call {
    /// What is asked, or why it cannot be understood.
    pub request: Result<Request, RequestError>,
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

/// The Socket.IO layer of the HTTP listener. Every connection becomes a peer task over `directory`.
pub fn layer(directory: Directory) -> SocketIoLayer {
    let (layer, io) = SocketIo::builder()
        .max_buffer_size(SEND_BUFFER)
        .max_payload(TRANSPORT_LIMIT as u64)
        .ws_max_message_size(TRANSPORT_LIMIT)
        .ws_max_frame_size(TRANSPORT_LIMIT)
        .build_layer();
    // A middleware runs before the client is told that it is connected, a connect handler after. Events that are sent at
    // once must find their handler, but nothing can be told to the client before socketioxide counts it as connected.
    let before_connected = move |socket: SocketRef| {
        connect(&socket, directory.clone());
        ready(Ok::<(), Infallible>(()))
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

fn connect(socket: &SocketRef, directory: Directory) {
    let (mailbox, calls) = mpsc::channel(MAILBOX);
    let gone = CancellationToken::new();
    tracing::debug!(connection = %socket.id, "connected");

    let overwhelmed = gone.clone();
    socket.on_fallback(
        move |Event(event): Event, TryData(data): TryData<Value>, ack: AckSender| {
            let call = Call { request: Request::decode(&event, data.ok()), ack: Ack(ack) };
            if let Err(full) = mailbox.try_send(call)
                && !full.into_inner().ack.answer(&Err(RequestError::Busy))
            {
                overwhelmed.cancel();
            }
            ready(())
        },
    );
    let disconnected = gone.clone();
    socket.on_disconnect(move |socket: SocketRef, reason: DisconnectReason| {
        match reason {
            DisconnectReason::PacketParsingError | DisconnectReason::TransportError => {
                tracing::info!(
                    connection = %socket.id,
                    "disconnected: the link broke, or a packet was unreadable or oversized"
                );
            }
            reason => tracing::debug!(connection = %socket.id, ?reason, "disconnected"),
        }
        disconnected.cancel();
        ready(())
    });
    let connected = Arc::new(Notify::new());
    socket.extensions.insert(Connected(connected.clone()));
    let socket = socket.clone();
    tokio::spawn(async move {
        // A client that is gone before it was told is no disconnect to socketioxide.
        if timeout(CONNECT, connected.notified()).await.is_ok() {
            peer::run(socket, calls, gone, directory).await;
        }
    });
}
