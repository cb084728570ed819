//! Twenty clients at once ask whatever comes to mind, in any order, and some vanish: every request is answered once, in its
//! order and with the documented shape, and whenever all are quiet, clients, rooms and mediasoup agree on who has what.
//!
//! `SEED=n` draws the same requests again; how those of several clients meet is up to the machine.

use std::collections::{BTreeMap, BTreeSet};

use crate::property::{
    choice::{self, Heard},
    known::{self, Room},
    seat::{Seat, peer_producers, producers},
    tally::Tally,
};
use futures_util::future::join_all;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use rig::{Client, Server, dump::Ids, until};
use serde_json::Value;
use tokio::sync::watch;

const CLIENTS: u64 = 20;
const ROUNDS: usize = 10;
/// Of each client in each round: 10 000 in all.
const OPERATIONS: usize = 50;
/// Beyond what may wait for an answer.
const FLOOD: usize = 45;

/// Which server: twenty clients in rooms of eight find some full, and empty rooms soon end.
const FLAGS: &[&str] =
    &["--workers", "2", "--max-peers", "8", "--max-rooms", "12", "--broadcast-linger", "1s"];

/// Answers that all seeds meet: a run without them has not tried what it is for.
const MET: &[(&str, &str)] = &[
    ("joinRoom", "ok"),
    ("createProducerTransport", "not_allowed"),
    ("resumeSession", "ok"),
    ("resumeSession", "session_not_found"),
    ("mutePeer", "ok"),
    ("mutePeer", "not_host"),
    ("removePeer", "ok"),
    ("lockRoom", "ok"),
    ("setLayout", "ok"),
    ("pinPeer", "ok"),
    ("endRoom", "ok"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_twenty_clients_ask_each_request_is_answered_once_and_the_books_agree() {
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed: u64 = seed.unwrap_or_else(rand::random);
    println!("SEED={seed}");

    let mut server = Server::start(env!("CARGO_BIN_EXE_sfu-server"), FLAGS).await;
    let before = server.usage();
    let (rooms, known) = watch::channel(Vec::new());
    let newcomers = (0..CLIENTS).map(|number| {
        let random = StdRng::seed_from_u64(seed ^ (number << 32));
        Somebody::arrive(server.http, random, rooms.clone(), known.clone())
    });
    let mut everybody = join_all(newcomers).await;

    for round in 0..ROUNDS {
        let busy = everybody.into_iter().map(|client| tokio::spawn(client.act()));
        let done = join_all(busy).await;
        everybody =
            done.into_iter().map(|client| client.expect("a client that finishes")).collect();
        assert!(server.runs(), "the server has ended in round {round}");
        let sitting: usize = agree(&server, &everybody, round).await;
        println!("round {round}: {sitting} of {CLIENTS} clients in a room");
    }

    let mut tally = Tally::default();
    for (number, client) in everybody.into_iter().enumerate() {
        tally.add(client.depart(number % 2 == 0).await);
    }
    until("mediasoup is empty", async || {
        let dump = server.dump().await;
        let left = [
            &dump.transports(),
            &dump.producers(),
            &dump.consumers(),
            &dump.web_rtc_transports,
            &dump.orphans,
        ];
        let none = left.iter().all(|ids| ids.is_empty()) && dump.routers.is_empty();
        if none { Ok(()) } else { Err(format!("it holds {dump:?}")) }
    })
    .await;

    let after = server.usage();
    println!("{tally}");
    println!(
        "server: {:.1} MB before, {:.1} MB after, {:.1} s of CPU",
        before.megabytes(),
        after.megabytes(),
        after.cpu - before.cpu
    );
    for (event, code) in MET {
        assert!(tally.count(event, code) > 0, "`{event}` was never answered `{code}`");
    }
    assert_eq!(tally.operations, ROUNDS * OPERATIONS * CLIENTS as usize, "operations");
    assert!(server.runs(), "the server has ended");
    assert_eq!(server.panics(), Vec::<String>::new(), "panics in the log");
}

// === One client ===

struct Somebody {
    server: std::net::SocketAddr,
    random: StdRng,
    client: Client,
    /// Rooms opened by anybody.
    rooms: watch::Sender<Vec<Room>>,
    known: watch::Receiver<Vec<Room>>,
    /// Producers this client has ever heard of.
    producers: Vec<String>,
    tally: Tally,
}

impl Somebody {
    async fn arrive(
        server: std::net::SocketAddr,
        random: StdRng,
        rooms: watch::Sender<Vec<Room>>,
        known: watch::Receiver<Vec<Room>>,
    ) -> Self {
        let client = Client::connect(server).await;
        Self { server, random, client, rooms, known, producers: vec![], tally: Tally::default() }
    }

    /// One round. Returns when nothing is unanswered.
    async fn act(mut self) -> Self {
        let mut left = OPERATIONS;
        while left > 0 {
            let burst = match self.random.random_range(0..1000) {
                0..30 => {
                    let politely = self.random.random_bool(0.4);
                    self.return_anew(politely).await;
                    left -= 1;
                    continue;
                }
                30..35 => FLOOD,
                35..160 => self.random.random_range(2..12),
                _ => 1,
            };
            let burst = burst.min(left);
            left -= burst;
            self.tally.operations += burst;
            let requests: Vec<_> = (0..burst).map(|_| self.request()).collect();
            let answers: Vec<_> = requests
                .into_iter()
                .map(|(event, payload)| self.client.send_text(&event, payload))
                .collect();
            // Who does not wait has requests under way when it asks again, or vanishes.
            if self.random.random_bool(0.7) {
                for answer in answers {
                    let answer = answer.or_gone().await.expect("a connection that lives");
                    self.learn(&answer);
                }
            }
        }
        self.client.settled().await;
        assert_eq!(self.client.conversation().over, None, "nobody was disconnected");
        self
    }

    fn request(&mut self) -> choice::Request {
        let seat = Seat::of(&self.client.conversation());
        let rooms = self.known.borrow().clone();
        let heard = Heard { seat: seat.as_ref(), rooms: &rooms, producers: &self.producers };
        choice::request(&mut self.random, &heard)
    }

    fn learn(&mut self, answer: &Value) {
        let heard = producers(&answer["producers"]).into_iter();
        let new: Vec<_> = heard.filter(|id| !self.producers.contains(id)).collect();
        self.producers.extend(new);
        self.rooms.send_if_modified(|rooms| known::learn(rooms, answer));
    }

    /// Leaves, or drops the connection in the middle of whatever is under way; and is there again.
    async fn return_anew(&mut self, politely: bool) {
        let again = Client::connect(self.server).await;
        let before = std::mem::replace(&mut self.client, again);
        let said = if politely { before.close().await } else { before.cut() };
        self.tally.operations += 1;
        self.tally.hear(&said, politely);
        // Where seats are kept, some come back to theirs. It may be gone, and it may still have the old connection.
        let session = Seat::of(&said).and_then(|seat| seat.session);
        if let Some(session) = session.filter(|_| self.random.random_bool(0.6)) {
            drop(self.client.send("resumeSession", Some(&session)));
        }
    }

    async fn depart(mut self, politely: bool) -> Tally {
        let said = if politely { self.client.close().await } else { self.client.cut() };
        self.tally.hear(&said, politely);
        self.tally
    }
}

// === Everybody, when all are quiet ===

/// Waits until clients, rooms and mediasoup say the same; answers how many clients are in a room.
async fn agree(server: &Server, everybody: &[Somebody], round: usize) -> usize {
    until(&format!("the books agree after round {round}"), async || {
        let seats: Vec<(&Client, Seat)> = everybody
            .iter()
            .filter_map(|one| Some((&one.client, Seat::of(&one.client.conversation())?)))
            .collect();
        let lists = lists(&seats).await?;
        mediasoup_agrees(server, &seats, &lists).await?;
        Ok(seats.len())
    })
    .await
}

/// Who sends what, by room: every member says the same, was told the same, and it is what the members own.
async fn lists(seats: &[(&Client, Seat)]) -> Result<BTreeMap<String, Value>, String> {
    let mut lists = BTreeMap::new();
    for (client, seat) in seats {
        let answer = client.ask("listProducers", None).await;
        let list =
            answer.get("producers").ok_or_else(|| format!("{}: {answer}", seat.peer))?.clone();
        if seat.told != list {
            return Err(format!("{} was told {} and lists {list}", seat.peer, seat.told));
        }
        let before = lists.entry(seat.room.clone()).or_insert_with(|| list.clone());
        if *before != list {
            return Err(format!("in {} one lists {before}, another {list}", seat.room));
        }
    }
    for (room, list) in &lists {
        let entries = list.as_array().ok_or("no list")?;
        let listed: BTreeMap<&str, Ids> = entries
            .iter()
            .map(|peer| (peer["peerId"].as_str().unwrap_or_default(), peer_producers(peer)))
            .collect();
        let owned: BTreeMap<&str, Ids> = seats
            .iter()
            .filter(|(_, seat)| seat.room == *room && !seat.producers.is_empty())
            .map(|(_, seat)| (seat.peer.as_str(), seat.producers.clone()))
            .collect();
        if listed != owned {
            return Err(format!("in {room} {listed:?} are listed and {owned:?} are owned"));
        }
    }
    Ok(lists)
}

/// Transports, producers and consumers are exactly those that clients own, each room's in one router.
async fn mediasoup_agrees(
    server: &Server,
    seats: &[(&Client, Seat)],
    lists: &BTreeMap<String, Value>,
) -> Result<(), String> {
    let dump = server.dump().await;
    let owned: Ids = seats.iter().flat_map(|(_, seat)| seat.transports().cloned()).collect();
    same("transports", &owned, &dump.transports())?;
    same("transports on the shared ports", &owned, &dump.web_rtc_transports)?;
    same("orphans", &Ids::new(), &dump.orphans)?;
    let by_room: BTreeSet<Ids> =
        lists.values().map(producers).filter(|ids| !ids.is_empty()).collect();
    let by_router: BTreeSet<Ids> =
        dump.routers.iter().map(|r| r.producers.clone()).filter(|ids| !ids.is_empty()).collect();
    same("rooms' producers", &by_room, &by_router)?;
    let (open, held) = (dump.producers(), dump.consumers());
    let consumed: Ids = seats
        .iter()
        .flat_map(|(_, seat)| &seat.consumers)
        .filter(|(consumer, producer)| match producer {
            Some(producer) => open.contains(producer),
            // Kept with a seat: what it consumes is not told, so only that nobody else has it can be said.
            None => held.contains(*consumer),
        })
        .map(|(consumer, _)| consumer.clone())
        .collect();
    same("consumers", &consumed, &held)
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, clients: &T, held: &T) -> Result<(), String> {
    if clients == held {
        return Ok(());
    }
    Err(format!("{what}: clients own {clients:?}, mediasoup holds {held:?}"))
}
