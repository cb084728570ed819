//! Whatever one participant does, the others lose no picture, and its own tile is back at once when its media is.
//!
//! Four cameras whose frames are numbered stand in a grid. Two of them have every fault there is, one after the other;
//! the stream is decoded again and read picture by picture. `RIG=full` has the long form of every fault.

mod rig;

use std::{
    process::Command,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use proto::v1;
use rig::{
    daemon::{Daemon, ROOM, input},
    media::{Camera, Codec, microphone},
    participant::{Order, Participant, Track},
    sender::Ssrcs,
    sfu::Sfu,
    viewer::{Picture, Seen, Viewer},
};
use tokio::time::sleep;

/// Names, codecs, the blue difference, and the centre of the tile.
const ADA: (&str, Codec, u8, (usize, usize)) = ("ada", Codec::Vp8, 60, (64, 36));
const BEN: (&str, Codec, u8, (usize, usize)) = ("ben", Codec::H264, 100, (194, 36));
const CLEO: (&str, Codec, u8, (usize, usize)) = ("cleo", Codec::Vp8, 150, (64, 110));
const DORA: (&str, Codec, u8, (usize, usize)) = ("dora", Codec::H264, 190, (194, 110));

/// A fault of one of the two who have them.
struct Fault {
    name: &'static str,
    /// Whose.
    of: usize,
    /// What begins it.
    begin: Act,
    /// How long it lasts.
    lasts: Duration,
    /// What ends it.
    end: Act,
}

enum Act {
    Order(Order),
    /// A signal to the input's process.
    Signal(&'static str),
    Nothing,
}

/// What was measured of a fault.
struct Outcome {
    name: &'static str,
    of: usize,
    returned_unix_ms: u64,
}

fn seconds(n: f32) -> Duration {
    Duration::from_secs_f32(n)
}

/// Every fault; of those that need a new process at most three in a minute have the same victim.
fn faults(small: [Arc<Camera>; 2], large: [Arc<Camera>; 2], full: bool) -> Vec<Fault> {
    let silence = seconds(if full { 30.0 } else { 8.0 });
    let order = |name, of, begin, lasts, end| Fault {
        name,
        of,
        begin: Act::Order(begin),
        lasts: seconds(lasts),
        end: Act::Order(end),
    };
    let mut faults = vec![
        // It sometimes takes a new process, and the last three of this victim do.
        order("garbage", 1, Order::Garbage(true), 1.0, Order::Garbage(false)),
        order(
            "microphone muted",
            0,
            Order::Mute(Track::Microphone),
            2.0,
            Order::Unmute(Track::Microphone),
        ),
        order("camera muted", 1, Order::Mute(Track::Camera), 2.0, Order::Unmute(Track::Camera)),
        Fault {
            lasts: silence,
            ..order("silent", 0, Order::Mute(Track::Both), 0.0, Order::Unmute(Track::Both))
        },
        order("5 % loss", 1, Order::Loss(5), 4.0, Order::Loss(0)),
        order("5 % loss", 0, Order::Loss(5), 4.0, Order::Loss(0)),
        order("reordering", 1, Order::Reorder(true), 2.0, Order::Reorder(false)),
        order("duplicates", 0, Order::Duplicate(true), 2.0, Order::Duplicate(false)),
        order("foreign SSRC", 0, Order::Foreign(true), 0.5, Order::Foreign(false)),
        order("burst", 1, Order::Burst(seconds(0.4)), 0.5, Order::Loss(0)),
        order(
            "sender report jitter",
            0,
            Order::ReportJitter(Duration::from_millis(40)),
            3.0,
            Order::ReportJitter(Duration::ZERO),
        ),
        order("clock 2000 ppm fast", 1, Order::Skew(2000), 3.0, Order::Skew(0)),
    ];
    faults.push(Fault {
        end: Act::Nothing,
        lasts: Duration::ZERO,
        ..order("other SSRC", 1, Order::NewSsrc, 0.0, Order::Loss(0))
    });
    for (victim, size) in large.into_iter().enumerate() {
        faults.push(order(
            "rotated, larger",
            victim,
            Order::Camera(size),
            1.5,
            Order::Camera(small[victim].clone()),
        ));
    }
    for (victim, signal) in [(0, "KILL"), (1, "STOP")] {
        faults.push(Fault {
            name: if signal == "KILL" { "process killed" } else { "process stopped" },
            of: victim,
            begin: Act::Signal(signal),
            lasts: Duration::ZERO,
            end: Act::Nothing,
        });
    }
    for (victim, hours) in [(0, 1), (1, -1)] {
        let name = if hours > 0 { "timestamps + 1 h" } else { "timestamps - 1 h" };
        faults.push(Fault {
            end: Act::Nothing,
            ..order(name, victim, Order::Jump(hours * 3600), 0.0, Order::Loss(0))
        });
    }
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_one_participant_does_the_others_lose_nothing_and_its_tile_is_back_within_a_second()
 {
    let full = rig::is_full();
    let everybody = [ADA, BEN, CLEO, DORA];
    let camera =
        |(_, codec, blue, _), width, height| Arc::new(Camera::counting(codec, blue, width, height));
    let cameras = everybody.map(|person| camera(person, 320, 180));
    let large = [CLEO, DORA].map(|person| camera(person, 360, 640));
    let tones: Vec<_> = (0..4).map(|n| Arc::new(microphone(400 + 100 * n))).collect();
    let mut daemon = Daemon::start(&[]).await;
    let mut sfu = Sfu::open(&mut daemon, 1).await;
    let names = everybody.map(|(name, ..)| name);
    daemon.scene(1, 1, &names).await;
    let mut people = vec![];
    for (n, (name, ..)) in everybody.into_iter().enumerate() {
        let ssrcs = Ssrcs::of(n as u32);
        people.push(sfu.climb(&mut daemon, 1, name, ssrcs, &cameras[n], &tones[n]).await);
    }
    let before = sfu.until(|status| names.iter().all(|name| is_active(status, name))).await;
    // Playout settles in the first seconds.
    sleep(seconds(3.0)).await;
    let viewer = Viewer::watch(&daemon).await;
    let settled = unix_ms();
    sleep(seconds(2.0)).await;

    let victims = [CLEO, DORA];
    let mut outcomes = vec![];
    let small = [cameras[2].clone(), cameras[3].clone()];
    for fault in faults(small, large, full) {
        let victim = victims[fault.of].0;
        let person = &people[2 + fault.of];
        act(fault.begin, person, &sfu, victim);
        sleep(fault.lasts).await;
        act(fault.end, person, &sfu, victim);
        outcomes.push(Outcome { name: fault.name, of: fault.of, returned_unix_ms: unix_ms() });
        sleep(seconds(3.5)).await;
    }
    let after = sfu.status.borrow().clone();
    let playlist = daemon.get(&format!("/hls/{ROOM}/live.m3u8")).await;
    daemon.close(1).await;
    let joined = viewer.first_unix_ms;
    let mut pictures = viewer.pictures();
    // The viewer begins with the oldest segment, which is from before.
    let unsettled = (settled.saturating_sub(joined) * 15).div_ceil(1000);
    pictures.drain(..unsettled as usize);
    let watched_from = joined + unsettled * 1000 / 15;

    let others = [ADA, BEN].map(|(name, _, blue, centre)| {
        let seen = Seen::through(&pictures, blue, centre);
        println!("{name}: {seen:?} of {} pictures", pictures.len());
        (name, seen)
    });
    let lateness = people.iter().map(Participant::lateness).max();
    println!("the senders were late by {lateness:?} at most");
    println!("{:24} | victim | back after, ms", "fault");
    let mut slow = vec![];
    for outcome in &outcomes {
        let (name, _, blue, centre) = victims[outcome.of];
        let after = back_after(&pictures, watched_from, outcome.returned_unix_ms, blue, centre);
        println!(
            "{:24} | {name:6} | {}",
            outcome.name,
            after.map_or("never".into(), |ms| ms.to_string())
        );
        if after.is_none_or(|ms| ms > 1000) {
            slow.push((outcome.name, name, after));
        }
    }
    for (name, ..) in victims {
        let input = input(&after, name).expect("an input that lives");
        println!(
            "{name}: generation {}, {} key frames wanted",
            input.generation, input.key_frames_wanted
        );
        assert_eq!(input.state(), v1::InputState::Active);
    }
    for (name, seen) in others {
        assert!(seen.shown > pictures.len() * 9 / 10, "{name} is in every picture");
        assert_eq!((seen.lost, seen.repeated), (0, 0), "{name} lost nothing");
        let process = |status: &v1::BroadcastStatus| {
            input(status, name).map(|input| (input.pid, input.generation))
        };
        assert_eq!(process(&before), process(&after), "{name} was not started again");
    }
    let discontinuities = playlist.matches("#EXT-X-DISCONTINUITY\n").count();
    assert_eq!(discontinuities, 0, "{playlist}");
    assert!(slow.is_empty(), "back later than a second: {slow:?}");
}

fn is_active(status: &v1::BroadcastStatus, name: &str) -> bool {
    input(status, name).is_some_and(|input| input.state() == v1::InputState::Active)
}

fn act(act: Act, person: &Participant, sfu: &Sfu, victim: &str) {
    match act {
        Act::Order(order) => person.order(order),
        Act::Signal(signal) => {
            let pid = sfu.pid(victim).to_string();
            let sent = Command::new("kill").args(["-s", signal, &pid]).status().expect("kill");
            assert!(sent.success());
        }
        Act::Nothing => {}
    }
}

fn unix_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970").as_millis() as u64
}

/// How long after `returned` the tile moved on for good: three different frames within five pictures.
fn back_after(
    pictures: &[Picture],
    first_unix_ms: u64,
    returned_unix_ms: u64,
    blue: u8,
    centre: (usize, usize),
) -> Option<u64> {
    let at = |n: usize| first_unix_ms + n as u64 * 1000 / 15;
    let first = (0..pictures.len()).find(|n| at(*n) >= returned_unix_ms)?;
    let moves = |n: &usize| {
        let window = &pictures[*n..pictures.len().min(n + 5)];
        let steps = window.windows(2).filter(|w| w[0].number(centre) != w[1].number(centre));
        window.iter().all(|picture| picture.is_of(blue, centre)) && steps.count() >= 3
    };
    (first..pictures.len()).find(moves).map(|n| at(n) - returned_unix_ms)
}
