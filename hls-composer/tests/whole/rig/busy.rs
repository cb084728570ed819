//! A participant who costs as many bits as one can: a picture full of detail that moves, a tone and noise.

use std::{
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use proto::v1;
use tempfile::NamedTempFile;

use super::{daemon::ahead_of_others, sender::Ssrcs};

/// An FFmpeg that sends until it is dropped.
pub struct Busy(Child);

impl Busy {
    pub fn to(ports: &[v1::ReservedPorts], ssrcs: Ssrcs) -> Self {
        let port = |kind| ports.iter().find(|it| it.kind() == kind).expect("a track").rtp_port;
        let leg = |stream: &str, payload_type: u8, ssrc: u32, port: u32| {
            format!(
                "-map {stream} -c copy -payload_type {payload_type} -ssrc {ssrc} \
                 -f rtp rtp://127.0.0.1:{port}?rtcpport={}&pkt_size=1200",
                port + 1
            )
        };
        let legs = [
            leg("0:v", 101, ssrcs.video, port(v1::MediaKind::Video)),
            leg("0:a", 100, ssrcs.audio, port(v1::MediaKind::Audio)),
        ];
        let mut command = ahead_of_others();
        command.args("ffmpeg -nostdin -loglevel error -re -stream_loop -1 -i".split(' '));
        command.arg(clip());
        command.args(legs.iter().flat_map(|leg| leg.split_whitespace()));
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Self(command.spawn().expect("ffmpeg"))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// Twenty seconds of it, encoded once; sending it costs next to nothing.
fn clip() -> &'static std::path::Path {
    static CLIP: OnceLock<NamedTempFile> = OnceLock::new();
    let encode = || {
        let file = tempfile::Builder::new().suffix(".webm").tempfile().expect("a file");
        let sound = "sine=f=440:r=48000[tone];anoisesrc=r=48000:a=0.2[noise];\
                     [tone][noise]amix=inputs=2:duration=first";
        let encoded = Command::new("ffmpeg")
            .args(
                "-nostdin -y -loglevel error -f lavfi -i testsrc2=size=320x180:rate=15".split(' '),
            )
            .args(["-f", "lavfi", "-i", sound])
            .args("-t 20 -c:v libvpx -deadline realtime -cpu-used 8 -g 15 -b:v 600k".split(' '))
            .args("-auto-alt-ref 0 -lag-in-frames 0 -c:a libopus -b:a 64k -ac 2".split(' '))
            .arg(file.path())
            .status();
        assert!(encoded.expect("ffmpeg").success(), "the busy clip cannot be encoded");
        file
    };
    CLIP.get_or_init(encode).path()
}
