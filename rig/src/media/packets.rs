//! How packets are told apart wherever they arrive, and pictures packed into them (RFC 7741).
//!
//! A packet's number travels as its only contributing source (CSRC): an SFU passes those on, though it numbers packets anew
//! and changes picture ids, and decoders take no notice of them.

/// Bytes of a picture in one packet, at most.
const MOST: usize = 1100;
/// Bits of the number within a layer: 24 million packets are days.
const BITS: u32 = 30;

/// Which packet of a stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Number {
    /// The layer, from the smallest; 0 where there is one only.
    pub layer: u8,
    /// Counted in its layer.
    pub packet: u32,
}

impl Number {
    /// As a contributing source.
    pub fn csrc(self) -> u32 {
        u32::from(self.layer) << BITS | self.packet
    }

    /// None of what carries no number.
    pub fn read(csrc: &[u32]) -> Option<Self> {
        let &[csrc] = csrc else { return None };
        let layer = u8::try_from(csrc >> BITS).ok()?;
        Some(Self { layer, packet: csrc & ((1 << BITS) - 1) })
    }
}

/// The payloads of a picture; the last one takes the marker.
pub fn payloads(picture: &[u8], picture_id: u16) -> impl Iterator<Item = Vec<u8>> {
    let [high, low] = (picture_id & 0x7fff).to_be_bytes();
    picture.chunks(MOST).enumerate().map(move |(index, part)| {
        // 4.2: X, and S where a partition starts; I; a picture id of 15 bits, as browsers send it.
        let start = if index == 0 { 0x10 } else { 0 };
        [&[0x80 | start, 0x80, 0x80 | high, low], part].concat()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_was_written() {
        for number in [Number { layer: 0, packet: 0 }, Number { layer: 2, packet: 70_000 }] {
            assert_eq!(Number::read(&[number.csrc()]), Some(number));
        }
        assert_eq!(Number::read(&[]), None);
        assert_eq!(Number::read(&[1, 2]), None);
    }

    #[test]
    fn only_the_first_packet_of_a_picture_starts_one() {
        let picture: Vec<u8> = (0..=255).cycle().take(2500).collect();
        let packets: Vec<Vec<u8>> = payloads(&picture, 0x1234).collect();
        let descriptors: Vec<&[u8]> = packets.iter().map(|packet| &packet[..4]).collect();
        let [first, other] = [[0x90, 0x80, 0x92, 0x34], [0x80, 0x80, 0x92, 0x34]];
        assert_eq!(descriptors, [first, other, other]);
        assert_eq!(
            packets.iter().flat_map(|packet| packet[4..].to_vec()).collect::<Vec<_>>(),
            picture
        );
    }
}
