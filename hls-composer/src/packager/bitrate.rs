//! The bit rates a multivariant playlist declares, measured over closed segments.

use std::time::Duration;

use super::segment::Segment;

/// What is declared before the first segment is closed: the encoder's ceiling of 120 kbit/s video
/// and 48 kbit/s audio, with room for the boxes and for rate control overshooting at the start.
const UNMEASURED: u64 = 250_000;

/// Peak and average bit rate of a broadcast so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bitrate {
    peak: u64,
    bytes: u64,
    time: Duration,
}

impl Bitrate {
    /// Counts a closed segment.
    pub fn add(&mut self, segment: &Segment) {
        let (bytes, time) = (segment.bytes(), segment.duration());
        self.bytes += bytes;
        self.time += time;
        // A peak is taken over half a target duration at least (RFC 8216bis, 4.4.6.2): one key
        // frame on its own is not a rate.
        if time >= Duration::from_millis(500) {
            self.peak = self.peak.max(per_second(bytes, time));
        }
    }

    /// BANDWIDTH: the highest rate of any segment, in bits per second.
    #[must_use]
    pub fn peak(&self) -> u64 {
        if self.peak == 0 { UNMEASURED } else { self.peak }
    }

    /// AVERAGE-BANDWIDTH, in bits per second.
    #[must_use]
    pub fn average(&self) -> u64 {
        if self.peak == 0 { UNMEASURED } else { per_second(self.bytes, self.time).min(self.peak) }
    }
}

fn per_second(bytes: u64, time: Duration) -> u64 {
    let nanos = time.as_nanos().max(1);
    u64::try_from(u128::from(bytes) * 8_000_000_000 / nanos).unwrap_or(u64::MAX)
}
