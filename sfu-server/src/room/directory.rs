//! The directory: one task that knows every open room by its id.

use std::collections::HashMap;

use rand::distr::{Alphanumeric, SampleString as _};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use crate::{
    media::workers::Workers,
    room::actor::{self, RoomActor, RoomConfig, RoomHandle},
    signaling::errors::RequestError,
};

/// Requests that may wait for the directory.
const MAILBOX: usize = 256;
/// Characters of a new room's id: 12 × log2(62) = 71 bits, so that nobody guesses a room.
const ROOM_ID_LENGTH: usize = 12;

/// Finds and opens rooms. Clones reach the same directory.
#[derive(Clone, Debug)]
pub struct Directory {
    requests: mpsc::Sender<Request>,
    workers: Workers,
    config: RoomConfig,
    max_rooms: usize,
}

enum Request {
    Find { room_id: String, reply: oneshot::Sender<Option<RoomHandle>> },
    Count(oneshot::Sender<usize>),
    Insert(Box<Insertion>),
}

struct Insertion {
    handle: RoomHandle,
    actor: RoomActor,
    reply: oneshot::Sender<bool>,
}

impl Directory {
    /// Starts the directory's task.
    pub fn start(workers: Workers, config: RoomConfig, max_rooms: usize) -> Self {
        let (requests, inbox) = mpsc::channel(MAILBOX);
        tokio::spawn(keep(inbox));
        Self { requests, workers, config, max_rooms }
    }

    /// The room of this id.
    pub async fn find(&self, room_id: &str) -> Result<RoomHandle, RequestError> {
        let request = |reply| Request::Find { room_id: room_id.into(), reply };
        self.ask(request).await?.ok_or_else(|| RequestError::RoomNotFound(room_id.into()))
    }

    /// Opens a room, under `room_id` or a new id.
    pub async fn create(&self, room_id: Option<String>) -> Result<RoomHandle, RequestError> {
        let room_id = match room_id {
            None => Alphanumeric.sample_string(&mut rand::rng(), ROOM_ID_LENGTH),
            Some(room_id) if is_room_id(&room_id) => room_id,
            Some(_) => {
                return Err(RequestError::BadPayload {
                    event: "createRoom".into(),
                    reason: "roomId takes 1 to 64 of A-Z a-z 0-9 _ -".into(),
                });
            }
        };
        if self.find(&room_id).await.is_ok() {
            return Err(RequestError::RoomExists(room_id));
        }
        if self.ask(Request::Count).await? >= self.max_rooms {
            return Err(RequestError::TooManyRooms(self.max_rooms));
        }
        let placement = self
            .workers
            .place_room()
            .await
            .map_err(|error| RequestError::NoWorker(error.to_string()))?;
        let (handle, actor) = actor::open(&room_id, placement, self.config.clone()).await?;
        let insert =
            |reply| Request::Insert(Box::new(Insertion { handle: handle.clone(), actor, reply }));
        if self.ask(insert).await? { Ok(handle) } else { Err(RequestError::RoomExists(room_id)) }
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

/// Room ids are part of URLs and of file names.
fn is_room_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
}

async fn keep(mut inbox: mpsc::Receiver<Request>) {
    let mut rooms: HashMap<String, RoomHandle> = HashMap::new();
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            Some(ended) = running.join_next() => if let Ok(room_id) = ended {
                rooms.remove::<String>(&room_id);
            },
            request = inbox.recv() => match request {
                None => break,
                // An asker that is gone needs no answer.
                Some(Request::Find { room_id, reply }) => drop(reply.send(rooms.get(&room_id).cloned())),
                Some(Request::Count(reply)) => drop(reply.send(rooms.len())),
                Some(Request::Insert(insertion)) => {
                    let Insertion { handle, actor, reply } = *insertion;
                    let room_id = handle.id.to_string();
                    let fresh = !rooms.contains_key(&room_id);
                    if fresh {
                        rooms.insert(room_id.clone(), handle);
                        running.spawn(async move { actor.run().await; room_id });
                    }
                    _ = reply.send(fresh);
                }
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_room_id;

    #[test]
    fn room_ids_are_safe_in_urls_and_file_names() {
        assert!(is_room_id("a") && is_room_id("A-z_09") && is_room_id(&"x".repeat(64)));
        for text in ["", "..", "a/b", "a b", "ä", "a\0", &"x".repeat(65)] {
            assert!(!is_room_id(text), "{text}");
        }
    }
}
