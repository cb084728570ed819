//! What cameras and microphones give, encoded beforehand by FFmpeg and cut into the frames a sender packs into RTP.

use std::{
    io::Write as _,
    process::{Command, Stdio},
};

/// Frames a second of every camera.
pub const FPS: u32 = 15;
/// A length after which the counting picture begins anew without a step: a multiple of 8 frames, and of a key frame a
/// second.
const SECONDS: u32 = 32;
/// Bytes of one 20 ms packet at a constant 32 kbit/s.
const OPUS_PACKET: usize = 80;

/// How a camera encodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Codec {
    Vp8,
    H264,
}

/// One encoded picture.
#[derive(Clone, Debug)]
pub struct Frame {
    pub data: Vec<u8>,
    pub is_key: bool,
}

/// Half a minute of pictures, to be sent again and again.
#[derive(Debug)]
pub struct Camera {
    pub codec: Codec,
    /// Pictures a second.
    pub fps: u32,
    pub frames: Vec<Frame>,
    /// Every picture belongs to its time: a key frame is waited for, not skipped to.
    pub is_timed: bool,
}

impl Camera {
    /// Brightness of the first frame, and the step to the next one.
    pub const DARKEST: u8 = 30;
    pub const STEP: u8 = 25;

    /// Grey that is one of eight steps brighter in each frame and begins again: the frame's number modulo 8 is its
    /// brightness. The blue difference tells whose it is.
    pub fn counting(codec: Codec, blue: u8, width: u32, height: u32) -> Self {
        let grey = format!("lum='{}+mod(N\\,8)*{}':cb={blue}:cr=128", Self::DARKEST, Self::STEP);
        let picture = format!(
            "nullsrc=size=32x18:rate={FPS},geq={grey},scale={width}:{height}:flags=neighbor,setsar=1"
        );
        let input = format!("-f lavfi -t {SECONDS} -i {picture}");
        let frames = encode(codec, FPS, FPS, &input, &[]);
        assert_eq!(frames.len(), (SECONDS * FPS) as usize);
        Self { codec, fps: FPS, frames, is_timed: false }
    }

    /// One colour in all pictures, as red, green and blue, in the matrix of BT.709 that its VUI names (H.264).
    pub fn in_bt709(rgb: &str) -> Self {
        let picture = format!("color=0x{rgb}:size=320x180:rate={FPS}");
        let matrix = "format=gbrp,scale=out_color_matrix=bt709:out_range=tv,format=yuv420p";
        let named = "-colorspace bt709 -color_primaries bt709 -color_trc bt709 -qp 10";
        let input = format!("-f lavfi -t {SECONDS} -i {picture} -vf {matrix} {named}");
        let frames = encode(Codec::H264, FPS, FPS, &input, &[]);
        Self { codec: Codec::H264, fps: FPS, frames, is_timed: false }
    }

    /// Black, and white for a tenth of a second from each of `flashes` on, in seconds.
    pub fn flashing(codec: Codec, fps: u32, seconds: u32, flashes: &[f64]) -> Self {
        let is_white = |n: u32| {
            let at = f64::from(n) / f64::from(fps);
            flashes.iter().any(|flash| (0.0..0.1).contains(&(at - flash)))
        };
        let luma = |n| if is_white(n) { 235 } else { 16 };
        let pictures: Vec<u8> = (0..seconds * fps)
            .flat_map(|n| [vec![luma(n); 64 * 36], vec![128; 64 * 36 / 2]].concat())
            .collect();
        let input =
            format!("-f rawvideo -pix_fmt yuv420p -s 64x36 -r {fps} -i pipe:0 -vf scale=320:180");
        let frames = encode(codec, fps, fps / 2, &input, &pictures);
        assert_eq!(frames.len(), (seconds * fps) as usize);
        Self { codec, fps, frames, is_timed: true }
    }

    /// The next key frame at or after `from`.
    pub fn key_frame(&self, from: usize) -> usize {
        let count = self.frames.len();
        (from..from + count)
            .map(|n| n % count)
            .find(|n| self.frames[*n].is_key)
            .expect("a key frame")
    }
}

/// The frames of what FFmpeg makes of `input`, and of `bytes` on its standard input.
fn encode(codec: Codec, fps: u32, gop: u32, input: &str, bytes: &[u8]) -> Vec<Frame> {
    let (encoder, format) = match codec {
        Codec::Vp8 => {
            let realtime = "-deadline realtime -cpu-used 8 -auto-alt-ref 0 -lag-in-frames 0";
            (format!("-c:v libvpx {realtime}"), "ivf")
        }
        Codec::H264 => {
            let realtime = "-preset ultrafast -tune zerolatency -profile:v baseline";
            let delimited = "-pix_fmt yuv420p -x264-params aud=1:scenecut=0";
            (format!("-c:v libx264 {realtime} {delimited}"), "h264")
        }
    };
    let line = format!("{input} {encoder} -r {fps} -g {gop} -b:v 200k -f {format} pipe:1");
    let encoded = ffmpeg(&line, bytes);
    match codec {
        Codec::Vp8 => ivf_frames(&encoded),
        Codec::H264 => access_units(&encoded),
    }
}

