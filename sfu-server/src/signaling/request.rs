//! Decoding: an event's name and payload become a [`Request`], or one sentence saying what does not fit.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use crate::signaling::{
    errors::{Direction, MAX_PAYLOAD, RequestError},
    messages::*,
};

/// One client event.
#[derive(Debug)]
pub enum Request {
    /// `createRoom`
    CreateRoom(CreateRoom),
    /// `joinRoom`
    JoinRoom(JoinRoom),
    /// `getRouterRtpCapabilities`
    RouterCapabilities,
    /// `createProducerTransport`, `createConsumerTransport`
    CreateTransport(Direction),
    /// `connectProducerTransport`, `connectConsumerTransport`
    ConnectTransport(Direction, ConnectTransport),
    /// `produce`
    Produce(Box<Produce>),
    /// `pauseProducer`
    PauseProducer(ProducerRef),
    /// `resumeProducer`
    ResumeProducer(ProducerRef),
    /// `closeProducer`
    CloseProducer(ProducerRef),
    /// `stopProducing`
    StopProducing,
    /// `listProducers`
    ListProducers,
    /// `consume`
    Consume(Box<Consume>),
    /// `resumeConsumer`
    ResumeConsumer(ConsumerRef),
    /// `leaveRoom`
    LeaveRoom,
}

/// The answer to one request, a flat object.
#[derive(Debug, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "each variant is the message type of its name")]
pub enum Reply {
    RoomCreated(RoomCreated),
    RoomJoined(RoomJoined),
    RouterCapabilities(RouterCapabilities),
    TransportCreated(TransportCreated),
    Connected(Connected),
    Produced(Produced),
    Paused(Paused),
    Resumed(Resumed),
    Closed(Closed),
    Stopped(Stopped),
    Producers(Producers),
    Consumed(Box<Consumed>),
    Left(Left),
}

impl Request {
    /// Decodes `event`; `payload` is its first argument, if it has one.
    pub fn decode(event: &str, payload: Option<Value>) -> Result<Self, RequestError> {
        if payload.as_ref().is_some_and(|payload| json_size(payload) > MAX_PAYLOAD) {
            return Err(RequestError::TooLarge { event: event.into() });
        }
        let payload = payload.filter(|payload| !payload.is_null());
        Ok(match event {
            "createRoom" => Self::CreateRoom(match payload {
                None => CreateRoom::default(),
                Some(payload) => shape(event, Some(payload))?,
            }),
            "joinRoom" => Self::JoinRoom(shape(event, payload)?),
            "getRouterRtpCapabilities" => Self::RouterCapabilities,
            "createProducerTransport" => Self::CreateTransport(Direction::Producer),
            "createConsumerTransport" => Self::CreateTransport(Direction::Consumer),
            "connectProducerTransport" => {
                Self::ConnectTransport(Direction::Producer, shape(event, payload)?)
            }
            "connectConsumerTransport" => {
                Self::ConnectTransport(Direction::Consumer, shape(event, payload)?)
            }
            "produce" => Self::Produce(shape(event, payload)?),
            "pauseProducer" => Self::PauseProducer(shape(event, payload)?),
            "resumeProducer" => Self::ResumeProducer(shape(event, payload)?),
            "closeProducer" => Self::CloseProducer(shape(event, payload)?),
            "stopProducing" => Self::StopProducing,
            "listProducers" => Self::ListProducers,
            "consume" => Self::Consume(shape(event, payload)?),
            "resumeConsumer" => Self::ResumeConsumer(shape(event, payload)?),
            "leaveRoom" => Self::LeaveRoom,
            _ => return Err(RequestError::UnknownEvent(excerpt(event))),
        })
    }
}

fn shape<T: DeserializeOwned>(event: &str, payload: Option<Value>) -> Result<T, RequestError> {
    let bad = |reason: String| RequestError::BadPayload { event: event.into(), reason };
    let payload = payload.ok_or_else(|| bad("the payload is missing".into()))?;
    serde_json::from_value(payload).map_err(|error| bad(excerpt(&error.to_string())))
}

/// A client's own words, cut to a bearable length.
fn excerpt(text: &str) -> String {
    text.chars().take(200).collect()
}

/// Bytes of `value` as compact JSON, escapes aside.
fn json_size(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) => 4,
        Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => 2 + items.iter().map(|item| json_size(item) + 1).sum::<usize>(),
        Value::Object(fields) => {
            2 + fields.iter().map(|(name, item)| name.len() + 4 + json_size(item)).sum::<usize>()
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn refusal(event: &str, payload: Option<Value>) -> String {
        Request::decode(event, payload).expect_err("a refusal").to_string()
    }

    #[test]
    fn create_room_takes_an_object_an_empty_object_or_nothing() {
        for payload in [None, Some(Value::Null), Some(json!({})), Some(json!({"displayName": "A"}))]
        {
            assert!(matches!(Request::decode("createRoom", payload), Ok(Request::CreateRoom(_))));
        }
    }

    #[test]
    fn a_missing_payload_is_named() {
        assert_eq!(refusal("joinRoom", None), "`joinRoom`: the payload is missing");
    }

    #[test]
    fn a_wrong_type_is_named_with_its_event() {
        assert_eq!(
            refusal("joinRoom", Some(json!({"roomId": 5}))),
            "`joinRoom`: invalid type: integer `5`, expected a string"
        );
    }

    #[test]
    fn a_payload_over_the_limit_is_refused_before_it_is_decoded() {
        let large = json!({"roomId": "x".repeat(MAX_PAYLOAD)});
        assert_eq!(
            refusal("joinRoom", Some(large)),
            "`joinRoom`: the payload is larger than 65536 bytes"
        );
    }

    #[test]
    fn an_unknown_event_is_answered_with_a_bounded_sentence() {
        assert!(refusal("nope", None).starts_with("there is no event `nope`"));
        assert!(refusal(&"x".repeat(100_000), None).len() < 300);
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-zA-Z]{1,14}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn no_payload_makes_decoding_panic(payload in any_json(), event in 0..14_usize) {
            const EVENTS: [&str; 14] = [
                "createRoom", "joinRoom", "getRouterRtpCapabilities", "createProducerTransport",
                "connectProducerTransport", "produce", "pauseProducer", "resumeProducer",
                "closeProducer", "stopProducing", "listProducers", "consume", "resumeConsumer", "leaveRoom",
            ];
            if let Err(error) = Request::decode(EVENTS[event], Some(payload)) {
                prop_assert!(!error.to_string().is_empty());
            }
        }

        #[test]
        fn the_measured_size_is_close_to_the_real_one(payload in any_json()) {
            let real = payload.to_string().len();
            let measured = json_size(&payload);
            prop_assert!(measured + 32 >= real / 6 && measured <= 2 * real + 32 * 8);
        }
    }
}
