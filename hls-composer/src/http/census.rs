//! How many viewers play with low latency. Each of them has a blocking reload open nearly all the time: the answer to one
//! is followed by the next. So the most that were open at once in the last seconds is their number; behind a cache that
//! merges requests it is the number of caches.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// How many seconds count, the present one included: a part that comes answers all reloads at once.
const SECONDS: u64 = 3;
/// Slots for the seconds; a power of two above what counts.
const SLOTS: u64 = 4;

/// Counts open blocking reloads.
#[derive(Debug)]
pub(super) struct Census {
    most: u32,
    since: Instant,
    open: AtomicU32,
    /// The most that were open within a second: the second in the upper half, the number in the lower.
    peaks: [AtomicU64; SLOTS as usize],
}

/// A reload that is open until this is dropped.
pub(super) struct Counted<'a>(&'a AtomicU32);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

impl Census {
    /// Above `most` viewers new ones get plain playlists.
    pub(super) fn new(most: u32) -> Self {
        Self { most, since: Instant::now(), open: AtomicU32::new(0), peaks: Default::default() }
    }

    /// A reload has come.
    pub(super) fn enter(&self) -> Counted<'_> {
        self.enter_at(self.since.elapsed().as_secs())
    }

    /// Whether one more viewer may play with low latency.
    pub(super) fn has_room(&self) -> bool {
        self.count_at(self.since.elapsed().as_secs()) < self.most
    }

    fn enter_at(&self, second: u64) -> Counted<'_> {
        let open = u64::from(self.open.fetch_add(1, Relaxed)) + 1;
        // As one number: a later second is greater than an earlier one whatever the counts.
        self.peaks[(second % SLOTS) as usize].fetch_max(second << 32 | open, Relaxed);
        Counted(&self.open)
    }

    fn count_at(&self, second: u64) -> u32 {
        let slots = self.peaks.iter().map(|slot| slot.load(Relaxed));
        let recent = slots.filter(|slot| (slot >> 32) + SECONDS > second);
        recent.map(|slot| slot as u32).max().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_reloads_of_three_seconds_are_the_viewers() {
        let census = Census::new(2);
        assert_eq!(census.count_at(0), 0);
        let both = [census.enter_at(10), census.enter_at(10)];
        drop(both);
        let one = census.enter_at(11);
        assert_eq!([10, 11, 12, 13, 14].map(|now| census.count_at(now)), [2, 2, 2, 1, 0]);
        drop(one);
        assert_eq!(census.open.load(Relaxed), 0);
    }

    #[test]
    fn an_old_second_in_the_same_slot_is_forgotten() {
        let census = Census::new(2);
        drop([census.enter_at(0), census.enter_at(0), census.enter_at(0)]);
        drop(census.enter_at(4));
        assert_eq!(census.count_at(4), 1);
    }
}
