//! The encoder FFmpeg's command line. Its measured reasons are in docs/design.md.

use std::ffi::OsString;

/// Descriptor from which it reads I420 pictures.
pub const VIDEO_FD: i32 = 3;
/// Descriptor from which it reads PCM.
pub const AUDIO_FD: i32 = 4;
/// Descriptor on which it writes fragmented MP4.
pub const OUTPUT_FD: i32 = 5;

/// Arguments for `fps` pictures a second: x264 and AAC, a key frame a second, one fragment per frame.
///
/// It never probes: without that, output starts after 0.13 s instead of 1.07 s. `skip_trailer` keeps it from
/// remembering every fragment it ever wrote.
pub fn args(fps: u32) -> Vec<OsString> {
    let raw = "-probesize 32 -analyzeduration 0 -nofind_stream_info -thread_queue_size 64";
    let line = format!(
        "-nostdin -hide_banner -nostats -loglevel warning -threads 1 -filter_threads 1 \
         -f rawvideo -pix_fmt yuv420p -s 256x144 -r {fps} {raw} -i pipe:{VIDEO_FD} \
         -f s16le -ar 48000 -ac 2 {raw} -i pipe:{AUDIO_FD} \
         -map 0:v -map 1:a \
         -c:v libx264 -threads 1 -preset veryfast -tune zerolatency -profile:v high \
         -g {fps} -keyint_min {fps} -sc_threshold 0 -b:v 110k -maxrate 115k -bufsize 40k -rc_init_occupancy 20k \
         -pix_fmt yuv420p -colorspace smpte170m -color_primaries smpte170m -color_trc smpte170m -color_range tv \
         -c:a aac -b:a 40k -ar 48000 -ac 2 \
         -f mp4 -movflags +frag_every_frame+empty_moov+default_base_moof+cmaf+delay_moov+skip_trailer \
         -flush_packets 1 pipe:{OUTPUT_FD}"
    );
    line.split_whitespace().map(OsString::from).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_whole_command() {
        let args = super::args(15);
        let line: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
        insta::assert_snapshot!(line.join(" ").replace(" -", "\n-"));
    }
}
