//! The ingest FFmpeg's command line. Its measured reasons are in docs/design.md.

use std::{ffi::OsString, net::IpAddr, path::Path};

use super::sdp::Kind;

/// Descriptor on which it writes I420 frames.
pub const VIDEO_FD: i32 = 3;
/// Descriptor on which it writes PCM.
pub const AUDIO_FD: i32 = 4;

/// Arguments that read `sdp` on `ip` and write the tracks it holds at `fps` frames a second.
///
/// Position is time: `fps=…:start_time=0` and `aresample=…:first_pts=0` make frame n stand at n/fps seconds and
/// sample m at m/48000 seconds of the sender's clock. Every warning is written, also a repeated one: what it complains of
/// is how RTP that does not decode is told from silence.
pub fn args(sdp: &Path, ip: IpAddr, kinds: &[Kind], fps: u32) -> Vec<OsString> {
    let mut args: Vec<OsString> = [
        "-nostdin -hide_banner -nostats -loglevel repeat+warning -filter_threads 1 -threads 1",
        "-protocol_whitelist file,udp,rtp -nofind_stream_info -reinit_filter 0",
        "-buffer_size 4194304 -listen_timeout 3600 -localaddr",
    ]
    .iter()
    .flat_map(|line| line.split_whitespace())
    .map(OsString::from)
    .collect();
    args.extend([ip.to_string().into(), "-f".into(), "sdp".into(), "-i".into(), sdp.into()]);
    if kinds.contains(&Kind::Video) {
        let filter = format!(
            "fps={fps}:start_time=0,\
             scale=256:144:force_original_aspect_ratio=decrease:eval=frame:flags=area,\
             pad=256:144:(ow-iw)/2:(oh-ih)/2:eval=frame,format=yuv420p"
        );
        args.extend(["-map", "0:v", "-vf"].map(OsString::from));
        args.push(filter.into());
        args.extend(["-f", "rawvideo", "-flush_packets", "1"].map(OsString::from));
        args.push(format!("pipe:{VIDEO_FD}").into());
    }
    if kinds.contains(&Kind::Audio) {
        args.extend(
            "-map 0:a -af aresample=async=480:min_comp=0.003:min_hard_comp=0.1:first_pts=0:flags=res -ac 2 -ar 48000 -f s16le -flush_packets 1"
                .split_whitespace()
                .map(OsString::from),
        );
        args.push(format!("pipe:{AUDIO_FD}").into());
    }
    args
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_camera_and_a_microphone() {
        let args = args(
            Path::new("/run/a.sdp"),
            Ipv4Addr::LOCALHOST.into(),
            &[Kind::Video, Kind::Audio],
            15,
        );
        let line: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
        insta::assert_snapshot!(line.join(" ").replace(" -", "\n-"));
    }

    #[test]
    fn a_track_that_is_not_there_is_not_mapped() {
        let only_audio = args(Path::new("a.sdp"), Ipv4Addr::LOCALHOST.into(), &[Kind::Audio], 15);
        assert!(!only_audio.contains(&"0:v".into()) && only_audio.contains(&"0:a".into()));
    }
}
