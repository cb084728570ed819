//! The ingest FFmpeg's command line. Its measured reasons are in docs/design.md.

use std::{ffi::OsString, net::IpAddr, path::Path};

use super::sdp::Kind;

/// Descriptor on which it writes I420 frames.
pub const VIDEO_FD: i32 = 3;
/// Descriptor on which it writes PCM.
pub const AUDIO_FD: i32 = 4;
/// Descriptor on which it writes the time of every frame, before the frame.
pub const TIMES_FD: i32 = 5;
/// Descriptor on which it writes the time of every run of samples, before gaps are filled in.
pub const SOUND_TIMES_FD: i32 = 6;
/// Times are counted in so many parts of a second.
pub const TIME_BASE: u32 = 90_000;
/// Silence between two runs of samples is filled in up to so many seconds, which are 115 MB. What comes after more is left
/// out, for the process to be replaced: an hour filled in at once takes the core from everybody.
pub const LONGEST_SILENCE: u32 = 600;

/// Arguments that read `sdp` on `ip` and write the tracks it holds, pictures at about `fps` a second.
///
/// A frame is written as soon as it is decoded, with its time on [`TIMES_FD`]. FFmpeg's `fps` filter would hold each one
/// until the next comes, which for a picture drawn once is never, and would fill every gap with copies. Sound is
/// continuous: `aresample=…:first_pts=0` makes sample m stand at m/48000 seconds of the sender's clock. Where timestamps
/// jump it would fill in hours of silence, so that times are told before it on [`SOUND_TIMES_FD`], and no more than
/// [`LONGEST_SILENCE`] is filled in. It is resampled in whole numbers: as floats, what Opus leaves of a voice in a pause is
/// so small (denormal) that a pause cost thirty times a word, and where the cores are full FFmpeg reads pictures first.
///
/// Streams are probed for one packet, and not for none: unprobed, H.264 packets have no decoding time,
/// FFmpeg counts one up by the frame rate that is in the stream, and from the first presentation time that goes back (a
/// sender report, or one that comes before its packets) it believes the counted one alone. Pictures are then off by what was
/// corrected, for ever, and run away from a voice whose clock is another.
///
/// Every warning is written, also a repeated one: what it complains
/// of is how RTP that does not decode is told from silence.
pub fn args(sdp: &Path, ip: IpAddr, kinds: &[Kind], fps: u32) -> Vec<OsString> {
    let mut args: Vec<OsString> = [
        "-nostdin -hide_banner -nostats -loglevel repeat+warning -filter_threads 1 -threads 1",
        "-protocol_whitelist file,udp,rtp -probesize 32 -analyzeduration 1 -reinit_filter 0",
        "-buffer_size 4194304 -listen_timeout 3600 -localaddr",
    ]
    .iter()
    .flat_map(|line| line.split_whitespace())
    .map(OsString::from)
    .collect();
    args.extend([ip.to_string().into(), "-f".into(), "sdp".into(), "-i".into(), sdp.into()]);
    if kinds.contains(&Kind::Video) {
        args.extend(["-map", "0:v", "-vf"].map(OsString::from));
        args.push(video_filter(fps).into());
        let output = "-fps_mode passthrough -f rawvideo -flush_packets 1";
        args.extend(output.split_whitespace().map(OsString::from));
        args.push(format!("pipe:{VIDEO_FD}").into());
    }
    if kinds.contains(&Kind::Audio) {
        args.extend(["-map", "0:a", "-af"].map(OsString::from));
        args.push(audio_filter().into());
        let output = "-ac 2 -ar 48000 -f s16le -flush_packets 1";
        args.extend(output.split_whitespace().map(OsString::from));
        args.push(format!("pipe:{AUDIO_FD}").into());
    }
    args
}

/// From decoded pictures of any size, shape and colour matrix to 256×144 in BT.601, and the times they stand at.
fn video_filter(fps: u32) -> String {
    // Of a faster camera every second picture is left out, before it is scaled. Jitter of capture makes no difference,
    // and a camera that is only a little faster than the canvas is taken as it is.
    let least = 0.55 / f64::from(fps);
    // The pictures that are kept stand in the first half of a frame of the canvas: a camera of 30 a second whose kept ones
    // stand in the second half is kept twice once, and goes on with the others. A flash is seen in the first kept picture
    // after it, 17 ms late on average, and pictures are shown with the nearest tick, in the first half up to 33 ms early:
    // within 17 ms of the voice. In the second half it is up to 50 ms late. 0.35 is where `Grid` may round up.
    let halves = format!("gte(mod(prev_selected_t*{fps},1),0.5)*lt(mod(t*{fps},1),0.35)");
    // A window dragged narrow is scaled to no less than two columns: a width of 0 ends FFmpeg.
    let width = "if(gte(iw*144,ih*256),256,max(2,round(144*iw/ih/2)*2))";
    let height = "if(gte(iw*144,ih*256),max(2,round(256*ih/iw/2)*2),144)";
    [
        &format!(
            "select='isnan(prev_selected_t)+lt(t,prev_selected_t)+gte(t-prev_selected_t,{least:.4})+{halves}'"
        ),
        &format!(
            "scale=w='{width}':h='{height}':eval=frame:flags=area:out_color_matrix=bt601:out_range=tv"
        ),
        "pad=256:144:(ow-iw)/2:(oh-ih)/2:eval=frame",
        "format=yuv420p",
        &format!("settb=1/{TIME_BASE}"),
        &print("", TIMES_FD),
    ]
    .join(",")
}

fn audio_filter() -> String {
    [
        &format!("asettb=1/{TIME_BASE}"),
        &print("a", SOUND_TIMES_FD) as &str,
        &format!("aselect='isnan(prev_selected_t)+lt(t-prev_selected_t,{LONGEST_SILENCE})'"),
        "aresample=async=480:min_comp=0.003:min_hard_comp=0.1:first_pts=0:flags=res:internal_sample_fmt=s16p",
    ]
    .join(",")
}

/// Writes a line with the time of every frame; only those that have metadata are printed.
fn print(prefix: &str, fd: i32) -> String {
    format!(
        "{prefix}metadata=add:key=at:value=0,{prefix}metadata=print:file='pipe\\:{fd}':direct=1"
    )
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
