//! What cameras and microphones give, encoded beforehand by FFmpeg and cut into the frames a sender packs into RTP.

use std::process::Command;

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
    pub frames: Vec<Frame>,
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
        Self::encode(codec, &picture)
    }

    fn encode(codec: Codec, picture: &str) -> Self {
        let (encoder, format) = match codec {
            Codec::Vp8 => (
                "-c:v libvpx -deadline realtime -cpu-used 8 -auto-alt-ref 0 -lag-in-frames 0",
                "ivf",
            ),
            Codec::H264 => (
                "-c:v libx264 -preset ultrafast -tune zerolatency -profile:v baseline -pix_fmt yuv420p \
                 -x264-params aud=1:scenecut=0",
                "h264",
            ),
        };
        let file = tempfile::NamedTempFile::new().expect("a file");
        let encoded = Command::new("ffmpeg")
            .args(["-nostdin", "-y", "-loglevel", "error", "-f", "lavfi", "-i", picture])
            .args(
                format!("-t {SECONDS} {encoder} -g {FPS} -b:v 200k -f {format}").split_whitespace(),
            )
            .arg(file.path())
            .status()
            .expect("ffmpeg");
        assert!(encoded.success(), "{picture} cannot be encoded");
        let bytes = std::fs::read(file.path()).expect("the pictures");
        let frames = match codec {
            Codec::Vp8 => ivf_frames(&bytes),
            Codec::H264 => access_units(&bytes),
        };
        assert_eq!(frames.len(), (SECONDS * FPS) as usize);
        Self { codec, frames }
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

/// Packets of 20 ms.
pub fn microphone(frequency: u32) -> Vec<Vec<u8>> {
    let tone = format!("sine=frequency={frequency}:sample_rate=48000");
    let output = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-f", "lavfi", "-i", &tone])
        .args(
            format!("-map 0:a -t {SECONDS} -ac 2 -c:a libopus -vbr off -b:a 32k -frame_duration 20 -f data pipe:1")
                .split_whitespace(),
        )
        .output()
        .expect("ffmpeg");
    assert!(!output.stdout.is_empty() && output.stdout.len().is_multiple_of(OPUS_PACKET));
    output.stdout.chunks_exact(OPUS_PACKET).map(Into::into).collect()
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
