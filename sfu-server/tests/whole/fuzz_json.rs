//! Nothing that a client sends as JSON makes the server panic: the decoder by itself, on what mutation makes of a corpus, and
//! the whole corpus through a socket.
//!
//! `FUZZ_SECONDS=60` fuzzes for so long instead of 3 s; `SEED=n` draws the same inputs again.

use std::{
    collections::BTreeSet,
    panic::{AssertUnwindSafe, catch_unwind},
    time::{Duration, Instant},
};

use crate::fuzz::{
    corpus::{self, Input},
    large, mutate,
};
use rand::{SeedableRng as _, rngs::StdRng};
use rig::{
    Client, Server,
    contract::{self, Carries, EVENTS},
    parameters,
};
use serde_json::{Value, json};
use sfu_server::signaling::{
    messages::Failure,
    request::{self, Request},
};

/// Characters of a refusal's sentence: more is the client's own words, given back.
const LONGEST: usize = 400;
/// Mutations that are sent to a server, beside the whole corpus.
const DRAWN: usize = 400;
/// Inputs between two looks at the clock.
const BATCH: usize = 100;

fn names() -> impl Iterator<Item = &'static str> {
    EVENTS.iter().map(|event| event.name).chain(["nope"])
}

fn everything() -> Vec<Input> {
    corpus::read().into_iter().chain(large::inputs()).collect()
}

#[test]
fn every_event_that_carries_something_has_a_good_example() {
    let corpus = corpus::read();
    let mut shown = BTreeSet::new();
    for input in &corpus {
        if let Some(event) = input.event() {
            let payload = serde_json::from_slice(&input.bytes).expect(&input.name);
            if let Err(error) = Request::decode(event, Some(payload)) {
                panic!("{}: {error}", input.name);
            }
            shown.insert(event);
        }
    }
    let carrying = EVENTS.iter().filter(|event| event.carries != Carries::Nothing);
    assert_eq!(shown, carrying.map(|event| event.name).collect());
}

#[test]
fn the_rig_knows_every_event_of_the_server_and_no_other() {
    let known: BTreeSet<&str> = EVENTS.iter().map(|event| event.name).collect();
    let served: BTreeSet<&str> = request::EVENTS.iter().map(|event| event.name).collect();
    assert_eq!(known, served);
}

#[test]
fn whatever_a_payload_is_decoding_ends_in_a_request_or_in_one_short_sentence() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|seconds| seconds.parse().ok());
    let length = Duration::from_secs(seconds.unwrap_or(3));
    println!("SEED={seed}, for {length:?}");

    let corpus = corpus::read();
    let mut counts = Counts::default();
    everything().iter().for_each(|input| counts.decode(&input.bytes));
    let mut random = StdRng::seed_from_u64(seed);
    let start = Instant::now();
    while start.elapsed() < length {
        for _ in 0..BATCH {
            counts.decode(&mutate::draw(&mut random, &corpus));
        }
    }
    let per_second = counts.decoded as f64 / start.elapsed().as_secs_f64();
    println!("{counts:?}, {per_second:.0} decodings a second");
    assert!(counts.accepted > 0 && counts.refused > 0 && counts.no_json > 0, "all kinds are drawn");
}

#[derive(Debug, Default)]
struct Counts {
    inputs: u64,
    no_json: u64,
    decoded: u64,
    accepted: u64,
    refused: u64,
}

