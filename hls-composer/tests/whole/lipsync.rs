//! Lips and voice stay together: what flashes and beeps at once is seen and heard at once, whatever the clocks and the
//! sender reports do.
//!
//! A camera flashes when its microphone beeps, at random moments. The stream is decoded again, and every flash is
//! compared with its beep; what the camera's own frame rate adds is known and taken out. Every run asks that flashes and
//! beeps belong together, that no beep is cut and no two are lost; `RIG=full` judges how well. A beep that is cut or lost in
//! a moment when the machine was away (`rig/machine.rs`) is named, and its case measured again. Where sender reports set the
//! time back, what is said in that moment is heard in part: one beep may be cut there.

use std::{
    sync::{Arc, mpsc},
    time::Duration,
};

use crate::rig::{
    self,
    daemon::{Daemon, ROOM, get_bytes, input},
    machine::{self, Machine, Moment},
    media::{Camera, Codec, beeping, ffmpeg},
    participant::{Order, Track},
    rig_count,
    sender::Ssrcs,
    sfu::Sfu,
    timeline::Timeline,
};
use proto::v1;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use tokio::{task::JoinSet, time::sleep};

const FPS: u32 = 30;
/// A mean over this much of the stream is judged.
const WINDOW: f64 = 10.0;
/// What people do not notice, in milliseconds.
const BAR: f64 = 40.0;
/// Beyond this they do not belong together.
const APART: f64 = 300.0;
/// For so long after the time was set back beeps may be cut, in milliseconds: the next report tells of it a second later.
const SET_BACK: u64 = 4_000;
/// From beep to beep, in seconds, where one of them is lost and the time is set back; not two.
const ONE_LOST: f64 = 2.8;
/// How often a case is measured, if the machine is away.
const TRIES: usize = 4;

struct Case {
    name: &'static str,
    codec: Codec,
    seconds: usize,
    /// When, in seconds, the participant is told what.
    orders: Vec<(f32, Order)>,
}

impl Case {
    /// Whether there are times without beeps.
    fn mutes(&self) -> bool {
        self.orders.iter().any(|(_, order)| matches!(order, Order::Mute(_)))
    }
}

