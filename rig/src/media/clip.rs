//! What a camera and a microphone give, encoded beforehand by FFmpeg: sending it again and again costs next to nothing.

use std::{process::Stdio, time::Duration};

use futures_util::future::{join, join_all};
use tokio::process::Command;

/// Layers of a camera, from the smallest to the largest: width, height, kbit/s. As our own pages send them, but of a
/// picture whose largest is 360 lines.
const CAMERA: [(u32, u32, u32); LAYERS] = [(160, 90, 60), (320, 180, 150), (640, 360, 600)];
/// How many layers a camera has.
pub const LAYERS: usize = 3;
/// A packet of Opus lasts this long.
pub const AUDIO_EVERY: Duration = Duration::from_millis(20);
/// RTP clock ticks in a packet of Opus.
pub const AUDIO_TICKS: u32 = 960;
/// Pictures come this often.
pub const VIDEO_EVERY: Duration = Duration::from_nanos(1_000_000_000 / FPS);
/// RTP clock ticks between two pictures.
pub const VIDEO_TICKS: u32 = 90_000 / FPS as u32;

/// Pictures a second.
const FPS: u64 = 15;
/// A key frame comes this often at least, in pictures.
const KEY_FRAME_EVERY: usize = 15;
/// How long it is before it begins anew, in seconds.
const SECONDS: usize = 10;
/// Bytes of 20 ms of Opus at a constant 32 kbit/s.
const OPUS_PACKET: usize = 80;

/// Ten seconds of a moving picture and a tone.
#[derive(Debug)]
pub struct Clip {
    /// Packets of Opus.
    sound: Vec<Vec<u8>>,
    /// Pictures, each in every layer.
    pictures: Vec<[Vec<u8>; LAYERS]>,
}

impl Clip {
    /// Encodes it.
    ///
    /// # Panics
    /// When there is no FFmpeg that can.
    pub async fn encode() -> Self {
        let cameras = CAMERA.map(|(width, height, rate)| async move {
            let picture =
                format!("-f lavfi -t {SECONDS} -i testsrc2=size={width}x{height}:rate={FPS}");
            let key_frames = format!("-g {KEY_FRAME_EVERY} -keyint_min {KEY_FRAME_EVERY}");
            let realtime = "-deadline realtime -cpu-used 8 -auto-alt-ref 0 -lag-in-frames 0";
            let encoder = format!("-c:v libvpx {realtime} {key_frames} -b:v {rate}k");
            ffmpeg(&format!("{picture} {encoder} -f ivf pipe:1")).await
        });
        let microphone = async {
            let tone =
                format!("-f lavfi -t {SECONDS} -i sine=frequency=440:sample_rate=48000 -ac 2");
            let encoder = "-map 0:a -c:a libopus -vbr off -b:a 32k -frame_duration 20";
            ffmpeg(&format!("{tone} {encoder} -f data pipe:1")).await
        };
        let (cameras, sound) = join(join_all(cameras), microphone).await;

        assert!(sound.len().is_multiple_of(OPUS_PACKET), "packets of {OPUS_PACKET} bytes");
        // What the encoder adds at the end, for what it looked ahead, is left out.
        let sound = sound.chunks_exact(OPUS_PACKET).take(50 * SECONDS).map(Into::into).collect();
        let layers: Vec<Vec<Vec<u8>>> = cameras.iter().map(|ivf| pictures(ivf)).collect();
        let pictures: Vec<[Vec<u8>; LAYERS]> = (0..SECONDS * FPS as usize)
            .map(|moment| std::array::from_fn(|layer| layers[layer][moment].clone()))
            .collect();
        let clip = Self { sound, pictures };
        let is_due = |moment: usize| moment.is_multiple_of(KEY_FRAME_EVERY);
        assert!((0..clip.pictures.len()).all(|moment| clip.is_key(moment) == is_due(moment)));
        clip
    }

    /// The n-th packet of the microphone; after the last one comes the first.
    pub(super) fn sound(&self, number: u32) -> &[u8] {
        &self.sound[number as usize % self.sound.len()]
    }

    /// The picture of a moment, from the smallest layer to the largest; after the last one comes the first.
    pub(super) fn picture(&self, moment: usize) -> &[Vec<u8>; LAYERS] {
        &self.pictures[moment % self.pictures.len()]
    }

    /// Whether a moment's picture is a key frame, in every layer.
    pub(super) fn is_key(&self, moment: usize) -> bool {
        self.picture(moment).iter().all(|picture| picture[0] & 1 == 0)
    }

    /// The first moment with a key frame that is not before this one.
    pub(super) fn key_frame_from(&self, moment: usize) -> usize {
        moment.next_multiple_of(KEY_FRAME_EVERY)
    }
}

/// What an FFmpeg writes to standard output; its arguments are words without spaces.
async fn ffmpeg(line: &str) -> Vec<u8> {
    let mut command = Command::new("ffmpeg");
    command.args(["-nostdin", "-loglevel", "error"]).args(line.split_whitespace());
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.unwrap_or_else(|error| panic!("ffmpeg does not run: {error}"));
    let why = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "ffmpeg {line}: {why}");
    output.stdout
}

/// The frames of an IVF file: a header of 32 bytes, then frames, each with a header of 12 that begins with its size.
fn pictures(ivf: &[u8]) -> Vec<Vec<u8>> {
    let mut rest = ivf.get(32..).expect("a header");
    let mut pictures = Vec::new();
    while let Some((header, tail)) = rest.split_first_chunk::<12>() {
        let size = u32::from_le_bytes([header[0], header[1], header[2], header[3]]);
        let (picture, next) = tail.split_at(size as usize);
        pictures.push(picture.into());
        rest = next;
    }
    pictures
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_clip_has_key_frames_at_the_same_moments_in_all_layers() {
        let clip = Clip::encode().await;
        assert_eq!((clip.sound.len(), clip.pictures.len()), (500, 150));
        assert_eq!([0, 1, 15, 16].map(|from| clip.key_frame_from(from)), [0, 15, 15, 30]);
        let key = &clip.picture(0);
        // RFC 6386, 9.1: start code, width, height.
        let size = |layer: usize| {
            [6, 8].map(|at| u16::from_le_bytes([key[layer][at], key[layer][at + 1]]))
        };
        assert_eq!([0, 1, 2].map(size), [[160, 90], [320, 180], [640, 360]]);
        assert_eq!(clip.picture(150), clip.picture(0));
    }
}
