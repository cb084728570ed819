//! What a person who stays loses when others come, mute, unmute and go: not a single frame.

mod rig;

use std::{
    process::{Command, Stdio},
    thread::JoinHandle,
};

use proto::v1;
use rig::{
    daemon::{Daemon, PATIENCE, ROOM, input, until},
    sender::{Clip, Sender, Ssrcs},
};
use tokio::time::timeout;

const WIDTH: usize = 256;
const HEIGHT: usize = 144;

/// The blue difference of each person's picture.
const ADA: u8 = 60;
const BEN: u8 = 90;
const CLEO: u8 = 160;

/// The left tile and the right one, where both a row of two and the upper row of three cover the canvas, above the names.
const LEFT: usize = 64;
const RIGHT: usize = 192;
const ROWS: std::ops::Range<usize> = 40..52;

#[tokio::test(flavor = "multi_thread")]
async fn others_come_muted_unmute_mute_and_go_and_those_who_stay_lose_no_frame() {
    let clips = [ADA, BEN, CLEO].map(Clip::counting);
    let mut daemon = Daemon::start(&[]).await;
    let mut statuses = daemon.open(1).await.expect("a claim");
    daemon.scene(1, 1, &["ada", "ben"]).await;
    let ada = climb(&mut daemon, "ada", Ssrcs::of(0)).await;
    let _ada = Sender::to(&ada, Ssrcs::of(0), &clips[0]);
    let ben = climb(&mut daemon, "ben", Ssrcs::of(1)).await;
    let ben = Sender::to(&ben, Ssrcs::of(1), &clips[1]);
    let before = until(&mut statuses, active(&["ada", "ben"])).await;
    let viewer = Viewer::watch(&daemon).await;
    for_two_seconds(&daemon).await;

    daemon.scene(1, 2, &["ada", "ben", "cleo"]).await;
    let ports = climb(&mut daemon, "cleo", Ssrcs::of(2)).await;
    let _cleo = Sender::camera(&ports, Ssrcs::of(2), &clips[2]);
    until(&mut statuses, active(&["ada", "ben", "cleo"])).await;
    for_two_seconds(&daemon).await;
    for _ in 0..2 {
        let unmuted = Sender::microphone(&ports, Ssrcs::of(2), &clips[2]);
        for_two_seconds(&daemon).await;
        drop(unmuted);
        for_two_seconds(&daemon).await;
    }

    daemon.scene(1, 3, &["ada", "cleo"]).await;
    let after = until(&mut statuses, |status| input(status, "ben").is_none()).await;
    drop(ben);
    for_two_seconds(&daemon).await;
    let playlist = daemon.get(&format!("/hls/{ROOM}/live.m3u8")).await;
    daemon.close(1).await;

    let pictures = viewer.pictures();
    let seen = Seen::through(&pictures);
    println!("{} pictures; {seen:?}", pictures.len());
    assert_eq!(seen.lost, [0, 0], "frames of Ada, and of Ben while he was there");
    assert!(
        seen.frames > 15 * 10,
        "Ada's camera sends 15 frames a second for more than ten seconds"
    );
    assert!(seen.ben_left && seen.cleo_took_his_place);
    assert!(!playlist.contains("#EXT-X-DISCONTINUITY\n"), "{playlist}");
    let process = |status: &v1::BroadcastStatus| {
        let encoder = status.encoder.as_ref().map(|encoder| (encoder.pid, encoder.generation));
        (encoder, input(status, "ada").map(|ada| (ada.pid, ada.generation)))
    };
    assert_eq!(process(&before), process(&after), "nothing of hers was started again");
}

/// Steps 2, 5, 6 and 7 of a ladder.
async fn climb(daemon: &mut Daemon, id: &str, ssrcs: Ssrcs) -> Vec<v1::ReservedPorts> {
    let ports = daemon.reserve(1, id).await.expect("ports");
    let generation = daemon.start_input(1, id, ssrcs).await.expect("a listening FFmpeg");
    daemon.confirm(1, id, generation).await;
    ports
}

fn active(ids: &'static [&'static str]) -> impl Fn(&v1::BroadcastStatus) -> bool {
    move |status| {
        let is_active = |id: &&str| {
            input(status, id).is_some_and(|input| input.state() == v1::InputState::Active)
        };
        ids.iter().all(is_active) && status.phase() == v1::BroadcastPhase::Live
    }
}

