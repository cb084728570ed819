//! What arrived of one stream, by the numbers in its packets.

/// One consumer's packets. Numbers below the first one seen were sent before it flowed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Number of the first packet.
    pub first: u32,
    /// The highest number.
    pub last: u32,
    /// Packets, each counted once.
    pub received: u64,
    /// Packets that came again.
    pub repeated: u64,
    /// Packets that came after a later one.
    pub late: u64,
}

impl Tally {
    /// Counts a packet. A window of the last 64 tells repeated packets from late ones.
    pub fn count(&mut self, number: u32, window: &mut u64) {
        if self.received == 0 {
            (self.first, self.last, self.received, *window) = (number, number, 1, 1);
        } else if number > self.last {
            *window = window.checked_shl(number - self.last).unwrap_or(0) | 1;
            self.last = number;
            self.received += 1;
        } else {
            let bit = 1_u64.checked_shl(self.last - number).unwrap_or(0);
            // One from before the first was never expected, and one beyond the window may be either: neither closes a gap.
            if number < self.first || bit == 0 || *window & bit != 0 {
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
        if self.received == 0 { 0 } else { u64::from(self.last - self.first) + 1 - self.received }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(numbers: &[u32]) -> Tally {
        let (mut tally, mut window) = (Tally::default(), 0);
        numbers.iter().for_each(|&number| tally.count(number, &mut window));
        tally
    }

    #[test]
    fn a_gap_is_lost_and_a_late_packet_is_not() {
        assert_eq!(tally(&[5, 6, 7]).lost(), 0);
        assert_eq!(tally(&[5, 7, 9]).lost(), 2);
        assert_eq!(
            tally(&[5, 7, 6]),
            Tally { first: 5, last: 7, received: 3, repeated: 0, late: 1 }
        );
    }

    #[test]
    fn a_packet_that_comes_again_fills_no_gap() {
        let seen = tally(&[5, 7, 7, 5, 200, 5]);
        assert_eq!((seen.lost(), seen.repeated), (193, 3));
    }

    #[test]
    fn nothing_lost_of_nothing() {
        assert_eq!(tally(&[]).lost(), 0);
    }
}