fn cases() -> Vec<Case> {
    let case = |name, codec, orders| Case { name, codec, seconds: rig_count(30, 60), orders };
    vec![
        case("plain, VP8", Codec::Vp8, vec![]),
        case("plain, H.264", Codec::H264, vec![]),
        case(
            "picture 1.3 s behind",
            Codec::Vp8,
            vec![(0.0, Order::Mute(Track::Camera)), (1.3, Order::Unmute(Track::Camera))],
        ),
        case(
            "sender reports off by 0 to 40 ms",
            Codec::Vp8,
            vec![(0.0, Order::ReportJitter(Duration::from_millis(40)))],
        ),
        case(
            "H.264, reports go back 0.4 s",
            Codec::H264,
            vec![
                (0.0, Order::ReportsAhead(Duration::from_millis(400))),
                (5.0, Order::ReportsAhead(Duration::ZERO)),
                (8.0, Order::KeyFrame),
            ],
        ),
        case(
            "both muted for 5 s",
            Codec::Vp8,
            vec![(12.0, Order::Mute(Track::Both)), (17.0, Order::Unmute(Track::Both))],
        ),
        Case {
            seconds: rig_count(40, 180),
            ..case("clock 2000 ppm fast", Codec::Vp8, vec![(0.0, Order::Skew(2000))])
        },
        Case {
            seconds: rig_count(40, 180),
            ..case("clock 2000 ppm slow", Codec::H264, vec![(0.0, Order::Skew(-2000))])
        },
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flash_is_seen_when_its_beep_is_heard() {
    if rig::is_full() {
        machine::must_be_idle();
    }
    let bar = if rig::is_full() { BAR } else { APART };
    let source = Arc::new(Source::new());
    let mut machine = Machine::watch();
    let mut running = JoinSet::new();
    let left_out = |case: &Case| std::env::var("CASE").is_ok_and(|part| !case.name.contains(&part));
    for case in cases().into_iter().filter(|case| !left_out(case)) {
        let (source, away) = (source.clone(), machine.tell());
        running.spawn(async move { measure(case, &source, away, 1).await });
    }
    println!(
        "{:34} | mean skew of every 10 s, ms (picture late: +) | beeps, ms | apart | cuts in the sound",
        ""
    );
    let mut wrong = vec![];
    while let Some(measured) = running.join_next().await {
        let measured = measured.expect("no panic");
        let Measured { case, tries, windows, lengths, apart, cuts, kept } = measured;
        let name = case.name;
        let shown: Vec<String> = windows.iter().map(|skew| format!("{skew:+.0}")).collect();
        let [shortest, longest] = lengths.map(|length| length * 1000.0);
        let shown = shown.join(" ");
        println!(
            "{name:34} | {shown:44} | {shortest:.1} to {longest:.1} | {apart:.1} s | {cuts:.3?} {kept}"
        );
        let worst = windows.iter().fold(0.0_f64, |worst, skew| worst.max(skew.abs()));
        if windows.len() < 2 || worst > bar {
            wrong
                .push(format!("{name}: {} windows, the worst off by {worst:.0} ms", windows.len()));
        }
        let (away, own): (Vec<Cut>, Vec<Cut>) = cuts
            .iter()
            .copied()
            .partition(|cut: &Cut| !machine.away(cut.unix_ms, cut.ends_unix_ms()).is_empty());
        wrong.extend(own.iter().map(|cut| format!("{name}: {cut:?}")));
        if own.is_empty() && !away.is_empty() {
            println!("{name}: the machine was away, so it is measured again: {away:.3?}");
            assert!(tries < TRIES, "the machine was away in each of {tries} runs: {name}");
            let (source, away) = (source.clone(), machine.tell());
            running.spawn(async move { measure(case, &source, away, tries + 1).await });
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

struct Source {
    beeps: Vec<f64>,
    microphone: Arc<Vec<Vec<u8>>>,
    vp8: Arc<Camera>,
    h264: Arc<Camera>,
}

impl Source {
    /// Longer than any case: a source that began again would click.
    fn new() -> Self {
        let seconds = cases().iter().map(|case| case.seconds).max().unwrap_or_default() as u32 + 16;
        let mut rng = StdRng::seed_from_u64(1);
        let mut beeps = vec![0.5];
        while let Some(last) = beeps.last().filter(|last| **last < f64::from(seconds) - 1.5) {
            beeps.push(last + rng.random_range(0.85..1.15));
        }
        let camera = |codec| Arc::new(Camera::flashing(codec, FPS, seconds, &beeps));
        let (vp8, h264) = (camera(Codec::Vp8), camera(Codec::H264));
        Self { microphone: Arc::new(beeping(seconds, &beeps)), beeps, vp8, h264 }
    }

    /// By how much the camera's first white frame is behind the beep, on average.
    fn own_skew(&self) -> f64 {
        let frame = |beep: &f64| (beep * f64::from(FPS)).ceil() / f64::from(FPS) - beep;
        self.beeps.iter().map(frame).sum::<f64>() / self.beeps.len() as f64
    }
}

struct Measured {
    case: Case,
    /// How often the case was measured by now.
    tries: usize,
    /// Mean skew of each window, in milliseconds.
    windows: Vec<f64>,
    /// Of the shortest and the longest beep, in seconds.
    lengths: [f64; 2],
    /// The longest time from beep to beep, in seconds.
    apart: f64,
    /// What of the beeps is missing, but for one where the time was set back.
    cuts: Vec<Cut>,
    /// Where the recording is kept, if a beep was cut.
    kept: String,
}

/// A beep that is not as long as it was, or beeps that are not there.
#[derive(Clone, Copy, Debug)]
struct Cut {
    /// When the beep begins, or the last one before those that are missing; in milliseconds since the Unix epoch.
    unix_ms: u64,
    /// How long the beep is, or how long there is none; in seconds.
    length: f64,
}

impl Cut {
    /// When the next beep may have been whole.
    fn ends_unix_ms(&self) -> u64 {
        self.unix_ms + 200.max((self.length * 1000.0) as u64)
    }
}

async fn measure(
    case: Case,
    source: &Source,
    away: mpsc::Sender<Moment>,
    tries: usize,
) -> Measured {
    let camera = match case.codec {
        Codec::Vp8 => &source.vp8,
        Codec::H264 => &source.h264,
    };
    let mut daemon = Daemon::start(&[]).await;
    let mut sfu = Sfu::open(&mut daemon, 1).await;
    machine::follow(daemon.pid(), away.clone());
    sfu.away = Some(away);
    daemon.scene(1, 1, &["ada"]).await;
    let ada = sfu.climb(&mut daemon, 1, "ada", Ssrcs::of(0), camera, &source.microphone).await;
    let mut now = 0.0;
    let mut set_back = 0..0;
    for (at, order) in &case.orders {
        sleep(Duration::from_secs_f32(at - now)).await;
        now = *at;
        if matches!(order, Order::ReportsAhead(Duration::ZERO)) {
            let unix_ms = machine::unix_ms();
            set_back = unix_ms..unix_ms + SET_BACK;
        }
        ada.order(order.clone());
    }
    sfu.until(|status| {
        let active = input(status, "ada").is_some_and(|i| i.state() == v1::InputState::Active);
        active && status.phase() == v1::BroadcastPhase::Live
    })
    .await;
    let timeline = Timeline::record(&daemon);
    sleep(Duration::from_secs(case.seconds as u64)).await;
    let media = download(&daemon, &timeline).await;
    let (flashes, beeps) = (flashes(&media), beeps(&media));
    let Compared { windows, lengths, apart, cuts } =
        compare(&flashes, &beeps, source.own_skew() + ada.phase);
    let begun = timeline.segments().first().map_or(0.0, |segment| segment.starts);
    let cut = |(at, length)| Cut { unix_ms: ((begun + at) * 1000.0) as u64, length };
    let mut cuts: Vec<Cut> = cuts.into_iter().map(cut).collect();
    cuts.retain(|cut| !set_back.contains(&cut.unix_ms));
    cuts.extend(apart.filter(|(_, apart)| !case.mutes() && *apart > ONE_LOST).map(cut));
    let apart = apart.map(|(_, apart)| apart).unwrap_or_default();
    let kept = if cuts.is_empty() { String::new() } else { keep(case.name, tries, &media) };
    Measured { case, tries, windows, lengths, apart, cuts, kept }
}

/// Keeps a recording to be listened to. Answers where.
fn keep(case: &str, tries: usize, media: &[u8]) -> String {
    let name: String =
        case.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let id = std::process::id();
    let path = format!("{}/lipsync-{name}-{id}-{tries}.mp4", env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(&path, media).expect("writable");
    path
}

/// The stream so far as one file.
async fn download(daemon: &Daemon, timeline: &Timeline) -> Vec<u8> {
    let playlist = daemon.get(&format!("/hls/{ROOM}/live.m3u8")).await;
    let map = playlist.split("#EXT-X-MAP:URI=\"").nth(1).and_then(|rest| rest.split('"').next());
    let init = format!("/hls/{ROOM}/{}", map.expect("an init section"));
    timeline.recording(get_bytes(daemon.http, &init).await)
}

/// When flashes begin, in seconds of the stream: the canvas turns white.
fn flashes(media: &[u8]) -> Vec<f64> {
    // Fine enough to say when a picture begins: a recording's sound and pictures do not begin together.
    const RATE: f64 = 480.0;
    let line =
        "-i pipe:0 -map 0:v -vf scale=8:8,format=gray,fps=480:start_time=0 -f rawvideo pipe:1";
    let pictures = ffmpeg(line, media);
    let is_white = |picture: &[u8]| picture.iter().map(|v| u32::from(*v)).sum::<u32>() > 64 * 110;
    let white: Vec<bool> = pictures.chunks_exact(64).map(is_white).collect();
    let begins = white.windows(2).enumerate().filter(|(_, pair)| !pair[0] && pair[1]);
    begins.map(|(n, _)| (n + 1) as f64 / RATE).collect()
}

/// When beeps begin and how long they are, in seconds of the stream.
fn beeps(media: &[u8]) -> Vec<(f64, f64)> {
    /// Half as loud as a beep. What AAC makes of its end is up to a third as loud, for 10 ms.
    const LOUD: u16 = 5000;
    /// Silence between two halves of a wave is no end.
    const PAUSE: usize = 480;
    let line =
        "-i pipe:0 -map 0:a -af aresample=async=1:first_pts=0 -ac 1 -ar 48000 -f s16le pipe:1";
    let pcm = ffmpeg(line, media);
    let loud = pcm
        .chunks_exact(2)
        .enumerate()
        .filter(|(_, s)| i16::from_le_bytes([s[0], s[1]]).unsigned_abs() > LOUD)
        .map(|(n, _)| n);
    let mut beeps: Vec<(usize, usize)> = vec![];
    for n in loud {
        match beeps.last_mut() {
            Some((_, end)) if n - *end < PAUSE => *end = n,
            _ => beeps.push((n, n)),
        }
    }
    let seconds = |n: usize| n as f64 / 48_000.0;
    beeps.into_iter().map(|(from, to)| (seconds(from), seconds(to - from))).collect()
}

struct Compared {
    /// Mean skew of each window, in milliseconds.
    windows: Vec<f64>,
    /// Of the shortest and the longest beep, in seconds.
    lengths: [f64; 2],
    /// The longest time from beep to beep, and when it begins; in seconds.
    apart: Option<(f64, f64)>,
    /// When beeps begin and how long they are that are not as long as they should be, in seconds.
    cuts: Vec<(f64, f64)>,
}

fn compare(flashes: &[f64], beeps: &[(f64, f64)], own_skew: f64) -> Compared {
    let mut windows: Vec<(f64, Vec<f64>)> = vec![];
    // A newcomer's plan may jump in its first second.
    let first = |at: Option<f64>| at.unwrap_or_default();
    let begun = first(flashes.first().copied()).max(first(beeps.first().map(|(at, _)| *at)));
    let settled = begun + 3.0;
    for flash in flashes.iter().filter(|flash| **flash > settled) {
        let nearest =
            beeps.iter().map(|(at, _)| flash - at).min_by(|a, b| a.abs().total_cmp(&b.abs()));
        // A flash whose beep was lost with a mute has no partner.
        let Some(skew) = nearest.filter(|skew| skew.abs() < 0.35) else { continue };
        match windows.last_mut() {
            Some((from, skews)) if flash - *from < WINDOW => skews.push(skew - own_skew),
            _ => windows.push((*flash, vec![skew - own_skew])),
        }
    }
    let mean = |skews: &[f64]| skews.iter().sum::<f64>() / skews.len() as f64 * 1000.0;
    let whole = windows.iter().filter(|(_, skews)| skews.len() >= 5);
    let windows = whole.map(|(_, skews)| mean(skews)).collect();
    let starts: Vec<f64> = beeps.iter().map(|(at, _)| *at).filter(|at| *at > settled).collect();
    let apart = starts.windows(2).map(|pair| (pair[0], pair[1] - pair[0]));
    let apart = apart.max_by(|(_, a), (_, b)| a.total_cmp(b));
    let inner = beeps[..beeps.len().saturating_sub(1)].iter().filter(|(at, _)| *at > settled);
    let lengths = inner.clone().map(|(_, length)| *length);
    let lengths =
        [lengths.clone().fold(f64::INFINITY, f64::min), lengths.fold(f64::NEG_INFINITY, f64::max)];
    let is_cut = |(_, length): &&(f64, f64)| (length - 0.1).abs() > 0.008;
    let cuts = inner.filter(is_cut).copied().collect();
    Compared { windows, lengths, apart, cuts }
}
