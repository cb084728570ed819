//! RTP (RFC 3550) and its payload formats for VP8 (RFC 7741), H.264 (RFC 6184) and Opus (RFC 7587), as a sender needs them.

use std::time::{SystemTime, UNIX_EPOCH};

use super::media::{Codec, Frame, nal_units};

const MAX_PAYLOAD: usize = 1100;
/// Seconds from 1900 to 1970.
const NTP_TO_UNIX: u64 = 2_208_988_800;

/// One outgoing stream.
#[derive(Clone, Debug)]
pub struct Stream {
    pub payload_type: u8,
    pub ssrc: u32,
    pub sequence: u16,
    /// Added to every timestamp.
    pub offset: u32,
}

impl Stream {
    pub fn new(payload_type: u8, ssrc: u32) -> Self {
        Self { payload_type, ssrc, sequence: rand::random(), offset: rand::random() }
    }

    /// A packet; the next one gets the next number.
    pub fn packet(&mut self, media_time: u32, marker: bool, payload: &[u8]) -> Vec<u8> {
        let mut packet = vec![0x80, self.payload_type | if marker { 0x80 } else { 0 }];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(media_time.wrapping_add(self.offset).to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        packet
    }

    /// A sender report: `media_time` is `at`.
    pub fn sender_report(&self, media_time: u32, at: SystemTime) -> Vec<u8> {
        let since = at.duration_since(UNIX_EPOCH).expect("a clock after 1970");
        let seconds = (since.as_secs() + NTP_TO_UNIX) as u32;
        let fraction = ((u64::from(since.subsec_nanos()) << 32) / 1_000_000_000) as u32;
        let mut report = vec![0x80, 200, 0, 6];
        for word in [self.ssrc, seconds, fraction, media_time.wrapping_add(self.offset), 1, 1] {
            report.extend(word.to_be_bytes());
        }
        report
    }
}

/// The payloads of one picture, in order; the last one gets the marker.
pub fn payloads(codec: Codec, frame: &Frame) -> Vec<Vec<u8>> {
    match codec {
        Codec::Vp8 => {
            let chunks = frame.data.chunks(MAX_PAYLOAD).enumerate();
            // The start bit of the payload descriptor is set in the first packet.
            chunks.map(|(n, chunk)| [&[if n == 0 { 0x10 } else { 0 }], chunk].concat()).collect()
        }
        Codec::H264 => nal_units(&frame.data)
            .into_iter()
            // Access unit delimiters do not travel.
            .filter(|unit| unit[0] & 0x1f != 9)
            .flat_map(fragments)
            .collect(),
    }
}

/// A NAL unit as it is, or cut into FU-A.
fn fragments(unit: &[u8]) -> Vec<Vec<u8>> {
    if unit.len() <= MAX_PAYLOAD {
        return vec![unit.into()];
    }
    let (indicator, kind) = (unit[0] & 0xe0 | 28, unit[0] & 0x1f);
    let chunks: Vec<&[u8]> = unit[1..].chunks(MAX_PAYLOAD).collect();
    let last = chunks.len() - 1;
    let header = |n| match n {
        0 => kind | 0x80,
        n if n == last => kind | 0x40,
        _ => kind,
    };
    chunks.iter().enumerate().map(|(n, chunk)| [&[indicator, header(n)], *chunk].concat()).collect()
}