impl Counts {
    /// As the payload of every event.
    fn decode(&mut self, bytes: &[u8]) {
        self.inputs += 1;
        let payload = match catch_unwind(|| serde_json::from_slice::<Value>(bytes)) {
            Ok(payload) => payload.ok(),
            Err(_) => panic!("reading panics: {}", String::from_utf8_lossy(bytes)),
        };
        self.no_json += u64::from(payload.is_none());
        for event in names() {
            let input = payload.clone();
            let decoded = catch_unwind(AssertUnwindSafe(|| Request::decode(event, input)));
            self.decoded += 1;
            match decoded {
                Ok(Ok(_)) => self.accepted += 1,
                Ok(Err(error)) => {
                    self.refused += 1;
                    let Failure { error, .. } = Failure::from(&error);
                    let length = error.chars().count();
                    assert!(
                        (1..LONGEST).contains(&length),
                        "`{event}` is refused with {length} characters: {error}"
                    );
                }
                Err(_) => panic!("`{event}` panics on {}", String::from_utf8_lossy(bytes)),
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_input_of_the_corpus_is_answered_once_or_ends_its_own_connection_and_the_server_serves_on()
 {
    let mut server = Server::start(env!("CARGO_BIN_EXE_sfu-server"), &[]).await;
    let (mut answered, mut ending) = (0, BTreeSet::new());
    for input in everything() {
        // A text frame carries nothing else: what is no UTF-8 never reaches the JSON layer.
        let Ok(text) = String::from_utf8(input.bytes) else { continue };
        let is_json = serde_json::from_str::<Value>(&text).is_ok();
        let mut client = Client::connect(server.http).await;
        for event in names() {
            match client.send_text(event, Some(text.clone())).or_gone().await {
                Some(answer) => {
                    assert_eq!(
                        contract::fault(event, &answer),
                        None,
                        "{} to `{event}`",
                        input.name
                    );
                }
                None => {
                    assert!(!is_json, "{} to `{event}` ends the connection", input.name);
                    ending.insert(input.name.clone());
                    let again = Client::connect(server.http).await;
                    let ended = std::mem::replace(&mut client, again).ended().await;
                    assert_eq!(ended.faults(false), Vec::<String>::new(), "{}", input.name);
                    answered += ended.answered().count();
                }
            }
        }
        let conversation = client.close().await;
        assert_eq!(conversation.faults(true), Vec::<String>::new(), "{}", input.name);
        answered += conversation.answered().count();
    }
    println!("{answered} answers; no JSON, and the end of the connection: {ending:?}");
    let newcomer = Client::connect(server.http).await;
    newcomer.must("createRoom", None).await;
    newcomer.must("createProducerTransport", None).await;
    assert!(server.runs(), "the server has ended");
    assert_eq!(server.panics(), Vec::<String>::new(), "panics in the log");
}

/// Of an object that begins with a password, whatever follows: what cannot be read is not nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_is_created_with_a_password_never_opens_without_it() {
    let flags = ["--broadcast-linger", "100ms", "--max-rooms", "1000"];
    let mut server = Server::start(env!("CARGO_BIN_EXE_sfu-server"), &flags).await;
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("SEED={seed}");
    let (corpus, mut random) = (corpus::read(), StdRng::seed_from_u64(seed));
    let drawn = std::iter::repeat_with(|| mutate::draw(&mut random, &corpus)).take(DRAWN);
    let values = everything().into_iter().map(|input| input.bytes).chain(drawn);
    let (mut opened, mut refused, mut ended) = (0, 0, 0);
    let mut client = Client::connect(server.http).await;
    // Longer ones end their connection, whatever they say; and a second password is the one that counts.
    for value in values.filter(|value| value.len() < 200_000 && !names_a_password(value)) {
        let Ok(value) = String::from_utf8(value) else { continue };
        for key in ["password", "\\u0070assword"] {
            let payload = format!("{{\"{key}\":\"north\",\"displayName\":{value}}}");
            let Some(answer) =
                client.send_text("createRoom", Some(payload.clone())).or_gone().await
            else {
                ended += 1;
                client = Client::connect(server.http).await;
                continue;
            };
            assert_eq!(contract::fault("createRoom", &answer), None, "{payload}");
            if answer.get("error").is_some() {
                refused += 1;
                continue;
            }
            assert_eq!(answer["settings"]["hasPassword"], true, "opened by {payload}");
            opened += 1;
            client.must("leaveRoom", None).await;
        }
    }
    println!("{opened} opened, {refused} refused, {ended} connections ended");
    assert!(opened > 0 && refused > 0, "both are drawn");
    assert!(server.runs(), "the server has ended");
    assert_eq!(server.panics(), Vec::<String>::new(), "panics in the log");
}

fn names_a_password(value: &[u8]) -> bool {
    value.windows(8).any(|window| window == b"password")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_a_peer_with_transports_says_it_is_answered_and_the_others_of_its_room_are_served_on()
 {
    let mut server = Server::start(env!("CARGO_BIN_EXE_sfu-server"), &[]).await;
    let witness = Client::connect(server.http).await;
    let room = enter(&witness, None).await;
    let carrying = EVENTS.iter().filter(|event| event.carries != Carries::Nothing);
    let events: Vec<&str> = carrying.map(|event| event.name).collect();
    let (mut taken, mut consumed) = (BTreeSet::new(), BTreeSet::new());
    for input in everything() {
        let Ok(text) = String::from_utf8(input.bytes) else { continue };
        if serde_json::from_str::<Value>(&text).is_err() {
            continue;
        }
        let client = Client::connect(server.http).await;
        enter(&client, Some(&room)).await;
        for event in &events {
            let answer = client.send_text(event, Some(text.clone())).or_gone().await;
            let answer = answer.unwrap_or_else(|| panic!("{} to `{event}` ends it", input.name));
            assert_eq!(contract::fault(event, &answer), None, "{} to `{event}`", input.name);
            if *event == "produce" && answer.get("id").is_some() {
                taken.insert(input.name.clone());
            }
            // What was taken must be bearable for whoever receives it.
            for producer in producers(&witness).await {
                let consume = json!({
                    "producerId": producer, "rtpCapabilities": parameters::capabilities(),
                });
                let consumer = witness.ask("consume", Some(consume)).await;
                assert_eq!(contract::fault("consume", &consumer), None, "of {}", input.name);
                if consumer.get("id").is_some() {
                    consumed.insert(input.name.clone());
                }
            }
        }
        let conversation = client.close().await;
        assert_eq!(conversation.faults(true), Vec::<String>::new(), "{}", input.name);
    }
    println!("produced: {taken:?}; and consumed: {consumed:?}");
    assert!(consumed.contains("produce") && consumed.contains("produce-simulcast"), "{consumed:?}");
    assert!(taken.iter().all(|name| !name.starts_with("large-encodings")), "{taken:?}");
    assert_eq!(witness.close().await.faults(true), Vec::<String>::new());
    assert!(server.runs(), "the server has ended");
    assert_eq!(server.panics(), Vec::<String>::new(), "panics in the log");
}

/// With both transports; answers the room.
async fn enter(client: &Client, room: Option<&Value>) -> Value {
    let entered = match room {
        None => client.must("createRoom", None).await,
        Some(room) => client.must("joinRoom", Some(json!({ "roomId": room }))).await,
    };
    client.must("createProducerTransport", None).await;
    client.must("createConsumerTransport", None).await;
    entered["roomId"].clone()
}

/// All that are open in a client's room.
async fn producers(client: &Client) -> Vec<Value> {
    let list = client.must("listProducers", None).await;
    let peers = list["producers"].as_array().into_iter().flatten();
    let fields = peers.filter_map(Value::as_object).flatten();
    fields.filter(|(name, _)| name.ends_with("ProducerId")).map(|(_, id)| id.clone()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payload_up_to_the_limit_is_read_and_one_beyond_it_is_refused_for_its_size() {
    let server = Server::start(env!("CARGO_BIN_EXE_sfu-server"), &[]).await;
    let client = Client::connect(server.http).await;
    let mut refusals = Vec::new();
    for length in [large::LIMIT - 1, large::LIMIT + 1] {
        let payload = large::of_length(length);
        assert_eq!(payload.len(), length);
        let answer =
            client.send_text("joinRoom", Some(payload)).or_gone().await.expect("an answer");
        refusals.push(answer["error"].as_str().unwrap_or_default().contains("larger than"));
    }
    assert_eq!(refusals, [false, true], "refused for its size");
    assert_eq!(client.close().await.faults(true), Vec::<String>::new());
}
