//! A Socket.IO client whose every message is kept: a library would hide a second acknowledgement, and sends no nonsense.
//!
//! ```text
//! Client ──commands──▶ task (owns the WebSocket) ──publishes──▶ Conversation (watch)
//!    ▲                   │
//!    └──── answer ───────┘
//! ```

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::{
    net::TcpStream,
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
    time::timeout,
};
use tokio_tungstenite::{WebSocketStream, client_async, tungstenite::Message};

use crate::{
    PATIENCE,
    conversation::{Conversation, Said},
    frames::{self, Frame},
};

type Socket = WebSocketStream<TcpStream>;

/// One connection. Dropping it drops the TCP connection, as a client that crashed.
#[derive(Debug)]
pub struct Client {
    commands: mpsc::UnboundedSender<Command>,
    conversation: watch::Receiver<Conversation>,
    /// Requests given to the task: those it has not come to are not in the conversation yet.
    requests: AtomicUsize,
    task: JoinHandle<()>,
}

enum Command {
    Ask { event: String, payload: Option<String>, answer: oneshot::Sender<Value> },
    Close,
}

/// The answer to a request that has been sent; none when the connection ends before.
#[derive(Debug)]
pub struct Answer {
    event: String,
    receiver: oneshot::Receiver<Value>,
}

impl Answer {
    /// Waits for it; none when the connection ends before it comes.
    ///
    /// # Panics
    /// When neither happens.
    pub async fn or_gone(self) -> Option<Value> {
        let Self { event, receiver } = self;
        let waiting = timeout(PATIENCE, receiver).await;
        waiting.unwrap_or_else(|_| panic!("`{event}` was not answered within {PATIENCE:?}")).ok()
    }
}

impl Client {
    /// Connects to a server's HTTP listener.
    ///
    /// # Panics
    /// When that fails.
    pub async fn connect(server: SocketAddr) -> Self {
        let connecting = timeout(PATIENCE, connect(server)).await.expect("a connection in time");
        let socket = connecting.unwrap_or_else(|error| panic!("{server}: {error}"));
        let (commands, inbox) = mpsc::unbounded_channel();
        let (publisher, conversation) = watch::channel(Conversation::default());
        let task = tokio::spawn(serve(socket, inbox, publisher));
        Self { commands, conversation, requests: AtomicUsize::new(0), task }
    }

    /// Sends a request now; what is returned is its answer to come.
    pub fn send(&self, event: &str, payload: Option<&Value>) -> Answer {
        self.send_text(event, payload.map(Value::to_string))
    }

    /// The same, with a payload that need not be JSON.
    pub fn send_text(&self, event: &str, payload: Option<String>) -> Answer {
        let (answer, receiver) = oneshot::channel();
        self.requests.fetch_add(1, Ordering::Relaxed);
        // On a connection that is over, the answer never comes, and says so.
        drop(self.commands.send(Command::Ask { event: event.into(), payload, answer }));
        Answer { event: event.into(), receiver }
    }

    /// Asks, whatever the answer will be.
    ///
    /// # Panics
    /// When there is none.
    pub async fn ask(&self, event: &str, payload: Option<Value>) -> Value {
        let answer = self.send(event, payload.as_ref()).or_gone().await;
        answer.unwrap_or_else(|| panic!("`{event}`: the connection ended before its answer"))
    }

    /// Asks for what must not be refused.
    ///
    /// # Panics
    /// When it is.
    pub async fn must(&self, event: &str, payload: Option<Value>) -> Value {
        let answer = self.ask(event, payload).await;
        assert!(answer.get("error").is_none(), "`{event}` was refused: {answer}");
        answer
    }

