//! A viewer: FFmpeg as a player, and what its pictures show of numbered frames.

use std::{
    process::{Command, Stdio},
    thread::JoinHandle,
};

use tokio::time::timeout;

use super::{
    daemon::{Daemon, PATIENCE, ROOM},
    media::Camera,
};

pub const WIDTH: usize = 256;
pub const HEIGHT: usize = 144;

/// FFmpeg as a player, from the first segment there is to the end of the stream.
pub struct Viewer {
    player: JoinHandle<Vec<u8>>,
    /// When the first picture was due, in milliseconds since the Unix epoch.
    pub first_unix_ms: u64,
}

impl Viewer {
    pub async fn watch(daemon: &Daemon) -> Self {
        // FFmpeg reads whole segments only, and gives up where there is none yet.
        let live = format!("/hls/{ROOM}/live.m3u8");
        let waiting = async {
            loop {
                let playlist = daemon.get(&live).await;
                if playlist.contains("#EXTINF") {
                    return playlist;
                }
            }
        };
        let playlist = timeout(PATIENCE, waiting).await.expect("a first segment");
        let url = format!("http://{}{live}", daemon.http);
        let player = Command::new("ffmpeg")
            .args(["-nostdin", "-loglevel", "error", "-live_start_index", "0", "-i", &url])
            .args(["-map", "0:v", "-fps_mode", "passthrough"])
            .args(["-f", "rawvideo", "-pix_fmt", "yuv420p", "pipe:1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ffmpeg");
        let player = std::thread::spawn(|| player.wait_with_output().expect("its pictures").stdout);
        Self { player, first_unix_ms: first_unix_ms(&playlist) }
    }

    /// All it saw; it has to have ended.
    pub fn pictures(self) -> Vec<Picture> {
        let bytes = self.player.join().expect("a player that ends with the stream");
        bytes.chunks_exact(WIDTH * HEIGHT * 3 / 2).map(|picture| Picture(picture.into())).collect()
    }
}

/// The playlist's first PROGRAM-DATE-TIME.
fn first_unix_ms(playlist: &str) -> u64 {
    let time = playlist
        .lines()
        .find_map(|line| line.strip_prefix("#EXT-X-PROGRAM-DATE-TIME:"))
        .expect("a time");
    let output = Command::new("date").args(["+%s%3N", "-d", time]).output().expect("date");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("milliseconds")
}

/// One picture: brightness, then the blue difference at half the size, then the red one.
pub struct Picture(Vec<u8>);

impl Picture {
    /// The frame number modulo 8 of a counting camera whose tile has its centre at (`x`, `y`).
    pub fn number(&self, (x, y): (usize, usize)) -> u8 {
        let rows = (y - 6..y + 6).flat_map(|y| &self.0[y * WIDTH + x - 12..y * WIDTH + x + 12]);
        let steps = (mean(rows) - f64::from(Camera::DARKEST)) / f64::from(Camera::STEP);
        steps.round() as u8 % 8
    }

    /// Red, green and blue at (`x`, `y`), as a player shows what is labelled BT.601 (limited range).
    pub fn rgb(&self, (x, y): (usize, usize)) -> [u8; 3] {
        let chroma = WIDTH * HEIGHT + y / 2 * (WIDTH / 2) + x / 2;
        let luma = 1.164 * (f64::from(self.0[y * WIDTH + x]) - 16.0);
        let blue = f64::from(self.0[chroma]) - 128.0;
        let red = f64::from(self.0[chroma + WIDTH * HEIGHT / 4]) - 128.0;
        [luma + 1.596 * red, luma - 0.392 * blue - 0.813 * red, luma + 2.017 * blue]
            .map(|value| value.round().clamp(0.0, 255.0) as u8)
    }

    /// Whether that tile is of the camera with this blue difference.
    pub fn is_of(&self, blue: u8, (x, y): (usize, usize)) -> bool {
        let plane = &self.0[WIDTH * HEIGHT..];
        let (x, y, half) = (x / 2, y / 2, WIDTH / 2);
        let rows = (y - 3..y + 3).flat_map(|y| &plane[y * half + x - 6..y * half + x + 6]);
        (mean(rows) - f64::from(blue)).abs() < 12.0
    }
}

fn mean<'a>(samples: impl Iterator<Item = &'a u8>) -> f64 {
    let (sum, count) =
        samples.fold((0_u32, 0_u32), |(sum, count), sample| (sum + u32::from(*sample), count + 1));
    f64::from(sum) / f64::from(count)
}

/// What became of one camera's frames on the way to a viewer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Frames that were shown.
    pub shown: usize,
    /// Frames between two shown ones that were not.
    pub lost: usize,
    /// Pictures that showed the frame of the one before.
    pub repeated: usize,
    /// The most of them in a row.
    pub longest_still: usize,
    /// The pictures that were not as they should be, and whether only one was left out or shown twice.
    pub flaws: Vec<(usize, bool)>,
}

impl Seen {
    /// The camera of this blue difference, where its tile has its centre at `centre`.
    pub fn through(pictures: &[Picture], blue: u8, centre: (usize, usize)) -> Self {
        let mut seen = Self::default();
        let mut still = 0;
        for (n, pair) in pictures.windows(2).enumerate() {
            let [before, now] = pair else { continue };
            if !before.is_of(blue, centre) || !now.is_of(blue, centre) {
                continue;
            }
            let step = (now.number(centre) + 8 - before.number(centre)) % 8;
            if step != 1 {
                let is_single = step == 2 || (step == 0 && still == 0);
                seen.flaws.push((n, is_single));
            }
            match step {
                0 => {
                    seen.repeated += 1;
                    still += 1;
                    seen.longest_still = seen.longest_still.max(still);
                }
                step => {
                    seen.shown += 1;
                    seen.lost += usize::from(step) - 1;
                    still = 0;
                }
            }
        }
        seen
    }
}
