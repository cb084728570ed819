//! What arrived of one stream, by its RTP sequence numbers, as a browser counts it: an SFU numbers packets anew, so that what
//! it leaves out by intent, other layers above all, leaves no gap.

use super::packets::Number;

/// One consumer's packets. Sequence numbers, which go on beyond 16 bits, below the first one seen are of before it flowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Sequence number of the first packet.
    pub first: u64,
    /// The highest one.
    pub last: u64,
    /// Which of its sender's packets that was.
    pub newest: Option<Number>,
    /// How often another layer took the place of the one that flowed.
    pub switches: u64,
    /// How often mediasoup left out one number at that, or where it begins anew with a key frame: it tells a decoder that
    /// the picture before is not whole.
    pub skipped: u64,
    /// Packets, each counted once.
    pub received: u64,
    /// Packets that came again.
    pub repeated: u64,
    /// Packets that came after a later one.
    pub late: u64,
}

impl Tally {
    /// Counts a packet. A window of the last 64 tells repeated packets from late ones.
    pub fn count(&mut self, sequence: u64, number: Number, window: &mut u64) {
        if self.received == 0 {
            (self.first, self.last, self.received, *window) = (sequence, sequence, 1, 1);
            self.newest = Some(number);
        } else if sequence > self.last {
            let by = sequence - self.last;
            let before = self.newest.replace(number).unwrap_or(number);
            let switches = before.layer != number.layer;
            // Of what is lost, the sender's number is missing as well.
            let is_missing = u64::from(number.packet.wrapping_sub(before.packet)) == by;
            self.switches += u64::from(switches);
            self.skipped += u64::from(by == 2 && (switches || !is_missing));
            *window = shifted(*window, by) | 1;
            self.last = sequence;
            self.received += 1;
        } else {
            let bit = shifted(1, self.last - sequence);
            // One from before the first was never expected, and one beyond the window may be either: neither closes a gap.
            if sequence < self.first || bit == 0 || *window & bit != 0 {
                self.repeated += 1;
            } else {
                *window |= bit;
                self.late += 1;
                self.received += 1;
            }
        }
    }

    /// Packets from the first to the last that never came.
    pub fn lost(&self) -> u64 {
        if self.received == 0 {
            0
        } else {
            (self.last - self.first + 1).saturating_sub(self.received + self.skipped)
        }
    }
}

fn shifted(bits: u64, by: u64) -> u64 {
    u32::try_from(by).ok().and_then(|by| bits.checked_shl(by)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(packets: &[(u64, u8)]) -> Tally {
        let (mut tally, mut window) = (Tally::default(), 0);
        for &(sequence, layer) in packets {
            let number = Number { layer, packet: sequence as u32 };
            tally.count(sequence, number, &mut window);
        }
        tally
    }

    fn tally(sequence: &[u64]) -> Tally {
        layers(&sequence.iter().map(|&number| (number, 0)).collect::<Vec<_>>())
    }

    #[test]
    fn a_gap_is_lost_and_a_late_packet_is_not() {
        assert_eq!(tally(&[5, 6, 7]).lost(), 0);
        assert_eq!(tally(&[5, 7, 9]).lost(), 2);
        let late = tally(&[5, 7, 6]);
        assert_eq!((late.first, late.last, late.received, late.late), (5, 7, 3, 1));
        assert_eq!((late.lost(), late.repeated), (0, 0));
    }

    #[test]
    fn a_packet_that_comes_again_fills_no_gap() {
        let seen = tally(&[5, 7, 7, 5, 200, 5]);
        assert_eq!((seen.lost(), seen.repeated), (193, 3));
    }

    #[test]
    fn another_layer_is_told_by_the_newest_packet() {
        let seen = layers(&[(1, 0), (2, 2), (5, 2), (4, 0), (6, 0)]);
        assert_eq!((seen.switches, seen.skipped, seen.lost()), (2, 0, 1));
        assert_eq!(seen.newest, Some(Number { layer: 0, packet: 6 }));
    }

    #[test]
    fn one_number_that_is_left_out_between_two_layers_is_no_loss() {
        let seen = layers(&[(1, 0), (3, 2), (6, 0), (8, 0)]);
        assert_eq!((seen.switches, seen.skipped, seen.lost()), (2, 1, 3));
    }

    #[test]
    fn one_number_that_is_left_out_while_no_packet_is_missing_is_no_loss() {
        let (mut tally, mut window) = (Tally::default(), 0);
        for (sequence, packet) in [(1, 11), (3, 12), (5, 40), (7, 42)] {
            tally.count(sequence, Number { layer: 1, packet }, &mut window);
        }
        assert_eq!((tally.skipped, tally.lost()), (2, 1));
    }

    #[test]
    fn nothing_lost_of_nothing() {
        assert_eq!(tally(&[]).lost(), 0);
    }
}
