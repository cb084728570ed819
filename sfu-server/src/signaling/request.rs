//! Decoding: an event's name and payload become a [`Request`], or one sentence saying what does not fit.
//!
//! The table below is the contract: requests, their decoding, and the frontend's types are made from it.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::signaling::{
    errors::{MAX_PAYLOAD, RequestError, excerpt},
    leniency,
    messages::*,
    payload::Payload,
};

/// One event of the contract: its name, the types of its payload and of its reply.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    /// On the wire.
    pub name: &'static str,
    /// `undefined` when the event is sent with its callback only.
    pub payload: &'static str,
    /// Of the answer.
    pub reply: &'static str,
}

macro_rules! requests {
    ($($event:literal => $variant:ident $(($payload:ident))? -> $reply:ident;)+) => {
        /// One client event.
        #[derive(Debug)]
        pub enum Request {
            $(#[doc = concat!("`", $event, "`")] $variant $((Box<$payload>))?,)+
        }

        /// Every event a client may send.
        pub const EVENTS: &[Event] = &[
            $(Event {
                name: $event,
                payload: [$(stringify!($payload),)? "undefined"][0],
                reply: stringify!($reply),
            },)+
        ];

        impl Request {
            /// Decodes `event` and its `payload`.
            ///
            /// # Errors
            /// There is no such event, or the payload is unreadable, too large or of another shape: nothing is done then.
            pub fn decode(event: &str, payload: impl Into<Payload>) -> Result<Self, RequestError> {
                let payload = match payload.into() {
                    Payload::Absent => None,
                    Payload::Unreadable(reason) => {
                        let reason = format!("the payload cannot be read: {reason}");
                        return Err(RequestError::BadPayload { event: excerpt(event), reason });
                    }
                    Payload::Given(payload) if json_size(&payload) > MAX_PAYLOAD => {
                        return Err(RequestError::TooLarge { event: excerpt(event) });
                    }
                    Payload::Given(payload) => Some(payload),
                };
                match event {
                    $($event => Ok(Self::$variant $((Box::new(shape::<$payload>($event, payload)?)))?),)+
                    _ => Err(RequestError::UnknownEvent(excerpt(event))),
                }
            }
        }
    };
}

requests! {
    "createRoom" => CreateRoom(CreateRoom) -> RoomCreated;
    "joinRoom" => JoinRoom(JoinRoom) -> RoomJoined;
    "resumeSession" => ResumeSession(ResumeSession) -> RoomJoined;
    "getRouterRtpCapabilities" => GetRouterRtpCapabilities -> RouterCapabilities;
    "createProducerTransport" => CreateProducerTransport -> TransportCreated;
    "createConsumerTransport" => CreateConsumerTransport -> TransportCreated;
    "connectProducerTransport" => ConnectProducerTransport(ConnectTransport) -> Connected;
    "connectConsumerTransport" => ConnectConsumerTransport(ConnectTransport) -> Connected;
    "restartIce" => RestartIce(TransportRef) -> IceRestarted;
    "produce" => Produce(Produce) -> Produced;
    "pauseProducer" => PauseProducer(ProducerRef) -> Paused;
    "resumeProducer" => ResumeProducer(ProducerRef) -> Resumed;
    "closeProducer" => CloseProducer(ProducerRef) -> Closed;
    "stopProducing" => StopProducing -> Stopped;
    "listProducers" => ListProducers -> Producers;
    "consume" => Consume(Consume) -> Consumed;
    "pauseConsumer" => PauseConsumer(ConsumerRef) -> Paused;
    "resumeConsumer" => ResumeConsumer(ConsumerRef) -> Resumed;
    "closeConsumer" => CloseConsumer(ConsumerRef) -> Closed;
    "setPreferredLayers" => SetPreferredLayers(SetPreferredLayers) -> PreferredLayers;
    "leaveRoom" => LeaveRoom -> Left;
    "mutePeer" => MutePeer(MutePeer) -> Muted;
    "removePeer" => RemovePeer(PeerRef) -> Removed;
    "lockRoom" => LockRoom(LockRoom) -> RoomLocked;
    "endRoom" => EndRoom -> Ended;
    "setLayout" => SetLayout(SetLayout) -> LayoutSet;
    "pinPeer" => PinPeer(PinPeer) -> Pinned;
}

macro_rules! replies {
    ($($reply:ident),+ $(,)?) => {
        /// The answer to one request, a flat object.
        #[derive(Debug, Serialize)]
        #[serde(untagged)]
        pub enum Reply {
            $(#[doc = concat!("[`", stringify!($reply), "`]")] $reply(Box<$reply>),)+
        }

        $(impl From<$reply> for Reply {
            fn from(reply: $reply) -> Self {
                Self::$reply(Box::new(reply))
            }
        })+
    };
}

replies!(
    RoomCreated,
    RoomJoined,
    RouterCapabilities,
    TransportCreated,
    Connected,
    IceRestarted,
    Produced,
    Paused,
    Resumed,
    Closed,
    Stopped,
    Producers,
    Consumed,
    PreferredLayers,
    Left,
    Muted,
    Removed,
    RoomLocked,
    Ended,
    LayoutSet,
    Pinned,
);

/// Events whose payload may be missing: all of its fields are optional.
const BARE: [&str; 2] = ["createRoom", "pinPeer"];

fn shape<T: DeserializeOwned>(event: &str, payload: Option<Value>) -> Result<T, RequestError> {
    let bad = |reason: String| RequestError::BadPayload { event: event.into(), reason };
    let mut fields = match payload {
        Some(Value::Object(fields)) => fields,
        Some(_) => return Err(bad("the payload must be an object".into())),
        None if BARE.contains(&event) => Map::new(),
        None => return Err(bad("the payload is missing".into())),
    };
    leniency::complete(event, &mut fields);
    serde_json::from_value(Value::Object(fields)).map_err(|error| bad(excerpt(&error.to_string())))
}

/// Bytes of `value` as compact JSON.
fn json_size(value: &Value) -> usize {
    let mut size = Size(0);
    // Neither counting nor a value of JSON fails.
    drop(serde_json::to_writer(&mut size, value));
    size.0
}

/// Counts what is written.
struct Size(usize);

impl std::io::Write for Size {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
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
    fn an_unreadable_payload_is_refused_by_every_event_those_without_one_included() {
        for event in EVENTS {
            let refused = Request::decode(event.name, Payload::Unreadable("why".into()));
            let refused = refused.expect_err(event.name).to_string();
            assert_eq!(refused, format!("`{}`: the payload cannot be read: why", event.name));
        }
    }

    #[test]
    fn a_fingerprint_with_a_character_of_several_bytes_is_refused() {
        for at in 0..30 {
            // As many bytes as a fingerprint has.
            let value = format!("{}\u{feff}{}", "A".repeat(3 * at), "A".repeat(92 - 3 * at));
            let fingerprint = json!({"algorithm": "sha-256", "value": value});
            for parameters in [
                json!({"role": "auto", "fingerprints": [fingerprint]}),
                json!(["auto", [fingerprint]]),
                json!(["auto", [["sha-256", value]]]),
            ] {
                let payload = json!({"dtlsParameters": parameters});
                let refused = refusal("connectProducerTransport", Some(payload));
                assert!(
                    refused.ends_with("the value of a fingerprint is hexadecimal"),
                    "{refused}"
                );
            }
        }
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
        let of_size = |size: usize| json!({"roomId": "x".repeat(size - r#"{"roomId":""}"#.len())});
        assert!(Request::decode("joinRoom", Some(of_size(MAX_PAYLOAD))).is_ok());
        let large = of_size(MAX_PAYLOAD + 1);
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
        fn no_payload_makes_decoding_panic(payload in any_json(), event in 0..EVENTS.len()) {
            if let Err(error) = Request::decode(EVENTS[event].name, Some(payload)) {
                prop_assert!(!error.to_string().is_empty());
            }
        }

        #[test]
        fn the_measured_size_is_the_real_one(payload in any_json()) {
            prop_assert_eq!(json_size(&payload), payload.to_string().len());
        }
    }
}
