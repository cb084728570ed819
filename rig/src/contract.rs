//! The contract of `docs/signaling.md` as a client knows it: the one place to extend when it grows.

use serde_json::Value;

/// One event a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    /// On the wire.
    pub name: &'static str,
    /// What it carries.
    pub carries: Carries,
    /// Fields of every answer that is no refusal.
    pub answers: &'static [&'static str],
}

/// What an event's payload is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carries {
    /// No payload.
    Nothing,
    /// `{ displayName?, … }`, or nothing.
    NewRoom,
    /// `{ roomId, displayName?, … }`
    Room,
    /// `{ roomId, sessionId, secret }`
    Session,
    /// `{ transportId }`
    OwnTransport,
    /// `{ dtlsParameters }`
    Dtls,
    /// `{ kind, rtpParameters, appData? }`
    Track,
    /// `{ producerId }`
    OwnProducer,
    /// `{ producerId, rtpCapabilities, paused? }`
    Consume,
    /// `{ consumerId }`
    OwnConsumer,
    /// `{ consumerId, spatialLayer?, temporalLayer?, height? }`
    Layers,
    /// `{ peerId, … }`
    Peer,
    /// `{ locked }`
    Locked,
    /// `{ layout }`
    Layout,
}

const fn event(name: &'static str, carries: Carries, answers: &'static [&'static str]) -> Event {
    Event { name, carries, answers }
}

const TRANSPORT: &[&str] = &["id", "iceParameters", "iceCandidates", "dtlsParameters"];

/// Every event of the contract.
pub const EVENTS: &[Event] = &[
    event("createRoom", Carries::NewRoom, &["roomId", "peerId", "rtpCapabilities"]),
    event("joinRoom", Carries::Room, &["roomId", "peerId", "rtpCapabilities", "producers"]),
    event("resumeSession", Carries::Session, &["roomId", "peerId", "rtpCapabilities", "kept"]),
    event("getRouterRtpCapabilities", Carries::Nothing, &["rtpCapabilities"]),
    event("createProducerTransport", Carries::Nothing, TRANSPORT),
    event("createConsumerTransport", Carries::Nothing, TRANSPORT),
    event("connectProducerTransport", Carries::Dtls, &["connected"]),
    event("connectConsumerTransport", Carries::Dtls, &["connected"]),
    event("restartIce", Carries::OwnTransport, &["iceParameters"]),
    event("produce", Carries::Track, &["id"]),
    event("pauseProducer", Carries::OwnProducer, &["paused"]),
    event("resumeProducer", Carries::OwnProducer, &["resumed"]),
    event("closeProducer", Carries::OwnProducer, &["closed"]),
    event("stopProducing", Carries::Nothing, &["stopped"]),
    event("listProducers", Carries::Nothing, &["producers"]),
    event("consume", Carries::Consume, &["id", "producerId", "kind", "rtpParameters"]),
    event("pauseConsumer", Carries::OwnConsumer, &["paused"]),
    event("resumeConsumer", Carries::OwnConsumer, &["resumed"]),
    event("closeConsumer", Carries::OwnConsumer, &["closed"]),
    event("setPreferredLayers", Carries::Layers, &[]),
    event("leaveRoom", Carries::Nothing, &["left"]),
    event("mutePeer", Carries::Peer, &["muted"]),
    event("removePeer", Carries::Peer, &["removed"]),
    event("lockRoom", Carries::Locked, &["locked"]),
    event("endRoom", Carries::Nothing, &["ended"]),
    event("setLayout", Carries::Layout, &["layout"]),
    event("pinPeer", Carries::Peer, &["pinned"]),
];

/// Every code a refusal may have.
pub const CODES: &[&str] = &[
    "already_connected",
    "already_joined",
    "bad_request",
    "cannot_consume",
    "consumer_not_found",
    "duplicate_producer",
    "ended_by_host",
    "invalid_token",
    "limit_reached",
    "media_failed",
    "not_allowed",
    "not_host",
    "not_joined",
    "peer_not_found",
    "producer_not_found",
    "rate_limited",
    "removed",
    "room_busy",
    "room_full",
    "room_locked",
    "room_not_found",
    "server_fault",
    "session_not_found",
    "session_taken",
    "shutting_down",
    "token_required",
    "transport_exists",
    "transport_missing",
    "unknown_event",
    "worker_lost",
    "wrong_password",
];

/// What of `answer` to `event` the contract does not have; nothing when all is as it should be.
pub fn fault(event: &str, answer: &Value) -> Option<String> {
    let Some(fields) = answer.as_object() else {
        return Some(format!("`{event}` was answered {answer}, no object"));
    };
    if let Some(error) = fields.get("error") {
        let sentence = error.as_str().is_some_and(|error| !error.is_empty());
        let code = fields.get("code").and_then(Value::as_str);
        let known = code.is_some_and(|code| CODES.contains(&code));
        return (!sentence || !known || fields.len() != 2)
            .then(|| format!("`{event}` was refused with {answer}"));
    }
    match EVENTS.iter().find(|known| known.name == event) {
        None => Some(format!("there is no `{event}`, and it was answered {answer}")),
        Some(known) => known
            .answers
            .iter()
            .find(|field| !fields.contains_key(**field))
            .map(|field| format!("the answer to `{event}` has no `{field}`: {answer}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What clients in TypeScript know, made from the server's own types.
    const GENERATED: &str = include_str!("../../frontend/src/signaling/generated.ts");

    /// The words in quotation marks of a line that starts with `start`.
    fn quoted(start: &str) -> Vec<&'static str> {
        let line = GENERATED.lines().find_map(|line| line.strip_prefix(start)).expect("the line");
        line.split('"').skip(1).step_by(2).collect()
    }

    #[test]
    fn the_codes_are_those_of_the_server() {
        let mut codes = quoted("export type ErrorCode = ");
        codes.sort_unstable();
        let mut known = CODES.to_vec();
        known.sort_unstable();
        assert_eq!(known, codes);
    }

    #[test]
    fn the_events_are_those_of_the_server() {
        let requests = GENERATED.split("export interface Requests {").nth(1).expect("requests");
        let requests = requests.split('}').take_while(|line| line.contains("payload:"));
        let names: Vec<_> = requests
            .filter_map(|line| line.split_once(": {"))
            .map(|(name, _)| name.trim_start_matches([' ', ';', '\n']))
            .collect();
        let known: Vec<_> = EVENTS.iter().map(|event| event.name).collect();
        assert_eq!(known, names);
    }

    #[test]
    fn a_refusal_is_a_sentence_and_a_known_code_and_nothing_else() {
        assert_eq!(fault("x", &json!({"error": "no", "code": "unknown_event"})), None);
        for wrong in [
            json!({"error": "", "code": "bad_request"}),
            json!({"error": "no", "code": "novel"}),
            json!({"error": "no"}),
            json!({"error": "no", "code": "bad_request", "more": 1}),
            json!({"error": null, "code": "bad_request"}),
            json!(null),
            json!([]),
        ] {
            assert!(fault("joinRoom", &wrong).is_some(), "{wrong}");
        }
    }

    #[test]
    fn an_answer_has_its_fields_and_may_have_more() {
        assert_eq!(fault("produce", &json!({"id": "x", "more": 1})), None);
        assert!(fault("produce", &json!({"left": true})).is_some());
        assert!(fault("nope", &json!({"left": true})).is_some());
    }
}