    /// All that was said so far.
    pub fn conversation(&self) -> watch::Ref<'_, Conversation> {
        self.conversation.borrow()
    }

    /// Waits until what was said fits.
    ///
    /// # Panics
    /// When it does not in time; with `what`.
    pub async fn until(&self, what: &str, mut fits: impl FnMut(&Conversation) -> bool) {
        let mut conversation = self.conversation.clone();
        let waiting = timeout(PATIENCE, conversation.wait_for(|said| fits(said))).await;
        let said = waiting.unwrap_or_else(|_| panic!("within {PATIENCE:?}: {what}"));
        assert!(said.is_ok(), "the connection ended before: {what}");
    }

    /// Waits for a fact, told already or still to come.
    ///
    /// # Panics
    /// When it does not come in time.
    pub async fn fact(&self, event: &str, mut fits: impl FnMut(&Value) -> bool) -> Value {
        let mut found = None;
        self.until(event, |conversation| {
            found = conversation
                .facts()
                .find(|(name, payload)| *name == event && fits(payload))
                .map(|(_, payload)| payload.clone());
            found.is_some()
        })
        .await;
        found.unwrap_or_default()
    }

    /// Waits for the answers to all that was sent, or for the end of the connection.
    ///
    /// # Panics
    /// When neither comes in time.
    pub async fn settled(&self) {
        let requests = self.requests.load(Ordering::Relaxed);
        let all = |said: &Conversation| said.asked() == requests && said.unanswered() == 0;
        self.until("every answer", |said| all(said) || said.over.is_some()).await;
    }

    /// Waits for every answer, then disconnects as socket.io-client does.
    ///
    /// # Panics
    /// When an answer, or the end, does not come in time.
    pub async fn close(self) -> Conversation {
        self.settled().await;
        drop(self.commands.send(Command::Close));
        self.ended().await
    }

    /// Drops the TCP connection now, without a word.
    pub fn cut(self) -> Conversation {
        self.task.abort();
        self.conversation.borrow().clone()
    }

    /// Waits until the connection is over, whoever ended it.
    ///
    /// # Panics
    /// When it goes on.
    pub async fn ended(mut self) -> Conversation {
        let waiting = timeout(PATIENCE, &mut self.task).await;
        waiting
            .expect("the end of a connection, in time")
            .expect("a connection that ends in order");
        self.conversation.borrow().clone()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connect(server: SocketAddr) -> Result<Socket, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    let url = format!("ws://{server}/socket.io/?EIO=4&transport=websocket");
    let (mut socket, _) = client_async(url, stream).await?;
    while let Some(message) = socket.next().await {
        let Message::Text(text) = message? else { continue };
        match frames::parse(&text) {
            Frame::Open => socket.send(Message::text(frames::CONNECT)).await?,
            Frame::Ping => socket.send(Message::text(frames::PONG)).await?,
            Frame::Connected => return Ok(socket),
            other => return Err(format!("{other:?} instead of a connection").into()),
        }
    }
    Err("the server closed the connection at once".into())
}

async fn serve(
    mut socket: Socket,
    mut inbox: mpsc::UnboundedReceiver<Command>,
    publisher: watch::Sender<Conversation>,
) {
    let mut waiting: HashMap<u64, oneshot::Sender<Value>> = HashMap::new();
    let mut ids = 0..;
    let say = |said| publisher.send_modify(|conversation| conversation.said.push(said));
    let over = loop {
        tokio::select! {
            command = inbox.recv() => match command {
                Some(Command::Ask { event, payload, answer }) => {
                    let Some(id) = ids.next() else { break "no ids are left".into() };
                    let text = frames::ask(id, &event, payload.as_deref());
                    let payload = payload.and_then(|payload| serde_json::from_str(&payload).ok());
                    waiting.insert(id, answer);
                    say(Said::Asked { id, event, payload });
                    if let Err(error) = socket.send(Message::text(text)).await {
                        break format!("a request could not be sent: {error}");
                    }
                }
                // A failure means that it is closed already.
                Some(Command::Close) => {
                    let _left = socket.send(Message::text(frames::DISCONNECT)).await;
                    let _closed = socket.close(None).await;
                }
                None => break "the client is gone".into(),
            },
            message = socket.next() => match message {
                None => break "closed".into(),
                Some(Err(error)) => break format!("broken: {error}"),
                Some(Ok(Message::Text(text))) => match frames::parse(&text) {
                    Frame::Ping => {
                        // A failure shows in the next message.
                        let _ponged = socket.send(Message::text(frames::PONG)).await;
                    }
                    Frame::Ack(id, answer) => {
                        // In this order: whoever has the answer finds it in the conversation too.
                        say(Said::Answered { id, answer: answer.clone() });
                        if let Some(waiting) = waiting.remove(&id) {
                            // Nobody waits for the answer any more: it is in the conversation.
                            let _taken = waiting.send(answer);
                        }
                    }
                    Frame::Event(event, payload) => say(Said::Told { event, payload }),
                    Frame::Disconnected => break "the server disconnected".into(),
                    _ => {}
                },
                Some(Ok(_)) => {}
            },
        }
    };
    publisher.send_modify(|conversation| conversation.over = Some(over));
}
