//! What holds for eight peers in a room, with a broadcast and without.

use std::{collections::BTreeMap, time::Duration};

use rig::media::Room;

pub const PEERS: usize = 8;
/// A microphone and a camera from each of the others, for each.
pub const CONSUMERS: usize = PEERS * (PEERS - 1) * 2;

/// How long everybody sends.
pub fn window() -> Duration {
    Duration::from_secs(if rig::is_full() { 60 } else { 8 })
}

/// Ends the sending; everybody has received all of the others, once.
pub async fn nothing_was_lost(room: &Room, took: f64) {
    let sent = room.stop_sending().await;
    let received = room.all_that_arrives(&sent).await;

    let (mut packets, mut lost, mut late, mut repeated, mut switches) = (0, 0, 0, 0, 0);
    for tally in received.values().flat_map(BTreeMap::values) {
        packets += tally.received;
        lost += tally.lost();
        late += tally.late;
        repeated += tally.repeated;
        switches += tally.switches;
    }
    println!(
        "{PEERS} peers, {CONSUMERS} consumers, {took:.0} s: {packets} packets received, {lost} lost, {late} late, {repeated} repeated, {switches} changes of layer"
    );
    println!("each sent like {:?}", sent.values().next().expect("a peer"));
    assert_eq!(received.len(), PEERS);
    for (peer, tallies) in &received {
        assert_eq!(tallies.len(), CONSUMERS / PEERS, "consumers of {peer}");
        for (producer, tally) in tallies {
            let faults = (tally.lost(), tally.repeated);
            assert_eq!(faults, (0, 0), "lost and repeated of {producer} at {peer}: {tally:?}");
        }
    }
    let unsent = sent.values().map(|sent| sent.unsent).sum::<u64>();
    assert_eq!(unsent, 0, "the rig itself sent everything");
}