/// Two segments of the stream, each a second.
async fn for_two_seconds(daemon: &Daemon) {
    let live = format!("/hls/{ROOM}/live.m3u8");
    let playlist = daemon.get(&live).await;
    let first = playlist.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
    let first: usize = first.and_then(|number| number.parse().ok()).expect("a media playlist");
    let next = first + playlist.matches("#EXTINF").count();
    // The answer comes when the segment after the one under way is complete.
    let blocking = format!("{live}?_HLS_msn={}", next + 1);
    timeout(PATIENCE, daemon.get(&blocking)).await.expect("a picture that goes on");
}

/// FFmpeg as a player, from now to the end of the stream.
struct Viewer(JoinHandle<Vec<u8>>);

impl Viewer {
    async fn watch(daemon: &Daemon) -> Self {
        // FFmpeg reads whole segments only, and gives up where there is none yet.
        let live = format!("/hls/{ROOM}/live.m3u8");
        timeout(PATIENCE, async { while !daemon.get(&live).await.contains("#EXTINF") {} })
            .await
            .expect("a first segment");
        let url = format!("http://{}{live}", daemon.http);
        let player = Command::new("ffmpeg")
            .args(["-nostdin", "-loglevel", "error", "-live_start_index", "0", "-i", &url])
            .args(["-map", "0:v", "-fps_mode", "passthrough"])
            .args(["-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ffmpeg");
        Self(std::thread::spawn(|| player.wait_with_output().expect("its pictures").stdout))
    }

    fn pictures(self) -> Vec<Planes> {
        let bytes = self.0.join().expect("a player that ends with the stream");
        bytes.chunks_exact(WIDTH * HEIGHT * 3 / 2).map(|picture| Planes(picture.into())).collect()
    }
}

/// One picture: brightness, then the blue difference at half the size, then the red one.
struct Planes(Vec<u8>);

impl Planes {
    /// The frame number modulo 8 at a tile's centre.
    fn number(&self, x: usize) -> u8 {
        let rows = ROWS.flat_map(|y| &self.0[y * WIDTH + x - 16..y * WIDTH + x + 16]);
        let steps = (mean(rows) - f64::from(Clip::DARKEST)) / f64::from(Clip::STEP);
        steps.round() as u8 % 8
    }

    /// Whose tile it is.
    fn is_of(&self, blue: u8, x: usize) -> bool {
        let plane = &self.0[WIDTH * HEIGHT..];
        let (x, half) = (x / 2, WIDTH / 2);
        let rows =
            (ROWS.start / 2..ROWS.end / 2).flat_map(|y| &plane[y * half + x - 8..y * half + x + 8]);
        (mean(rows) - f64::from(blue)).abs() < 12.0
    }
}

fn mean<'a>(samples: impl Iterator<Item = &'a u8>) -> f64 {
    let (sum, count) =
        samples.fold((0_u32, 0_u32), |(sum, count), sample| (sum + u32::from(*sample), count + 1));
    f64::from(sum) / f64::from(count)
}

/// What became of the camera's frames on the way to a viewer.
#[derive(Debug, Default)]
struct Seen {
    /// Ada's frames that were shown.
    frames: usize,
    /// Frames between two shown ones that were not: Ada's, Ben's.
    lost: [usize; 2],
    /// Pictures that showed the frame of the one before.
    repeated: [usize; 2],
    ben_left: bool,
    cleo_took_his_place: bool,
}

impl Seen {
    fn through(pictures: &[Planes]) -> Self {
        let mut seen = Self::default();
        for pair in pictures.windows(2) {
            let [before, now] = pair else { continue };
            for (n, (blue, x)) in [(ADA, LEFT), (BEN, RIGHT)].into_iter().enumerate() {
                if !before.is_of(blue, x) || !now.is_of(blue, x) {
                    seen.ben_left |= n == 1;
                    continue;
                }
                match (now.number(x) + 8 - before.number(x)) % 8 {
                    0 => seen.repeated[n] += 1,
                    step => {
                        seen.frames += usize::from(n == 0);
                        seen.lost[n] += usize::from(step) - 1;
                    }
                }
            }
            seen.cleo_took_his_place |= now.is_of(CLEO, RIGHT);
        }
        seen
    }
}
