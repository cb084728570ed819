//! Whatever one participant does, the others lose no picture, and its own tile is back at once when its media is.
//!
//! Four cameras whose frames are numbered stand in a grid. Two of them have every fault there is, one after the other;
//! the stream is decoded again and read picture by picture. What must be so is judged in every run: the others lose
//! nothing, nothing of theirs is started again, and the tile is back. How soon it is back is printed, and judged with
//! `RIG=full`, which has the long form of every fault, over several runs. What falls into a moment when the machine was
//! away (`rig/machine.rs`) is named and measured again.

use std::{process::Command, sync::Arc, time::Duration};

use crate::rig::{
    self,
    daemon::{Daemon, ROOM, input},
    machine::{self, Machine},
    media::{Camera, Codec, microphone},
    participant::{Order, Participant, Track},
    sender::Ssrcs,
    sfu::Sfu,
    viewer::{Picture, Seen, Viewer},
};
use proto::v1;
use tokio::time::{Instant, sleep, sleep_until};

/// Names, codecs, the blue difference, and the centre of the tile.
type Who = (&'static str, Codec, u8, (usize, usize));
const ADA: Who = ("ada", Codec::Vp8, 60, (64, 36));
const BEN: Who = ("ben", Codec::H264, 100, (194, 36));
const CLEO: Who = ("cleo", Codec::Vp8, 150, (64, 110));
const DORA: Who = ("dora", Codec::H264, 190, (194, 110));

/// Those who have the faults.
const VICTIMS: [Who; 2] = [CLEO, DORA];

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
    /// How many new processes it may take. An input that takes more than [`BUDGET`] in a minute is the SFU's to climb anew,
    /// which this rig's does not.
    processes: usize,
}

/// As the composer's own.
const BUDGET: usize = 3;
const BUDGET_WINDOW: Duration = Duration::from_secs(60);

