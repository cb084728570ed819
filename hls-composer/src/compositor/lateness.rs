//! How late ticks are: the clock's own health.

use std::{collections::VecDeque, time::Duration};

/// What is reported is of the last minute.
const SECONDS: usize = 60;

/// The clock as operators see it, over the last minute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Punctuality {
    /// Ticks so far.
    pub ticks: u64,
    /// By how much every second tick was late at least.
    pub late_p50: Duration,
    /// By how much one tick in a hundred was late at least.
    pub late_p99: Duration,
    /// The latest one.
    pub late_max: Duration,
}

/// The lateness of recent ticks.
#[derive(Debug)]
pub struct Lateness {
    recent: VecDeque<Duration>,
    capacity: usize,
    ticks: u64,
}

impl Lateness {
    /// Of a clock with `fps` ticks a second.
    pub fn new(fps: u32) -> Self {
        let capacity = SECONDS * fps as usize;
        Self { recent: VecDeque::with_capacity(capacity), capacity, ticks: 0 }
    }

    /// A tick was late by `late`.
    pub fn push(&mut self, late: Duration) {
        if self.recent.len() == self.capacity {
            self.recent.pop_front();
        }
        self.recent.push_back(late);
        self.ticks += 1;
    }

    /// Everything, sorted and counted.
    pub fn report(&self) -> Punctuality {
        let mut sorted: Vec<Duration> = self.recent.iter().copied().collect();
        sorted.sort_unstable();
        let at = |percent: usize| sorted.get(sorted.len() * percent / 100).copied();
        Punctuality {
            ticks: self.ticks,
            late_p50: at(50).unwrap_or_default(),
            late_p99: at(99).unwrap_or_default(),
            late_max: sorted.last().copied().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_tick_in_a_hundred_is_later_than_p99() {
        let mut lateness = Lateness::new(15);
        assert_eq!(lateness.report(), Punctuality::default());
        (0..100).for_each(|ms| lateness.push(Duration::from_millis(ms)));
        let report = lateness.report();
        let ms = |late: Duration| late.as_millis();
        assert_eq!((ms(report.late_p50), ms(report.late_p99), ms(report.late_max)), (50, 99, 99));
    }

    #[test]
    fn what_was_more_than_a_minute_ago_is_forgotten() {
        let mut lateness = Lateness::new(5);
        lateness.push(Duration::from_secs(1));
        (0..300).for_each(|_| lateness.push(Duration::ZERO));
        assert_eq!((lateness.report().ticks, lateness.report().late_max), (301, Duration::ZERO));
    }
}
