//! The bit rates a multivariant playlist declares, measured over closed segments.

use std::collections::VecDeque;
use std::time::Duration;

use super::segment::Segment;

/// BANDWIDTH of a broadcast that goes on, at least: what the encoder's rate control and the boxes never exceed, and what
/// a variant for cellular networks may have at most (Apple's authoring specification, 9.21). A viewer reads it once, so
/// it must hold for what is not encoded yet.
pub const CEILING: u64 = 192_000;
/// A peak is taken over any contiguous segments that last between half a target duration and one and a half
/// (RFC 8216bis, 4.4.6.2): one key frame on its own is not a rate.
const SHORTEST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_millis(1_500);

/// Peak and average bit rate of a broadcast so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bitrate {
    peak: u64,
    bytes: u64,
    time: Duration,
    /// The newest segments, of which those to come may make a peak.
    recent: VecDeque<(u64, Duration)>,
}

impl Bitrate {
    /// Counts a closed segment.
    pub fn add(&mut self, segment: &Segment) {
        self.count(segment.bytes(), segment.duration());
    }

    /// Counts a segment of `bytes` that lasts `time`.
    pub fn count(&mut self, bytes: u64, time: Duration) {
        self.bytes += bytes;
        self.time += time;
        self.recent.push_front((bytes, time));
        let mut sum = (0, Duration::ZERO);
        let mut within = 0;
        for &(bytes, time) in &self.recent {
            sum = (sum.0 + bytes, sum.1 + time);
            if sum.1 > LONGEST {
                break;
            }
            within += 1;
            if sum.1 >= SHORTEST {
                self.peak = self.peak.max(per_second(sum.0, sum.1));
            }
        }
        self.recent.truncate(within);
    }

    /// BANDWIDTH while the broadcast goes on, in bits per second.
    #[must_use]
    pub fn promised(&self) -> u64 {
        self.peak.max(CEILING)
    }

    /// The highest rate so far, in bits per second.
    #[must_use]
    pub fn peak(&self) -> u64 {
        self.peak
    }

    /// AVERAGE-BANDWIDTH, in bits per second.
    #[must_use]
    pub fn average(&self) -> u64 {
        if self.time.is_zero() { CEILING } else { per_second(self.bytes, self.time) }
    }
}

fn per_second(bytes: u64, time: Duration) -> u64 {
    let nanos = time.as_nanos().max(1);
    let bits = u128::from(bytes) * 8_000_000_000;
    u64::try_from(bits.div_ceil(nanos)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peak(segments: &[(u64, u64)]) -> u64 {
        let mut rate = Bitrate::default();
        for &(bytes, millis) in segments {
            rate.count(bytes, Duration::from_millis(millis));
        }
        rate.peak()
    }

    #[test]
    fn a_peak_is_the_highest_rate_of_any_group_of_half_to_one_and_a_half_targets() {
        assert_eq!(peak(&[(20_000, 1_000), (24_000, 1_000)]), 192_000);
        assert_eq!(peak(&[(9_000, 200)]), 0, "a key frame alone is no rate");
        assert_eq!(peak(&[(9_000, 200), (24_000, 1_000)]), 220_000, "with what follows it is");
        assert_eq!(peak(&[(9_000, 200), (9_000, 200), (9_000, 200)]), 360_000);
        assert_eq!(peak(&[(9_000, 400), (20_000, 1_000), (1_000, 200)]), 165_715);
    }

    #[test]
    fn what_is_promised_holds_for_what_is_still_to_come() {
        let mut rate = Bitrate::default();
        assert_eq!((rate.promised(), rate.average()), (CEILING, CEILING));
        rate.count(2_000, Duration::from_secs(1));
        assert_eq!((rate.promised(), rate.average()), (CEILING, 16_000));
        rate.count(30_000, Duration::from_secs(1));
        assert_eq!((rate.promised(), rate.average()), (240_000, 128_000));
    }
}
