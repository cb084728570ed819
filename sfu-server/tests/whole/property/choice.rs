//! Draws what a fake client asks next: mostly something that may work, often something out of order, now and then nonsense.

use rand::{RngExt as _, rngs::StdRng, seq::IndexedRandom as _};
use rig::{
    contract::{Carries, EVENTS, Event},
    parameters,
};
use serde_json::{Value, json};

use super::{
    known::Room,
    seat::{self, Seat},
};

/// An event and its payload, as text that need not be JSON of any use.
pub type Request = (String, Option<String>);

/// What a client has heard of.
pub struct Heard<'a> {
    /// Its seat.
    pub seat: Option<&'a Seat>,
    /// Rooms that somebody opened, and what is known of them.
    pub rooms: &'a [Room],
    /// Producers of this and other rooms, open and closed.
    pub producers: &'a [String],
}

pub fn request(random: &mut StdRng, heard: &Heard<'_>) -> Request {
    match random.random_range(0..100) {
        0..8 => nonsense(random),
        8..25 => {
            let event = EVENTS.choose(random).expect("an event");
            filled(random, event, heard)
        }
        _ => sensible(random, heard),
    }
}

/// What a client would do next, by where it stands.
fn sensible(random: &mut StdRng, heard: &Heard<'_>) -> Request {
    let name = match heard.seat {
        None if heard.rooms.is_empty() || random.random_bool(0.2) => "createRoom",
        None if random.random_bool(0.1) => "resumeSession",
        None => "joinRoom",
        Some(seat) => {
            let others = !seat::producers(&seat.told).is_empty();
            let mut likely = vec!["listProducers", "getRouterRtpCapabilities"];
            if seat.sending.is_none() {
                likely.extend(["createProducerTransport"; 4]);
            } else {
                likely.extend(["produce"; 5]);
                likely.extend(["connectProducerTransport", "restartIce"]);
            }
            if seat.receiving.is_none() {
                likely.extend(["createConsumerTransport"; 4]);
            } else if others {
                likely.extend(["consume"; 5]);
                likely.push("connectConsumerTransport");
            }
            if !seat.producers.is_empty() {
                likely.extend(["pauseProducer", "resumeProducer", "closeProducer"]);
            }
            if !seat.consumers.is_empty() {
                likely.extend(["pauseConsumer", "resumeConsumer", "resumeConsumer"]);
                likely.extend(["closeConsumer", "setPreferredLayers"]);
            }
            if random.random_bool(0.1) {
                likely.extend(["stopProducing", "leaveRoom"]);
            }
            if random.random_bool(if seat.host { 0.3 } else { 0.1 }) {
                likely.extend(["mutePeer", "removePeer", "lockRoom", "setLayout", "pinPeer"]);
            }
            if random.random_bool(0.01) {
                likely.extend(["endRoom"; 5]);
            }
            *likely.choose(random).expect("something")
        }
    };
    let event = EVENTS.iter().find(|event| event.name == name).expect("an event of the contract");
    filled(random, event, heard)
}

/// The event with a payload of the right shape; its ids may be anybody's.
fn filled(random: &mut StdRng, event: &Event, heard: &Heard<'_>) -> Request {
    let payload = match event.carries {
        Carries::Nothing => None,
        Carries::NewRoom => random.random_bool(0.5).then(|| {
            let mut room = json!({ "displayName": name(random) });
            if random.random_bool(0.1) {
                room["password"] = "sesame".into();
            }
            room
        }),
        Carries::Room => Some(join(random, heard.rooms)),
        Carries::Session => Some(session(random, heard)),
        Carries::OwnTransport => {
            let own: Vec<String> =
                heard.seat.into_iter().flat_map(|seat| seat.transports().cloned()).collect();
            Some(json!({ "transportId": own_or_other(random, &own, heard.producers) }))
        }
        Carries::Dtls => Some(json!({ "dtlsParameters": parameters::dtls() })),
        Carries::Track => Some(track(random)),
        Carries::OwnProducer => {
            let own: Vec<String> =
                heard.seat.into_iter().flat_map(|seat| seat.producers.clone()).collect();
            Some(json!({ "producerId": own_or_other(random, &own, heard.producers) }))
        }
        Carries::Consume => {
            let here: Vec<String> =
                heard.seat.into_iter().flat_map(|seat| seat::producers(&seat.told)).collect();
            let capabilities = match random.random_range(0..10) {
                0 => parameters::deaf(),
                _ => parameters::capabilities(),
            };
            Some(json!({
                "producerId": own_or_other(random, &here, heard.producers),
                "rtpCapabilities": capabilities,
                "paused": random.random_bool(0.5),
            }))
        }
        Carries::OwnConsumer => {
            Some(json!({ "consumerId": own_or_other(random, &consumers(heard), heard.producers) }))
        }
        Carries::Layers => Some(json!({
            "consumerId": own_or_other(random, &consumers(heard), heard.producers),
            "spatialLayer": random.random_range(0..4),
            "temporalLayer": random.random_range(0..4),
        })),
        Carries::Peer => {
            let here = heard.seat.and_then(|seat| seat.told.as_array()).into_iter().flatten();
            let here: Vec<String> =
                here.filter_map(|peer| peer["peerId"].as_str().map(Into::into)).collect();
            let tracks = ["microphone", "camera", "screen", "screenAudio", "smell"];
            Some(json!({ "peerId": one_of(random, &here), "track": tracks.choose(random) }))
        }
        Carries::Locked => Some(json!({ "locked": random.random_bool(0.2) })),
        Carries::Layout => {
            let layouts = ["auto", "grid", "speaker", "spotlight", "pile"];
            Some(json!({ "layout": layouts.choose(random) }))
        }
    };
    (event.name.into(), payload.map(|payload| payload.to_string()))
}

