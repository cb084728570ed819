//! The directory: one task that knows every open room by its id.

use std::{collections::HashMap, sync::Arc};

use tokio::{
    sync::{mpsc, oneshot},
    task::{JoinError, JoinSet},
};
use tokio_util::task::AbortOnDropHandle;

use crate::{
    media::workers::Workers,
    room::{
        Charter,
        actor::{self, RoomActor, RoomConfig},
        charter::is_room_id,
        handle::RoomHandle,
    },
    signaling::errors::{RequestError, excerpt},
    tokens::Revoker,
};

/// Requests that may wait for the directory.
const MAILBOX: usize = 256;

/// Finds and opens rooms. Clones reach the same directory.
#[derive(Clone, Debug)]
pub struct Directory {
    requests: mpsc::Sender<Request>,
    workers: Workers,
    config: RoomConfig,
    max_rooms: usize,
}

enum Request {
    Find {
        room_id: String,
        reply: oneshot::Sender<Option<RoomHandle>>,
    },
    Count(oneshot::Sender<usize>),
    Insert(Box<Insertion>),
    #[cfg(test)]
    Panic,
}

struct Insertion {
    handle: RoomHandle,
    actor: RoomActor,
    /// The room of this id, and whether it is this one.
    reply: oneshot::Sender<Result<(RoomHandle, bool), RequestError>>,
}

impl Directory {
    /// Starts the directory's task.
    pub fn start(workers: Workers, config: RoomConfig, max_rooms: usize) -> Self {
        let (requests, inbox) = mpsc::channel(MAILBOX);
        tokio::spawn(keep(inbox, max_rooms, config.revoker.clone()));
        Self { requests, workers, config, max_rooms }
    }

    /// The room of this id.
    pub async fn find(&self, room_id: &str) -> Result<RoomHandle, RequestError> {
        if !is_room_id(room_id) {
            return Err(RequestError::RoomNotFound(excerpt(room_id)));
        }
        let request = |reply| Request::Find { room_id: room_id.into(), reply };
        self.ask(request).await?.ok_or_else(|| RequestError::RoomNotFound(room_id.into()))
    }

    /// Opens the room of `charter`. When one of its id is open, that is answered, and false.
    pub async fn open(&self, charter: Charter) -> Result<(RoomHandle, bool), RequestError> {
        if let Ok(open) = self.find(&charter.room_id).await {
            return Ok((open, false));
        }
        if self.ask(Request::Count).await? >= self.max_rooms {
            return Err(RequestError::TooManyRooms(self.max_rooms));
        }
        let placement = self
            .workers
            .place_room()
            .await
            .map_err(|error| RequestError::NoWorker(error.to_string()))?;
        let (handle, actor) = actor::open(charter, placement, self.config.clone()).await?;
        self.ask(|reply| Request::Insert(Box::new(Insertion { handle, actor, reply }))).await?
    }

    /// Waits until the directory's task has ended, which only a fault of the server makes it do while somebody can ask it.
    pub async fn ended(&self) {
        self.requests.closed().await;
    }

    /// Has the directory end by a panic.
    #[cfg(test)]
    pub async fn panic(&self) {
        self.requests.send(Request::Panic).await.expect("a directory");
    }

    async fn ask<T>(
        &self,
        request: impl FnOnce(oneshot::Sender<T>) -> Request,
    ) -> Result<T, RequestError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send(request(reply)).await.map_err(|_| RequestError::ShuttingDown)?;
        answer.await.map_err(|_| RequestError::ShuttingDown)
    }
}

fn open_rooms(rooms: &HashMap<String, RoomHandle>) -> usize {
    rooms.values().filter(|room| !room.is_over()).count()
}

fn forget(
    rooms: &mut HashMap<String, RoomHandle>,
    charter: &Charter,
    ended: Result<(), JoinError>,
) {
    let room_id = &charter.room_id;
    if ended.is_err_and(|error| error.is_panic()) {
        tracing::error!(room = %room_id, "a fault of the server has ended the room; its clients are told to join again, and the first opens it anew: the log says where, above");
    }
    // The room of this id may be a newer one.
    if rooms.get(room_id).is_some_and(RoomHandle::is_over) {
        rooms.remove(room_id);
    }
}

async fn keep(mut inbox: mpsc::Receiver<Request>, max_rooms: usize, revoker: Revoker) {
    let mut rooms: HashMap<String, RoomHandle> = HashMap::new();
    let mut running: JoinSet<(Arc<Charter>, Result<(), JoinError>)> = JoinSet::new();
    loop {
        tokio::select! {
            Some(Ok((charter, ended))) = running.join_next() => {
                forget(&mut rooms, &charter, ended);
            }
            request = inbox.recv() => match request {
                None => break,
                #[cfg(test)]
                Some(Request::Panic) => panic!("a test asks for it"),
                // An asker that is gone needs no answer.
                Some(Request::Find { room_id, reply }) => {
                    let open = rooms.get(&room_id).filter(|room| !room.is_over());
                    drop(reply.send(open.cloned()));
                }
                Some(Request::Count(reply)) => drop(reply.send(open_rooms(&rooms))),
                Some(Request::Insert(insertion)) => {
                    let Insertion { handle, actor, reply } = *insertion;
                    let charter = Arc::clone(&handle.charter);
                    let open = rooms.get(&charter.room_id).filter(|room| !room.is_over());
                    let revoked = revoker.list().of_room(charter.host);
                    let ending = rooms.get(&charter.room_id).and_then(|former| {
                        former.ending().filter(|_| former.charter.host == charter.host)
                    });
                    let answer = match open {
                        Some(open) => Ok((open.clone(), false)),
                        None if let Some(reason) = ending.or(revoked) => Err(reason),
                        None if open_rooms(&rooms) >= max_rooms => {
                            Err(RequestError::TooManyRooms(max_rooms))
                        }
                        None => {
                            rooms.insert(charter.room_id.clone(), handle.clone());
                            // In a task of its own: a room that panics leaves its name behind.
                            let room = AbortOnDropHandle::new(tokio::spawn(actor.run()));
                            running.spawn(async move { (charter, room.await) });
                            Ok((handle, true))
                        }
                    };
                    drop(reply.send(answer));
                }
            },
        }
    }
}
