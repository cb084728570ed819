//! A media worker that hangs, for real: its thread is stopped. It costs its own rooms and nobody else anything, and an
//! operator gives it up.

use futures_util::future::join_all;
use rig::{Client, Server, hang::Hung, http, until};
use serde_json::Value;

/// What mediasoup calls its threads, as far as the kernel keeps it.
const WORKER: &str = "mediasoup-worke";
/// More than one worker alone would be given.
const ROOMS: usize = 6;

async fn server(workers: &str) -> Server {
    Server::start(env!("CARGO_BIN_EXE_sfu-server"), &["--workers", workers]).await
}

async fn dump(server: &Server) -> Value {
    let answer = http::get(server.ops, "/dump").await;
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).expect("JSON")
}

/// The worker whose thread has the lowest id is the first.
fn hang_the_first(server: &Server) -> Hung {
    Hung::thread(server.pid(), WORKER)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_of_a_hung_worker_is_answered_and_names_it_and_new_rooms_go_elsewhere() {
    let server = server("2").await;
    let hung = hang_the_first(&server);
    // Asked at once, and by several: whoever asks for what hangs holds up nobody.
    for contents in join_all((0..3).map(|_| dump(&server))).await {
        assert_eq!(contents["silent"], serde_json::json!([0]));
        let workers = contents["workers"].as_array().expect("workers");
        assert_eq!(workers.len(), 1);
        assert_eq!(workers[0]["worker"], 1);
    }
    until("the log names the cure", async || {
        let log = server.log();
        let said =
            log.contains("media worker 0 does not answer") && log.contains("/workers/0/replace");
        said.then_some(()).ok_or_else(|| "it does not".into())
    })
    .await;
    // The hung one has the fewest rooms all the time.
    for _ in 0..ROOMS {
        let client = Client::connect(server.http).await;
        client.must("createRoom", None).await;
        client.must("createProducerTransport", None).await;
        assert_eq!(client.close().await.faults(true), Vec::<String>::new());
    }
    drop(hung);
    until("the worker counts again", async || {
        let contents = dump(&server).await;
        let is_well = contents["silent"].as_array().is_some_and(Vec::is_empty);
        if is_well { Ok(()) } else { Err(contents.to_string()) }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rooms_that_are_created_before_anybody_knows_that_a_worker_hangs_open_on_another_one() {
    let server = server("2").await;
    let hung = hang_the_first(&server);
    let clients = join_all((0..ROOMS).map(|_| Client::connect(server.http))).await;
    let created = clients.iter().map(|client| client.must("createRoom", None));
    assert_eq!(join_all(created).await.len(), ROOMS);
    drop(hung);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_only_worker_that_hangs_is_replaced_while_somebody_waits_for_its_dump_and_its_rooms_come_back()
 {
    let server = server("1").await;
    let ada = Client::connect(server.http).await;
    let room = ada.must("createRoom", None).await;
    ada.must("createProducerTransport", None).await;
    let hung = hang_the_first(&server);
    let (contents, replaced) =
        tokio::join!(dump(&server), http::ask(server.ops, "POST", "/workers/0/replace"));
    assert_eq!(contents["silent"], serde_json::json!([0]));
    assert_eq!(replaced.status, 200, "{replaced:?}");
    let closed = ada.fact("roomClosed", |_| true).await;
    assert_eq!(closed["code"], "worker_lost");
    let again = serde_json::json!({"roomId": room["roomId"], "rejoinToken": room["rejoinToken"]});
    let back = ada.must("joinRoom", Some(again)).await;
    assert_eq!(back["peerId"], room["peerId"]);
    // Its own port is still held by the thread that hangs.
    let transport = ada.must("createProducerTransport", None).await;
    assert!(transport["iceCandidates"].as_array().is_some_and(|list| !list.is_empty()));
    drop(hung);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_whose_worker_hangs_stops_when_it_is_told_to() {
    let mut server = server("1").await;
    let client = Client::connect(server.http).await;
    client.must("createRoom", None).await;
    let hung = hang_the_first(&server);
    assert!(server.terminate().await.success());
    drop(hung);
}
