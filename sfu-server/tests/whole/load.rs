//! A hundred rooms of two: how soon each request is answered when all join at once, and what a room and a peer cost.
//!
//! Every run asserts that everybody is answered and is where it should be; `RIG=full` asserts the times too.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use rig::{Client, Server, parameters};
use serde_json::{Value, json};

const ROOMS: usize = 100;
/// 95 of 100 answers come sooner.
const P95: Duration = Duration::from_millis(50);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_hundred_clients_that_join_a_hundred_rooms_at_once_are_all_let_in() {
    let server = server().await;
    let connecting = (0..2 * ROOMS).map(|_| Client::connect(server.http));
    let mut clients = join_all(connecting).await.into_iter();
    let pairs: Vec<[Client; 2]> =
        std::iter::from_fn(|| Some([clients.next()?, clients.next()?])).collect();

    let start = Instant::now();
    let joining = pairs.into_iter().map(|pair| tokio::spawn(join_with_a_guest(pair)));
    let joined: Vec<Joined> =
        join_all(joining).await.into_iter().map(|joined| joined.expect("a pair inside")).collect();
    let took = start.elapsed();

    let rooms: std::collections::BTreeSet<&str> =
        joined.iter().map(|joined| joined.room.as_str()).collect();
    assert_eq!(rooms.len(), ROOMS, "rooms");
    let dump = server.dump().await;
    assert_eq!(dump.routers.len(), ROOMS, "routers");
    assert!(dump.routers.iter().all(|router| router.transports.len() == 4), "two transports each");

    let mut delays: BTreeMap<&str, Vec<Duration>> = BTreeMap::new();
    for (event, delay) in joined.iter().flat_map(|joined| &joined.delays) {
        delays.entry(event).or_default().push(*delay);
        delays.entry("all").or_default().push(*delay);
    }
    println!("{ROOMS} rooms of two in {took:.0?}; answers after");
    for (event, delays) in &mut delays {
        delays.sort_unstable();
        let [p50, p95, max] = [0.5, 0.95, 1.0].map(|share| percentile(delays, share));
        println!("  {event:24} {:4} × p50 {p50:.1?}, p95 {p95:.1?}, max {max:.1?}", delays.len());
    }
    for joined in joined {
        for client in joined.clients {
            assert_eq!(client.close().await.faults(true), Vec::<String>::new());
        }
    }
    if rig::is_full() {
        let p95 = percentile(&delays["all"], 0.95);
        assert!(p95 <= P95, "95 of 100 answers come within {p95:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_idle_rooms_and_two_hundred_peers_fit_and_cost_this_much_memory() {
    let server = server().await;
    let host = Client::connect(server.http).await;
    // The first room brings what is there once for all of them.
    warm_up(&host).await;
    let start = server.usage();

    let mut rooms = Vec::new();
    for _ in 1..ROOMS {
        rooms.push(host.must("createRoom", None).await["roomId"].clone());
        host.must("leaveRoom", None).await;
    }
    assert_eq!(server.dump().await.routers.len(), ROOMS, "rooms stay while they linger");
    let idle = server.usage();

    let connecting = rooms.iter().chain(&rooms).map(|_| Client::connect(server.http));
    let clients = join_all(connecting).await;
    let connected = server.usage();

    for (client, room) in clients.iter().zip(rooms.iter().chain(&rooms)) {
        client.must("joinRoom", Some(json!({ "roomId": room }))).await;
        client.must("createProducerTransport", None).await;
        client.must("createConsumerTransport", None).await;
    }
    let inside = server.usage();
    for (number, client) in clients.iter().enumerate() {
        let ssrc = 1000 + 2 * number as u32;
        for (kind, rtp) in [("audio", parameters::opus(ssrc)), ("video", parameters::vp8(ssrc + 1))]
        {
            client.must("produce", Some(json!({ "kind": kind, "rtpParameters": rtp }))).await;
        }
    }
    let producing = server.usage();

    println!(
        "memory: {:.1} MB with one idle room, {:.1} MB in the end",
        start.megabytes(),
        producing.megabytes()
    );
    for (what, from, to, count) in [
        ("idle room", start, idle, rooms.len()),
        ("connection", idle, connected, clients.len()),
        ("joined peer with two transports", connected, inside, clients.len()),
        ("two producers of a peer", inside, producing, clients.len()),
    ] {
        let bytes = to.rss as f64 - from.rss as f64;
        let cpu = (to.cpu - from.cpu) / count as f64;
        println!("  {what}: {:.1} kB, {:.2} ms of CPU", bytes / 1e3 / count as f64, cpu * 1e3);
    }
    let dump = server.dump().await;
    assert_eq!(dump.transports().len(), 2 * clients.len(), "transports");
    assert_eq!(dump.producers().len(), 2 * clients.len(), "producers");
    drop(clients);
}

async fn server() -> Server {
    let flags = ["--max-rooms", "100", "--broadcast-linger", "10m"];
    Server::start(env!("CARGO_BIN_EXE_sfu-server"), &flags).await
}

/// One of everything, in a room that stays.
async fn warm_up(client: &Client) {
    client.must("createRoom", None).await;
    client.must("createProducerTransport", None).await;
    client.must("createConsumerTransport", None).await;
    client.must("leaveRoom", None).await;
}

/// Two clients in a room, each with both transports.
struct Joined {
    clients: [Client; 2],
    room: String,
    /// From each request to its answer.
    delays: Vec<(&'static str, Duration)>,
}

async fn join_with_a_guest([host, guest]: [Client; 2]) -> Joined {
    let mut delays = Vec::new();
    let created = timed(&host, "createRoom", None, &mut delays).await;
    let room = created["roomId"].as_str().expect("a room").to_owned();
    let transports = async |client: &Client| {
        let mut delays = Vec::new();
        timed(client, "createProducerTransport", None, &mut delays).await;
        timed(client, "createConsumerTransport", None, &mut delays).await;
        delays
    };
    let joining = async {
        let mut delays = Vec::new();
        let id = json!({ "roomId": room });
        timed(&guest, "joinRoom", Some(id), &mut delays).await;
        delays.extend(transports(&guest).await);
        delays
    };
    let (mine, theirs) = tokio::join!(transports(&host), joining);
    delays.extend(mine.into_iter().chain(theirs));
    Joined { clients: [host, guest], room, delays }
}

async fn timed(
    client: &Client,
    event: &'static str,
    payload: Option<Value>,
    delays: &mut Vec<(&'static str, Duration)>,
) -> Value {
    let start = Instant::now();
    let answer = client.must(event, payload).await;
    delays.push((event, start.elapsed()));
    answer
}

fn percentile(sorted: &[Duration], share: f64) -> Duration {
    let rank = (sorted.len() as f64 * share).ceil() as usize;
    sorted[rank.clamp(1, sorted.len()) - 1]
}
