//! An encoder that is killed or stopped loses nothing: the playlist goes on without a gap in time.

use std::{
    collections::BTreeMap,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::rig::{
    daemon::{Daemon, ROOM, input},
    media::{Camera, Codec, microphone},
    rig_count,
    sender::Ssrcs,
    sfu::Sfu,
    timeline::Timeline,
};
use proto::v1;

#[tokio::test(flavor = "multi_thread")]
async fn an_encoder_that_is_killed_or_stopped_is_replaced_and_no_media_is_lost() {
    let camera = Arc::new(Camera::counting(Codec::Vp8, 60, 320, 180));
    let tone = Arc::new(microphone(440));
    let mut daemon = Daemon::start(&[]).await;
    let mut sfu = Sfu::open(&mut daemon, 1).await;
    daemon.scene(1, 1, &["ada"]).await;
    let _ada = sfu.climb(&mut daemon, 1, "ada", Ssrcs::of(0), &camera, &tone).await;
    sfu.until(|status| {
        let active = input(status, "ada").is_some_and(|i| i.state() == v1::InputState::Active);
        active && status.phase() == v1::BroadcastPhase::Live
    })
    .await;
    let timeline = Timeline::follow(&daemon);
    let mut back: BTreeMap<&str, Vec<u128>> = BTreeMap::new();
    let kills = rig_count(3, 20);
    for signal in ["KILL", "STOP"].into_iter().cycle().take(2 * kills) {
        let encoder = sfu.status.borrow().encoder.expect("an encoder");
        let begun = Instant::now();
        let sent = Command::new("kill")
            .args(["-s", signal, &encoder.pid.to_string()])
            .status()
            .expect("kill");
        assert!(sent.success());
        let next = encoder.generation + 1;
        sfu.until(|status| status.encoder.is_some_and(|e| e.generation == next && e.pid > 0)).await;
        timeline.until_segments_of(next as usize - 1).await;
        back.entry(signal).or_default().push(begun.elapsed().as_millis());
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    // Two more segments behind the last replacement.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let segments = timeline.segments();
    daemon.close(1).await;
    println!("signal | a segment of the next encoder was there after, ms");
    for (signal, times) in &back {
        println!("{signal:6} | {times:?}");
    }
    let gaps: Vec<f64> = segments.windows(2).map(|pair| pair[1].starts - pair[0].ends()).collect();
    let widest = gaps.iter().fold(0.0_f64, |widest, gap| widest.max(gap.abs()));
    println!("{} segments, {} encoders, widest gap {:.3} s", segments.len(), 2 * kills + 1, widest);
    assert!(widest <= 0.1, "media lost or told twice: {gaps:?}");
    let breaks = segments.iter().filter(|segment| segment.discontinuous).count();
    assert_eq!(breaks, 2 * kills, "one DISCONTINUITY for every new encoder in {ROOM}");
    let numbers: Vec<u64> = segments.iter().map(|segment| segment.number).collect();
    assert!(numbers.windows(2).all(|pair| pair[1] == pair[0] + 1), "{numbers:?}");
}