/// Packets of 20 ms with a tone.
pub fn microphone(frequency: u32) -> Vec<Vec<u8>> {
    let sine = format!("-f lavfi -t {SECONDS} -i sine=frequency={frequency}:sample_rate=48000");
    opus(SECONDS, &sine, &[])
}

/// Packets of 20 ms: silence, and a tenth of a second of 1 kHz from each of `beeps` on, in seconds.
pub fn beeping(seconds: u32, beeps: &[f64]) -> Vec<Vec<u8>> {
    let sample = |n: u32| {
        let at = f64::from(n) / 48_000.0;
        let beeps = beeps.iter().any(|beep| (0.0..0.1).contains(&(at - beep)));
        if beeps { (12_000.0 * (at * 1000.0 * std::f64::consts::TAU).sin()) as i16 } else { 0 }
    };
    let pcm: Vec<u8> = (0..seconds * 48_000).flat_map(|n| sample(n).to_le_bytes()).collect();
    opus(seconds, "-f s16le -ar 48000 -ac 1 -i pipe:0", &pcm)
}

/// What the encoder adds at the end, for what it looked ahead, is left out: sound that is repeated stays with its pictures.
fn opus(seconds: u32, input: &str, bytes: &[u8]) -> Vec<Vec<u8>> {
    let encoder = "-c:a libopus -vbr off -b:a 32k -frame_duration 20 -f data pipe:1";
    let encoded = ffmpeg(&format!("{input} -map 0:a -ac 2 {encoder}"), bytes);
    assert!(!encoded.is_empty() && encoded.len().is_multiple_of(OPUS_PACKET));
    encoded.chunks_exact(OPUS_PACKET).take(50 * seconds as usize).map(Into::into).collect()
}

/// What an FFmpeg writes to standard output; its arguments are words without spaces.
pub fn ffmpeg(line: &str, input: &[u8]) -> Vec<u8> {
    let mut process = Command::new("ffmpeg")
        .args(["-y", "-loglevel", "error"])
        .args(line.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("ffmpeg");
    let mut stdin = process.stdin.take().expect("a pipe");
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = process.wait_with_output().expect("its output");
    assert!(output.status.success(), "{line}");
    writing.join().expect("no panic").expect("FFmpeg reads all of it");
    output.stdout
}

/// IVF: a header of 32 bytes, then frames, each with a header of 12.
fn ivf_frames(bytes: &[u8]) -> Vec<Frame> {
    let mut frames = vec![];
    let mut rest = &bytes[32..];
    while let Some((header, tail)) = rest.split_first_chunk::<12>() {
        let size = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let (data, next) = tail.split_at(size);
        frames.push(Frame { data: data.into(), is_key: data[0] & 1 == 0 });
        rest = next;
    }
    frames
}

/// Annex B with an access unit delimiter before every picture.
fn access_units(bytes: &[u8]) -> Vec<Frame> {
    const DELIMITER: [u8; 5] = [0, 0, 0, 1, 9];
    let starts: Vec<usize> =
        bytes.windows(5).enumerate().filter(|(_, w)| **w == DELIMITER).map(|(n, _)| n).collect();
    let ends = starts.iter().skip(1).copied().chain([bytes.len()]);
    starts
        .iter()
        .zip(ends)
        .map(|(&start, end)| {
            let data = bytes[start..end].to_vec();
            let is_key = nal_units(&data).iter().any(|unit| unit[0] & 0x1f == 5);
            Frame { data, is_key }
        })
        .collect()
}

/// The NAL units of an Annex B stream, without start codes.
pub fn nal_units(bytes: &[u8]) -> Vec<&[u8]> {
    let mut starts = vec![];
    let mut n = 0;
    while n + 3 <= bytes.len() {
        if bytes[n..n + 3] == [0, 0, 1] {
            starts.push(n + 3);
            n += 3;
        } else {
            n += 1;
        }
    }
    let ends = starts.iter().skip(1).map(|next| next - 3).chain([bytes.len()]);
    let units = starts.iter().zip(ends).map(|(&start, end)| &bytes[start..end]);
    units
        .map(|unit| &unit[..unit.len() - unit.iter().rev().take_while(|b| **b == 0).count()])
        .collect()
}