/// Into any room, by any way: its link, its host's token, somebody's rejoin token, even one that is used already or of
/// another room.
fn join(random: &mut StdRng, rooms: &[Room]) -> Value {
    let ids: Vec<String> = rooms.iter().map(|room| room.id.clone()).collect();
    let mut payload = json!({
        "roomId": one_of(random, &ids),
        "displayName": name(random),
        // Who guesses too often is not heard for a while.
        "password": if random.random_bool(0.02) { "guess" } else { "sesame" },
        "role": if random.random_bool(0.1) { "viewer" } else { "publisher" },
    });
    let Some(room) = rooms.choose(random) else { return payload };
    // Mostly of the room that is asked for.
    if random.random_bool(0.9) {
        payload["roomId"] = room.id.as_str().into();
    }
    if random.random_bool(0.2)
        && let Some(token) = &room.host_token
    {
        payload["hostToken"] = token.as_str().into();
    }
    if random.random_bool(0.25) && !room.rejoin_tokens.is_empty() {
        payload["rejoinToken"] = one_of(random, &room.rejoin_tokens).into();
    }
    payload
}

/// Its own, somebody else's, or one whose secret is wrong.
fn session(random: &mut StdRng, heard: &Heard<'_>) -> Value {
    let own = heard.seat.and_then(|seat| seat.session.as_ref());
    let sessions: Vec<&Value> = heard.rooms.iter().flat_map(|room| &room.sessions).collect();
    let any = sessions.choose(random).copied();
    let chosen = if random.random_bool(0.5) { own.or(any) } else { any };
    let guess = json!({ "roomId": "nowhere", "sessionId": "nobody", "secret": "guess" });
    let mut payload = chosen.cloned().unwrap_or(guess);
    match random.random_range(0..10) {
        0 => payload["secret"] = "guess".into(),
        // Another's secret fits no better.
        1 => {
            payload["secret"] =
                sessions.choose(random).map_or(Value::Null, |it| it["secret"].clone())
        }
        2 => payload["sessionId"] = "nobody".into(),
        _ => {}
    }
    payload
}

fn consumers(heard: &Heard<'_>) -> Vec<String> {
    heard.seat.into_iter().flat_map(|seat| seat.consumers.keys().cloned()).collect()
}

fn track(random: &mut StdRng) -> Value {
    // Some collide, with another of the same transport or of somebody else's.
    let ssrc = if random.random_bool(0.1) { random.random_range(1..8) } else { random.random() };
    let kind = *["audio", "video"].choose(random).expect("a kind");
    let rtp_parameters = match (kind, random.random_range(0..20)) {
        (_, 0) => parameters::foreign(ssrc),
        ("audio", 1) | ("video", 2..) => parameters::vp8(ssrc),
        _ => parameters::opus(ssrc),
    };
    let source = *["camera", "screen"].choose(random).expect("a source");
    json!({
        "kind": kind,
        "rtpParameters": rtp_parameters,
        "appData": { "source": source, "paused": random.random_bool(0.2) },
    })
}

/// Mostly one of the client's own; otherwise somebody's, or nobody's.
fn own_or_other(random: &mut StdRng, own: &[String], others: &[String]) -> String {
    if random.random_bool(0.8) && !own.is_empty() {
        one_of(random, own)
    } else {
        one_of(random, others)
    }
}

fn one_of(random: &mut StdRng, ids: &[String]) -> String {
    match ids.choose(random) {
        Some(id) if random.random_bool(0.95) => id.clone(),
        _ => (*["", "nobody", "00000000-0000-4000-8000-000000000000", "../..", "\u{0}"]
            .choose(random)
            .expect("an id"))
        .into(),
    }
}

fn name(random: &mut StdRng) -> String {
    (*["Ada", "", " \u{7} ", "é漢字🙂", "<b>", "x y z"].choose(random).expect("a name")).into()
}

/// Events that do not exist, and payloads that fit none.
fn nonsense(random: &mut StdRng) -> Request {
    const NAMES: [&str; 6] = ["fly", "", "CREATEROOM", "__proto__", "joinRoom ", "ping"];
    let event = match random.random_range(0..4) {
        0 => *NAMES.choose(random).expect("a name"),
        _ => EVENTS.choose(random).expect("an event").name,
    };
    let long = || format!("{{\"roomId\":\"{}\"}}", "x".repeat(70_000));
    let payload = match random.random_range(0..12) {
        0 => None,
        1 => Some(long()),
        2 => Some("[".repeat(100) + &"]".repeat(100)),
        number => {
            const PAYLOADS: [&str; 9] = [
                "null",
                "5",
                "\"text\"",
                "[]",
                "[{}]",
                "true",
                "{}",
                r#"{"roomId":{},"producerId":[],"consumerId":5,"kind":"smell","dtlsParameters":null}"#,
                r#"{"dtlsParameters":{"role":"client","fingerprints":[{"algorithm":"sha-256","value":"AB"}]}}"#,
            ];
            Some(PAYLOADS[number - 3].into())
        }
    };
    (event.into(), payload)
}
