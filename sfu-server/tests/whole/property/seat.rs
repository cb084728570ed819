//! What a client owns in a room, by what it was answered and told: the other side of the server's books.

use std::collections::{BTreeMap, HashMap};

use rig::{Conversation, conversation::Said, dump::Ids};
use serde_json::Value;

use super::known;

/// A client's place in a room.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seat {
    pub room: String,
    pub peer: String,
    pub host: bool,
    pub sending: Option<String>,
    pub receiving: Option<String>,
    pub producers: Ids,
    /// Consumers and what they consume, where that is known; the server has closed those whose producers are gone.
    pub consumers: BTreeMap<String, Option<String>>,
    /// Who sends what, as it was told last.
    pub told: Value,
    /// What takes the seat up again after a lost connection, where the server keeps it: `resumeSession`'s payload.
    pub session: Option<Value>,
}

impl Seat {
    /// The seat at the end of what was said; none when the client is in no room.
    pub fn of(conversation: &Conversation) -> Option<Self> {
        let mut asked: HashMap<u64, (&str, Option<&Value>)> = HashMap::new();
        let mut seat = None;
        for said in &conversation.said {
            match said {
                Said::Asked { id, event, payload } => {
                    asked.insert(*id, (event, payload.as_ref()));
                }
                Said::Answered { id, answer } if answer.get("error").is_none() => {
                    if let Some((event, payload)) = asked.get(id) {
                        Self::answered(&mut seat, event, payload.unwrap_or(&Value::Null), answer);
                    }
                }
                Said::Told { event, payload } => match (event.as_str(), &mut seat) {
                    ("roomProducersChanged", Some(seat)) => {
                        seat.told = payload["producers"].clone()
                    }
                    ("roomClosed", seat) => *seat = None,
                    _ => {}
                },
                Said::Answered { .. } => {}
            }
        }
        seat
    }

    /// A seat taken, or taken up again with what the server kept.
    fn entered(answer: &Value) -> Self {
        let kept = &answer["kept"];
        let id = |field: &str| kept[field].as_str().map(Into::into);
        let ids = |field: &str| kept[field].as_array().into_iter().flatten().map(text);
        Self {
            room: text(&answer["roomId"]),
            peer: text(&answer["peerId"]),
            sending: id("producerTransportId"),
            receiving: id("consumerTransportId"),
            producers: ids("producerIds").collect(),
            consumers: ids("consumerIds").map(|id| (id, None)).collect(),
            told: answer.get("producers").cloned().unwrap_or_else(|| Value::Array(vec![])),
            host: answer["host"] == true,
            session: known::session(answer),
        }
    }

    fn answered(seat: &mut Option<Self>, event: &str, payload: &Value, answer: &Value) {
        if let "createRoom" | "joinRoom" | "resumeSession" = event {
            *seat = Some(Self::entered(answer));
            return;
        }
        if event == "leaveRoom" {
            *seat = None;
        }
        let Some(seat) = seat else { return };
        match event {
            "createProducerTransport" => seat.sending = Some(text(&answer["id"])),
            "createConsumerTransport" => seat.receiving = Some(text(&answer["id"])),
            "produce" => drop(seat.producers.insert(text(&answer["id"]))),
            "closeProducer" => drop(seat.producers.remove(&text(&payload["producerId"]))),
            "stopProducing" => seat.producers.clear(),
            "consume" => {
                let producer = Some(text(&answer["producerId"]));
                // A server that keeps seats puts a consumer in the place of an earlier one of the same producer.
                if seat.session.is_some() {
                    seat.consumers.retain(|_, earlier| *earlier != producer);
                }
                drop(seat.consumers.insert(text(&answer["id"]), producer));
            }
            "closeConsumer" => drop(seat.consumers.remove(&text(&payload["consumerId"]))),
            _ => {}
        }
    }

    /// Its transports' ids.
    pub fn transports(&self) -> impl Iterator<Item = &String> {
        self.sending.iter().chain(&self.receiving)
    }
}

/// Every producer in a list of who sends what.
pub fn producers(list: &Value) -> Ids {
    let peers = list.as_array().into_iter().flatten();
    peers.flat_map(peer_producers).collect()
}

/// The producers of one entry of such a list.
pub fn peer_producers(peer: &Value) -> Ids {
    let fields = peer.as_object().into_iter().flatten();
    fields.filter(|(name, _)| name.ends_with("ProducerId")).map(|(_, id)| text(id)).collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
