//! Which pair to lease next: pure policy, without sockets.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
    time::Duration,
};

use tokio::time::Instant;

/// How long a released pair rests: late packets of its old input must not reach a new one.
pub const QUARANTINE: Duration = Duration::from_secs(5);

/// Inclusive UDP port range, written `first-last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRange {
    first: u16,
    last: u16,
}

impl PortRange {
    /// Pairs start at even ports (RFC 3550, section 11) and lie wholly inside the range.
    fn pairs(self) -> u16 {
        let first = self.first.next_multiple_of(2);
        if first > self.last { 0 } else { (self.last - first).div_ceil(2) }
    }

    fn pair(self, index: u16) -> u16 {
        self.first.next_multiple_of(2) + 2 * index
    }

    /// Whether two ranges share a port.
    pub fn overlaps(self, first: u16, last: u16) -> bool {
        self.first <= last && first <= self.last
    }
}

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no port range; write it as 12000-12999, at least two ports");
        let (first, last) = text.split_once('-').ok_or_else(wrong)?;
        let port = |s: &str| s.parse::<u16>().ok().filter(|p| (1..u16::MAX).contains(p));
        let range =
            Self { first: port(first).ok_or_else(wrong)?, last: port(last).ok_or_else(wrong)? };
        if range.first > range.last || range.pairs() == 0 { Err(wrong()) } else { Ok(range) }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.first, self.last)
    }
}

/// The pool's state. Pairs are named by their even port.
#[derive(Debug)]
pub struct Pool {
    range: PortRange,
    next: u16,
    leased: BTreeSet<u16>,
    resting: BTreeMap<u16, Instant>,
}

impl Pool {
    /// Everything free. `seed` chooses where allocation starts, so that a restarted daemon does not meet the late
    /// packets of its predecessor.
    pub fn new(range: PortRange, seed: u16) -> Self {
        Self {
            range,
            next: seed % range.pairs(),
            leased: BTreeSet::new(),
            resting: BTreeMap::new(),
        }
    }

    /// Leases the next free pair that `usable` accepts.
    pub fn lease(&mut self, now: Instant, mut usable: impl FnMut(u16) -> bool) -> Option<u16> {
        self.rest_is_over(now);
        let pairs = self.range.pairs();
        for offset in 0..pairs {
            let index = (u32::from(self.next) + u32::from(offset)) % u32::from(pairs);
            // The remainder is below `pairs`, a u16.
            let port = self.range.pair(index as u16);
            if self.leased.contains(&port) || self.resting.contains_key(&port) || !usable(port) {
                continue;
            }
            self.next = (index as u16 + 1) % pairs;
            self.leased.insert(port);
            return Some(port);
        }
        None
    }

    /// Takes a pair back; it rests for [`QUARANTINE`].
    pub fn release(&mut self, now: Instant, port: u16) {
        if self.leased.remove(&port) {
            self.resting.insert(port, now + QUARANTINE);
        }
    }

    /// Pairs leased, and pairs resting.
    pub fn usage(&mut self, now: Instant) -> (usize, usize) {
        self.rest_is_over(now);
        (self.leased.len(), self.resting.len())
    }

    fn rest_is_over(&mut self, now: Instant) {
        self.resting.retain(|_, until| *until > now);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn range(text: &str) -> PortRange {
        text.parse().expect("a range")
    }

    #[test]
    fn a_range_needs_room_for_one_pair() {
        assert_eq!(range("12000-12999").pairs(), 500);
        assert_eq!(range("12001-12003").pairs(), 1);
        assert_eq!(range("12000-12001").pairs(), 1);
        for text in ["", "1", "5-1", "0-10", "12001-12002", "12000-12000", "1-70000", "a-b"] {
            assert!(text.parse::<PortRange>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_released_pair_rests_before_it_is_leased_again() {
        let now = Instant::now();
        let mut pool = Pool::new(range("12000-12001"), 7);
        assert_eq!(pool.lease(now, |_| true), Some(12000));
        assert_eq!(pool.lease(now, |_| true), None);
        pool.release(now, 12000);
        assert_eq!(pool.lease(now + QUARANTINE / 2, |_| true), None);
        assert_eq!(pool.lease(now + QUARANTINE, |_| true), Some(12000));
    }

    #[test]
    fn a_pair_somebody_else_holds_is_passed_over() {
        let mut pool = Pool::new(range("12000-12003"), 0);
        assert_eq!(pool.lease(Instant::now(), |port| port != 12000), Some(12002));
    }

    proptest! {
        #[test]
        fn no_pair_is_ever_leased_twice_at_once(
            seed in any::<u16>(),
            steps in prop::collection::vec((any::<bool>(), 0..8_usize, 0..4_u64), 1..200),
        ) {
            let mut now = Instant::now();
            let mut pool = Pool::new(range("12001-12012"), seed);
            let mut held = Vec::new();
            for (lease, which, seconds) in steps {
                now += Duration::from_secs(seconds);
                if lease {
                    if let Some(port) = pool.lease(now, |_| true) {
                        prop_assert!(port % 2 == 0 && port > 12001 && port < 12012);
                        prop_assert!(!held.contains(&port));
                        held.push(port);
                    }
                } else if which < held.len() {
                    pool.release(now, held.swap_remove(which));
                }
                prop_assert_eq!(pool.usage(now).0, held.len());
            }
        }
    }
}
