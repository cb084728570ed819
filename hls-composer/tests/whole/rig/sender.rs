//! Participants without a browser: FFmpegs that send VP8 and Opus as mediasoup forwards them.

use std::process::{Child, Command, Stdio};

use proto::v1;
use tempfile::NamedTempFile;

use super::daemon::ahead_of_others;

/// A steady voice.
const TONE: &str = "sine=frequency=440:sample_rate=48000";

/// How one participant's two RTP streams are told apart.
#[derive(Clone, Copy, Debug)]
pub struct Ssrcs {
    pub video: u32,
    pub audio: u32,
}

impl Ssrcs {
    /// Those of the n-th participant.
    pub const fn of(n: u32) -> Self {
        Self { video: 4096 + 2 * n + 1, audio: 4096 + 2 * n + 2 }
    }
}

/// What a participant's camera and microphone give, encoded beforehand: sending it costs next to nothing and begins
/// without a burst. Removed when dropped.
pub struct Clip(NamedTempFile);

impl Clip {
    /// Brightness of the first frame of [`Clip::counting`], and the step to the next one.
    pub const DARKEST: u8 = 30;
    pub const STEP: u8 = 25;

    pub fn red() -> Self {
        Self::encode("color=red:size=320x180:rate=15", TONE, 10)
    }

    /// Grey that is one of eight steps brighter in each frame and begins again: the frame's number modulo 8 is its
    /// brightness. The blue difference tells whose it is.
    pub fn counting(blue: u8) -> Self {
        let grey = format!("lum='{}+mod(N\\,8)*{}':cb={blue}:cr=128", Self::DARKEST, Self::STEP);
        let picture = format!("nullsrc=size=32x18:rate=15,geq={grey},scale=320:180:flags=neighbor");
        Self::encode(&picture, TONE, 30)
    }

    /// Something of everything, as a camera's picture costs to decode.
    pub fn test_picture(width: u32, height: u32, fps: u32) -> Self {
        Self::encode(&format!("testsrc2=size={width}x{height}:rate={fps}"), TONE, 20)
    }

    /// The same picture, with a word of a tenth of a second every second.
    pub fn pausing_voice(width: u32, height: u32, fps: u32) -> Self {
        let words = format!("{TONE},volume=volume='lt(mod(t,1),0.1)':eval=frame");
        Self::encode(&format!("testsrc2=size={width}x{height}:rate={fps}"), &words, 20)
    }

    fn encode(picture: &str, sound: &str, seconds: u32) -> Self {
        let file = tempfile::Builder::new().suffix(".webm").tempfile().expect("a file");
        let mut command = Command::new("ffmpeg");
        command.args(["-nostdin", "-y", "-loglevel", "error", "-f", "lavfi", "-i", picture]);
        command.args(["-f", "lavfi", "-i", sound]).args(words(&format!(
            "-t {seconds} \
             -c:v libvpx -deadline realtime -cpu-used 8 -g 15 -b:v 200k -auto-alt-ref 0 \
             -lag-in-frames 0 -c:a libopus -b:a 32k -ac 2"
        )));
        let encoded = command.arg(file.path()).status().expect("ffmpeg");
        assert!(encoded.success(), "{picture} cannot be encoded");
        Self(file)
    }
}

/// An FFmpeg that sends a clip again and again; killed when dropped.
pub struct Sender(Child);

impl Sender {
    /// Camera and microphone.
    pub fn to(ports: &[v1::ReservedPorts], ssrcs: Ssrcs, clip: &Clip) -> Self {
        Self::spawn(clip, &[camera(ports, ssrcs), microphone(ports, ssrcs)])
    }

    /// As somebody whose microphone is muted.
    pub fn camera(ports: &[v1::ReservedPorts], ssrcs: Ssrcs, clip: &Clip) -> Self {
        Self::spawn(clip, &[camera(ports, ssrcs)])
    }

    /// As somebody who has no camera on.
    pub fn microphone(ports: &[v1::ReservedPorts], ssrcs: Ssrcs, clip: &Clip) -> Self {
        Self::spawn(clip, &[microphone(ports, ssrcs)])
    }

    fn spawn(clip: &Clip, legs: &[String]) -> Self {
        let mut command = ahead_of_others();
        command
            .args(words("ffmpeg -nostdin -loglevel error -re -stream_loop -1 -i"))
            .arg(clip.0.path());
        for leg in legs {
            command.args(words(leg));
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.spawn().expect("ffmpeg"))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace()
}

fn camera(ports: &[v1::ReservedPorts], ssrcs: Ssrcs) -> String {
    leg("0:v", 101, ssrcs.video, port(ports, v1::MediaKind::Video))
}

fn microphone(ports: &[v1::ReservedPorts], ssrcs: Ssrcs) -> String {
    leg("0:a", 100, ssrcs.audio, port(ports, v1::MediaKind::Audio))
}

fn leg(stream: &str, payload_type: u8, ssrc: u32, port: u32) -> String {
    format!(
        "-map {stream} -c copy -payload_type {payload_type} -ssrc {ssrc} \
         -f rtp rtp://127.0.0.1:{port}?rtcpport={}&pkt_size=1200",
        port + 1
    )
}

fn port(ports: &[v1::ReservedPorts], kind: v1::MediaKind) -> u32 {
    ports.iter().find(|p| p.kind() == kind).expect("a reserved track").rtp_port
}
