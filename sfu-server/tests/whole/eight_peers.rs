//! Eight peers in a room, all sending a microphone and a camera: each receives the other seven, and nothing is lost. What
//! that takes of the machine, without a broadcast.
//!
//! For 60 s with `RIG=full`, otherwise for 8 s.

use std::{sync::Arc, time::Instant};

use crate::eight::{CONSUMERS, PEERS, nothing_was_lost, window};
use rig::{
    Server,
    media::{Clip, Room},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_publishing_peers_receive_the_other_seven_and_lose_nothing() {
    let clip = Arc::new(Clip::encode().await);
    let server = Server::start(env!("CARGO_BIN_EXE_sfu-server"), &[]).await;
    let idle = server.usage();
    let mut room = Room::of(PEERS, server.http, clip).await;
    let joined = server.usage();
    assert_eq!(room.consume_each_other().await, CONSUMERS, "consumers");
    assert_eq!(server.dump().await.consumers().len(), CONSUMERS, "mediasoup's consumers");

    let (start, before) = (Instant::now(), server.usage());
    tokio::time::sleep(window()).await;
    let (took, after) = (start.elapsed().as_secs_f64(), server.usage());

    println!(
        "sfu-server: {:.3} of a core; {:.1} MB idle, {:.1} MB with {PEERS} peers, {:.1} MB with their consumers, {:.1} MB in the end",
        after.cores_since(&before, took),
        idle.megabytes(),
        joined.megabytes(),
        before.megabytes(),
        after.megabytes(),
    );
    nothing_was_lost(&room, took).await;
    assert_eq!(server.panics(), Vec::<String>::new(), "panics in the log");
}
