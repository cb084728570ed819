//! What a microphone and a camera send here: RTP payloads of the right form (RFC 7587, RFC 7741) that end with a number.

use std::time::Duration;

/// A packet of Opus lasts this long.
pub const AUDIO_EVERY: Duration = Duration::from_millis(20);
/// RTP clock ticks in a packet of Opus.
pub const AUDIO_TICKS: u32 = 960;
/// Pictures come this often: 15 a second.
pub const VIDEO_EVERY: Duration = Duration::from_nanos(1_000_000_000 / 15);
/// RTP clock ticks between two pictures.
pub const VIDEO_TICKS: u32 = 6000;

/// Bytes of an Opus packet at 32 kbit/s.
const AUDIO_SIZE: usize = 80;
/// Bytes of a packet of video.
const VIDEO_SIZE: usize = 1000;
/// Packets of a picture; a key frame has one more.
const PACKETS: usize = 2;

/// 20 ms of something that looks like Opus.
pub fn opus(number: u32) -> Vec<u8> {
    // Configuration 31, mono, one frame: CELT, full band, 20 ms (RFC 6716, 3.1).
    numbered(vec![0xf8], AUDIO_SIZE, number)
}

/// The packets of a picture, the first of them numbered `first`; the last one takes the marker.
pub fn picture(key: bool, picture_id: u16, first: u32) -> Vec<Vec<u8>> {
    let count = PACKETS + usize::from(key);
    let numbers = (first..).take(count).enumerate();
    let packet = |(index, number)| {
        let mut packet = descriptor(index == 0, picture_id);
        if index == 0 {
            packet.extend(frame_header(key));
        }
        numbered(packet, VIDEO_SIZE, number)
    };
    numbers.map(packet).collect()
}

/// The payload descriptor (RFC 7741, 4.2), with a picture id of 15 bits, as browsers send it.
fn descriptor(starts: bool, picture_id: u16) -> Vec<u8> {
    let [high, low] = picture_id.to_be_bytes();
    vec![if starts { 0x90 } else { 0x80 }, 0x80, high | 0x80, low]
}

/// The frame's own header (RFC 6386, 9.1): of a key frame with start code and size.
fn frame_header(key: bool) -> Vec<u8> {
    const SHOWN: u8 = 0x10;
    if key {
        let (width, height) = (320_u16.to_le_bytes(), 180_u16.to_le_bytes());
        let [w, h] = [width, height];
        vec![SHOWN, 0, 0, 0x9d, 0x01, 0x2a, w[0], w[1], h[0], h[1]]
    } else {
        vec![SHOWN | 1, 0, 0]
    }
}

fn numbered(mut packet: Vec<u8>, size: usize, number: u32) -> Vec<u8> {
    packet.resize(size - 4, 0x5a);
    packet.extend(number.to_be_bytes());
    packet
}

/// The number of a packet, of either kind; none when it is too short to have one.
pub fn number(payload: &[u8]) -> Option<u32> {
    payload.last_chunk().copied().map(u32::from_be_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_numbered_through_pictures() {
        let pictures = [picture(true, 1, 0), picture(false, 2, 3)].concat();
        let numbers: Vec<_> = pictures.iter().map(|packet| number(packet)).collect();
        assert_eq!(numbers, [0, 1, 2, 3, 4].map(Some));
        assert_eq!(number(&opus(70_000)), Some(70_000));
    }

    #[test]
    fn only_the_first_packet_of_a_picture_starts_one_and_a_key_frame_says_so() {
        // S bit of the descriptor, P bit of the frame: what mediasoup looks at.
        let starts = |packet: &Vec<u8>| packet[0] & 0x10 != 0;
        for (key, p_bit) in [(true, 0), (false, 1)] {
            let packets = picture(key, 7, 0);
            assert!(starts(&packets[0]) && !packets[1..].iter().any(starts));
            assert_eq!(packets[0][4] & 1, p_bit);
        }
    }
}
