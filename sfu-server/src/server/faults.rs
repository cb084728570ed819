//! Panics where there must be none: who notices, and what clients are told. The server is a real one.

use std::time::Duration;

use clap::Parser as _;
use rig::Client;
use serde_json::{Value, json};
use tokio::{task::JoinHandle, time::timeout};

use super::Server;
use crate::{
    Config,
    media::workers::Workers,
    room::{Door, connection},
    tokens::Digest,
};

const PATIENCE: Duration = Duration::from_secs(20);

struct Rig {
    http: std::net::SocketAddr,
    door: Door,
    workers: Workers,
    server: JoinHandle<anyhow::Result<()>>,
    _state: tempfile::TempDir,
}

impl Rig {
    async fn start() -> Self {
        let state = tempfile::tempdir().expect("a directory");
        let key = state.path().join("rejoin.key");
        // Outside the range that outgoing connections take theirs from: a port found free there is soon taken, for TCP.
        let ports = std::iter::repeat_with(|| rand::random_range(20_000..30_000_u16)).take(20);
        for port in ports {
            let mut config = Config::parse_from([
                "sfu-server",
                "--listen=127.0.0.1:0",
                "--ops-listen=127.0.0.1:0",
                "--broadcast=off",
                "--workers=1",
            ]);
            config.rtc_port = port;
            config.key_file = Some(key.clone());
            if let Ok(server) = Server::start(config).await {
                return Self {
                    http: server.http.local_addr().expect("an address"),
                    door: server.door.clone(),
                    workers: server.workers.clone(),
                    server: tokio::spawn(server.run()),
                    _state: state,
                };
            }
        }
        panic!("none of twenty ports is free");
    }

    /// A client in a room of its own.
    async fn host(&self) -> (Client, Value) {
        let client = Client::connect(self.http).await;
        let room = client.must("createRoom", None).await;
        (client, room)
    }

    /// A client in `room`.
    async fn guest(&self, room: &Value) -> (Client, Value) {
        let client = Client::connect(self.http).await;
        let joined = client.must("joinRoom", Some(json!({"roomId": room["roomId"]}))).await;
        (client, joined)
    }

    /// Has the room end by a panic, or the seat of `peer`.
    async fn panic(&self, room: &Value, peer: Option<&Value>) {
        let id = room["roomId"].as_str().expect("an id");
        let room = self.door.directory.find(id).await.expect("the room");
        room.panic(peer.map(|peer| peer.as_str().expect("an id").to_owned())).await;
    }

    /// The sentence with which the server ends.
    async fn ended(self) -> String {
        let ended = timeout(PATIENCE, self.server).await.expect("the server's end in time");
        ended.expect("no panic").expect_err("an error").to_string()
    }
}

/// What a client does by itself that is told to.
fn rejoin(joined: &Value) -> Option<Value> {
    Some(json!({"roomId": joined["roomId"], "rejoinToken": joined["rejoinToken"]}))
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_in_a_room_that_panics_is_told_so_and_comes_back_and_no_other_room_notices() {
    let rig = Rig::start().await;
    let (neighbour, other) = rig.host().await;
    let (ada, room) = rig.host().await;
    let (bob, joined) = rig.guest(&room).await;
    rig.panic(&room, None).await;
    for client in [&ada, &bob] {
        let closed = client.fact("roomClosed", |_| true).await;
        assert_eq!(closed["code"], "server_fault", "{closed}");
    }
    // Nobody has ended it.
    let host = Digest::of(room["hostToken"].as_str().expect("a token"));
    assert_eq!(rig.door.revoker.list().of_room(host), None);
    // On the connections they have, the one who is no host first.
    let back = bob.must("joinRoom", rejoin(&joined)).await;
    assert_eq!((&back["peerId"], &back["watchId"]), (&joined["peerId"], &room["watchId"]));
    let back = ada.must("joinRoom", rejoin(&room)).await;
    assert_eq!((&back["peerId"], &back["host"]), (&room["peerId"], &json!(true)));
    assert_eq!(back["peers"].as_array().map(Vec::len), Some(2), "{back}");
    // Nor does the new room end with the former one's remains.
    ada.must("createProducerTransport", None).await;
    neighbour.must("createProducerTransport", None).await;
    rig.guest(&other).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seat_that_panics_costs_its_peer_a_return_and_the_others_nothing() {
    let rig = Rig::start().await;
    let (ada, room) = rig.host().await;
    let (bob, joined) = rig.guest(&room).await;
    rig.panic(&room, Some(&joined["peerId"])).await;
    let closed = bob.fact("roomClosed", |_| true).await;
    assert_eq!(closed["code"], "server_fault", "{closed}");
    ada.fact("peerLeft", |left| left["peerId"] == joined["peerId"]).await;
    let back = bob.must("joinRoom", rejoin(&joined)).await;
    assert_eq!(back["peerId"], joined["peerId"]);
    ada.fact("peerJoined", |peer| peer["peerId"] == joined["peerId"]).await;
    ada.must("createProducerTransport", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_whose_connection_panics_is_disconnected_and_nobody_else_is() {
    let rig = Rig::start().await;
    let (ada, room) = rig.host().await;
    let bob = Client::connect(rig.http).await;
    let panics = json!({"roomId": room["roomId"], "displayName": connection::PANICS});
    let _unanswered = bob.send("joinRoom", Some(&panics));
    timeout(PATIENCE, bob.ended()).await.expect("a disconnect in time");
    ada.must("createProducerTransport", None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_its_directory_ends_with_an_error() {
    let rig = Rig::start().await;
    rig.door.directory.panic().await;
    let error = rig.ended().await;
    assert!(error.contains("room directory"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_its_pool_of_workers_ends_with_an_error() {
    let rig = Rig::start().await;
    rig.workers.panic().await;
    let error = rig.ended().await;
    assert!(error.contains("media workers"), "{error}");
}