enum Act {
    Order(Order),
    /// A signal to the input's process.
    Signal(&'static str),
    Nothing,
}

/// How soon a tile is back in the median of all runs, and in the worst one.
const USUAL: u64 = 700;
const WORST: u64 = 1000;
/// Whoever is not back after so long is not coming back: ten times the worst.
const LIVENESS: u64 = 10 * WORST;
/// How often every fault is measured where times are judged, and how often one is measured again at most.
const RUNS: usize = 5;
const TRIES: usize = 8;

/// What one run has shown.
#[derive(Default)]
struct Run {
    /// Of every fault: which, how soon the tile was back in milliseconds, and what may be the machine's doing.
    measured: Vec<(usize, Option<u64>, Vec<String>)>,
    /// Whatever must not be.
    wrong: Vec<String>,
}

fn seconds(n: f32) -> Duration {
    Duration::from_secs_f32(n)
}

/// Every fault. Those that may take a new process come at the two ends, so that none waits for its victim's minute.
fn faults(small: [Arc<Camera>; 2], large: [Arc<Camera>; 2], full: bool) -> Vec<Fault> {
    let silence = seconds(if full { 30.0 } else { 8.0 });
    let order = |name, of, begin, lasts, end| Fault {
        name,
        of,
        begin: Act::Order(begin),
        lasts: seconds(lasts),
        end: Act::Order(end),
        processes: 0,
    };
    let mut faults = vec![
        Fault {
            processes: 1,
            ..order("garbage", 1, Order::Garbage(true), 1.0, Order::Garbage(false))
        },
        // The second one where the first meets what is left of the foreigner.
        Fault {
            processes: 2,
            ..order("foreign SSRC", 0, Order::Foreign(true), 0.5, Order::Foreign(false))
        },
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
        order("50 % loss", 1, Order::Loss(50), 4.0, Order::Loss(0)),
        order("30 % loss", 0, Order::Loss(30), 4.0, Order::Loss(0)),
        order("reordering", 1, Order::Reorder(true), 2.0, Order::Reorder(false)),
        order("duplicates", 0, Order::Duplicate(true), 2.0, Order::Duplicate(false)),
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
    if full {
        for victim in 0..2 {
            for (name, percent) in [("10 % loss", 10), ("20 % loss", 20), ("50 % loss", 50)] {
                let loss = Order::Loss(percent);
                faults.push(order(name, victim, loss, 10.0, Order::Loss(0)));
            }
        }
    }
    faults.push(Fault {
        end: Act::Nothing,
        lasts: Duration::ZERO,
        processes: 1,
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
            processes: 1,
        });
    }
    for (victim, hours) in [(0, 1), (1, -1)] {
        let name = if hours > 0 { "timestamps + 1 h" } else { "timestamps - 1 h" };
        faults.push(Fault {
            end: Act::Nothing,
            processes: 1,
            ..order(name, victim, Order::Jump(Track::Both, hours * 3600), 0.0, Order::Loss(0))
        });
    }
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_one_participant_does_the_others_lose_nothing_and_its_tile_is_back() {
    let full = rig::is_full();
    if full {
        machine::must_be_idle();
    }
    let mut machine = Machine::watch();
    let pictures = Pictures::draw();
    let names: Vec<(&str, &str)> =
        pictures.faults(full).iter().map(|fault| (fault.name, VICTIMS[fault.of].0)).collect();
    let mut times: Vec<Vec<u64>> = vec![vec![]; names.len()];
    for round in 1..=if full { RUNS } else { 1 } {
        let mut open: Vec<usize> = (0..names.len()).collect();
        for attempt in 1.. {
            let run = run(full, &pictures, &open, &mut machine).await;
            assert!(run.wrong.is_empty(), "{:#?}", run.wrong);
            open.clear();
            for (fault, back, away) in run.measured {
                if away.is_empty() {
                    times[fault].extend(back);
                } else {
                    let (name, victim) = names[fault];
                    println!(
                        "{name} of {victim} is measured again, the machine was away: {away:#?}"
                    );
                    open.push(fault);
                }
            }
            if open.is_empty() {
                break;
            }
            assert!(
                attempt < TRIES,
                "round {round}: the machine was away {attempt} times: {open:?}"
            );
        }
    }
    println!("{:24} | victim | back after, ms", "fault");
    let mut slow = vec![];
    for ((fault, victim), mut back) in names.into_iter().zip(times) {
        println!("{fault:24} | {victim:6} | {back:?}");
        back.sort_unstable();
        let (median, worst) = (back[back.len() / 2], back[back.len() - 1]);
        if median > USUAL || worst > WORST {
            slow.push((fault, victim, median, worst));
        }
    }
    assert!(!full || slow.is_empty(), "fault, victim, median and worst in ms: {slow:?}");
}

/// What everybody's cameras and microphones give.
struct Pictures {
    small: [Arc<Camera>; 4],
    /// The victims'.
    large: [Arc<Camera>; 2],
    tones: Vec<Arc<Vec<Vec<u8>>>>,
}

impl Pictures {
    fn draw() -> Self {
        let camera = |(_, codec, blue, _): Who, width, height| {
            Arc::new(Camera::counting(codec, blue, width, height))
        };
        Self {
            small: [ADA, BEN, CLEO, DORA].map(|person| camera(person, 320, 180)),
            large: VICTIMS.map(|person| camera(person, 360, 640)),
            tones: (0..4).map(|n| Arc::new(microphone(400 + 100 * n))).collect(),
        }
    }

    fn faults(&self, full: bool) -> Vec<Fault> {
        let small = [self.small[2].clone(), self.small[3].clone()];
        faults(small, self.large.clone(), full)
    }
}

/// Measures the faults of these numbers.
async fn run(full: bool, pictures: &Pictures, open: &[usize], machine: &mut Machine) -> Run {
    let everybody = [ADA, BEN, CLEO, DORA];
    let mut daemon = Daemon::start(&[]).await;
    let mut sfu = Sfu::open(&mut daemon, 1).await;
    sfu.away = Some(machine.tell());
    machine::follow(daemon.pid(), machine.tell());
    let names = everybody.map(|(name, ..)| name);
    daemon.scene(1, 1, &names).await;
    let mut people = vec![];
    for (n, (name, ..)) in everybody.into_iter().enumerate() {
        let (ssrcs, camera, tone) = (Ssrcs::of(n as u32), &pictures.small[n], &pictures.tones[n]);
        people.push(sfu.climb(&mut daemon, 1, name, ssrcs, camera, tone).await);
    }
    let before = sfu.until(|status| names.iter().all(|name| is_active(status, name))).await;
    // Playout settles in the first seconds.
    sleep(seconds(3.0)).await;
    let viewer = Viewer::watch(&daemon).await;
    sleep(seconds(2.0)).await;

    // When each fault begins, and when it is over.
    let mut spans = vec![];
    let mut spent: [Vec<Instant>; VICTIMS.len()] = Default::default();
    for (n, fault) in pictures.faults(full).into_iter().enumerate() {
        if !open.contains(&n) {
            continue;
        }
        let spent = &mut spent[fault.of];
        if fault.processes > 0
            && let Some(oldest) = (spent.len() + fault.processes).checked_sub(BUDGET + 1)
        {
            sleep_until(spent[oldest] + BUDGET_WINDOW + seconds(1.0)).await;
        }
        let (victim, begun) = (VICTIMS[fault.of].0, machine::unix_ms());
        let person = &people[2 + fault.of];
        act(fault.begin, person, &sfu, victim);
        sleep(fault.lasts).await;
        act(fault.end, person, &sfu, victim);
        spans.push((n, fault.name, fault.of, begun, machine::unix_ms()));
        spent.extend(std::iter::repeat_n(Instant::now(), fault.processes));
        sleep(seconds(3.5)).await;
    }
    let after = sfu.status.borrow().clone();
    let playlist = daemon.get(&format!("/hls/{ROOM}/live.m3u8")).await;
    daemon.close(1).await;
    let joined = viewer.first_unix_ms;
    let mut seen = viewer.pictures();
    // The viewer begins with the oldest segment, which is from before.
    let first_begun = spans.first().map_or(joined, |(.., begun, _)| *begun);
    let unsettled = (first_begun.saturating_sub(joined) * 15).div_ceil(1000);
    seen.drain(..unsettled as usize);
    let watched_from = joined + unsettled * 1000 / 15;
    let at = |n: usize| watched_from + n as u64 * 1000 / 15;

    let mut run = Run::default();
    for (n, name, of, _, over) in &spans {
        let (victim, _, blue, centre) = VICTIMS[*of];
        let back = back_after(&seen, watched_from, *over, blue, centre);
        let mut away = vec![];
        match back.filter(|ms| *ms < LIVENESS) {
            None => run.wrong.push(format!("{victim} is not back after: {name}")),
            Some(ms) if ms > WORST => {
                let moments = machine.away(*over, over + ms);
                away.extend(moments.iter().map(|it| format!("back after {ms} ms: {it:?}")));
            }
            Some(_) => {}
        }
        run.measured.push((*n, back, away));
    }
    for (name, ..) in VICTIMS {
        let input = input(&after, name).expect("an input that lives");
        println!("{name}: generation {}, {} key frames", input.generation, input.key_frames_wanted);
        if input.state() != v1::InputState::Active {
            run.wrong.push(format!("{name} is {:?} in the end", input.state()));
        }
    }
    for (name, _, blue, centre) in [ADA, BEN] {
        let through = Seen::through(&seen, blue, centre);
        println!("{name}: {through:?} of {} pictures", seen.len());
        if through.shown <= seen.len() * 9 / 10 {
            run.wrong.push(format!("{name} is not in every picture: {}", through.shown));
        }
        for (flaw, is_single) in &through.flaws {
            let time = at(*flaw);
            // Of the fault that began last before it.
            let beside = spans.iter().rposition(|(.., begun, _)| *begun <= time).unwrap_or(0);
            match machine.away_beside_a_flaw(time, *is_single).first() {
                Some(moment) => {
                    run.measured[beside].2.push(format!("{name} flawed at {flaw}: {moment:?}"));
                }
                None => {
                    let fault = spans[beside].1;
                    run.wrong
                        .push(format!("{name} lost or repeated picture {flaw} beside {fault}"));
                }
            }
        }
        let process = |status: &v1::BroadcastStatus| {
            input(status, name).map(|input| (input.pid, input.generation))
        };
        if process(&before) != process(&after) {
            run.wrong.push(format!("{name} was started again"));
        }
    }
    if playlist.contains("#EXT-X-DISCONTINUITY\n") {
        run.wrong.push(format!("a discontinuity:\n{playlist}"));
    }
    run
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
