//! Eight peers in a room, all sending a microphone and a camera: each receives the other seven, and nothing is lost.
//!
//! For 60 s with `RIG=full`, otherwise for 8 s.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use rig::{
    Server,
    media::{Peer, Sent, Tally},
    until,
};

const PEERS: usize = 8;
/// A microphone and a camera from each of the others, for each.
const CONSUMERS: usize = PEERS * (PEERS - 1) * 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_publishing_peers_receive_the_other_seven_and_lose_nothing() {
    let server = Server::start(env!("CARGO_BIN_EXE_sfu-server"), &[]).await;
    let idle = server.usage();
    let mut peers = room_of(PEERS, &server).await;
    let joined = server.usage();
    let mut consumers = 0;
    for peer in &mut peers {
        consumers += peer.consume_everybody().await;
    }
    assert_eq!(consumers, CONSUMERS, "consumers");
    assert_eq!(server.dump().await.consumers().len(), CONSUMERS, "mediasoup's consumers");
    everything_flows(&peers).await;

    let (start, before) = (Instant::now(), server.usage());
    tokio::time::sleep(Duration::from_secs(if rig::is_full() { 60 } else { 8 })).await;
    let (took, after) = (start.elapsed().as_secs_f64(), server.usage());

    let sent = stop(&peers).await;
    let received = all_that_arrives(&peers, &sent).await;

    let (mut packets, mut lost, mut late, mut repeated) = (0, 0, 0, 0);
    for tally in received.iter().flat_map(BTreeMap::values) {
        packets += tally.received;
        lost += tally.lost();
        late += tally.late;
        repeated += tally.repeated;
    }
    println!(
        "{PEERS} peers, {CONSUMERS} consumers, {took:.0} s: {packets} packets received, {lost} lost, {late} late, {repeated} repeated"
    );
    println!(
        "sfu-server: {:.3} of a core; {:.1} MB idle, {:.1} MB with {PEERS} peers, {:.1} MB with their consumers, {:.1} MB in the end",
        (after.cpu - before.cpu) / took,
        megabytes(idle.rss),
        megabytes(joined.rss),
        megabytes(before.rss),
        megabytes(after.rss),
    );
    println!("each sent like {:?}", sent.values().next().expect("a peer"));

    for (peer, tallies) in peers.iter().zip(&received) {
        assert_eq!(tallies.len(), CONSUMERS / PEERS, "consumers of {}", peer.id);
        for (producer, tally) in tallies {
            assert_eq!(
                (tally.lost(), tally.repeated),
                (0, 0),
                "of {producer} at {}: {tally:?}",
                peer.id
            );
        }
    }
    assert!(sent.values().all(|sent| sent.unsent == 0), "the rig itself sent everything: {sent:?}");
    assert_eq!(server.panics(), Vec::<String>::new(), "panics in the log");
}

async fn room_of(count: usize, server: &Server) -> Vec<Peer> {
    let first = Peer::publish(server.http, None).await;
    let others = (1..count).map(|_| Peer::publish(server.http, Some(&first.room)));
    let others = join_all(others).await;
    std::iter::once(first).chain(others).collect()
}

async fn everything_flows(peers: &[Peer]) {
    until("every consumer receives", async || {
        for peer in peers {
            let received = peer.received().await;
            if let Some((producer, _)) = received.iter().find(|(_, tally)| tally.received == 0) {
                return Err(format!("nothing of {producer} has come to {}", peer.id));
            }
        }
        Ok(())
    })
    .await;
}

/// What each has sent, by peer.
async fn stop(peers: &[Peer]) -> BTreeMap<String, Sent> {
    let mut sent = BTreeMap::new();
    for peer in peers {
        sent.insert(peer.id.clone(), peer.stop_sending().await);
    }
    sent
}

/// What each has received, by producer, once the last packet of everybody has come to all.
async fn all_that_arrives(
    peers: &[Peer],
    sent: &BTreeMap<String, Sent>,
) -> Vec<BTreeMap<String, Tally>> {
    let mut last = BTreeMap::new();
    for peer in peers {
        let [microphone, camera] = &peer.producers;
        last.insert(microphone, sent[&peer.id].audio - 1);
        last.insert(camera, sent[&peer.id].video - 1);
    }
    until("the last packet of every stream arrives", async || {
        let mut all = Vec::new();
        for peer in peers {
            let received = peer.received().await;
            for (producer, tally) in &received {
                if tally.last != last[producer] {
                    return Err(format!(
                        "{} has {tally:?} of {} of {producer}",
                        peer.id, last[producer]
                    ));
                }
            }
            all.push(received);
        }
        Ok(all)
    })
    .await
}

fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
