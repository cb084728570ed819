//! The output clock: which ticks are due, on the MONOTONIC clock alone.

use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// A clock that is late catches up; beyond this it skips instead.
const CATCH_UP: Duration = Duration::from_secs(2);

/// One due tick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Counted from 0 without gaps, also across a jump.
    pub number: u64,
    /// When it is due.
    pub at: Instant,
    /// The same as wall-clock time: anchor + ticks / F.
    pub wall: SystemTime,
    /// The clock jumped before this tick.
    pub after_jump: bool,
}

/// Produces ticks at a constant rate.
#[derive(Debug)]
pub struct Clock {
    fps: u32,
    /// Where tick `anchor_tick` stands.
    anchor: Instant,
    anchor_wall: SystemTime,
    anchor_tick: u64,
    next: u64,
    jumped: bool,
}

impl Clock {
    /// Tick 0 is due at `now`, which is `wall` on the wall clock.
    pub fn start(fps: u32, now: Instant, wall: SystemTime) -> Self {
        Self { fps, anchor: now, anchor_wall: wall, anchor_tick: 0, next: 0, jumped: false }
    }

    /// When the next tick is due.
    pub fn next_due(&self) -> Instant {
        self.anchor + self.offset(self.next)
    }

    /// The next tick does not continue the last one.
    pub fn jump(&mut self) {
        self.jumped = true;
    }

    /// All ticks due at `now`, oldest first. Late by up to 2 s, all of them are written; beyond that the clock is set
    /// anew.
    pub fn due(&mut self, now: Instant) -> Vec<Due> {
        let late = now.saturating_duration_since(self.next_due());
        if late > CATCH_UP {
            tracing::warn!(late_ms = late.as_millis(), "the clock was held up and skips");
            self.anchor_wall += now - self.anchor;
            self.anchor = now;
            self.anchor_tick = self.next;
            self.jumped = true;
        }
        let mut due = Vec::new();
        while self.next_due() <= now {
            let offset = self.offset(self.next);
            due.push(Due {
                number: self.next,
                at: self.anchor + offset,
                wall: self.anchor_wall + offset,
                after_jump: std::mem::take(&mut self.jumped),
            });
            self.next += 1;
        }
        due
    }

    /// Exact to the nanosecond: n / F is never summed up from rounded steps.
    fn offset(&self, tick: u64) -> Duration {
        let ticks = tick - self.anchor_tick;
        let fps = u64::from(self.fps);
        let rest = ticks % fps * 1_000_000_000 / fps;
        Duration::from_secs(ticks / fps) + Duration::from_nanos(rest)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn numbers(due: &[Due]) -> Vec<u64> {
        due.iter().map(|due| due.number).collect()
    }

    #[test]
    fn a_clock_late_by_k_ticks_writes_all_k() {
        let start = Instant::now();
        let mut clock = Clock::start(15, start, SystemTime::UNIX_EPOCH);
        assert_eq!(numbers(&clock.due(start)), [0]);
        let due = clock.due(start + Duration::from_millis(334));
        assert_eq!(numbers(&due), [1, 2, 3, 4, 5]);
        assert!(due.iter().all(|due| !due.after_jump));
    }

    #[test]
    fn beyond_two_seconds_it_skips_and_says_so() {
        let start = Instant::now();
        let mut clock = Clock::start(15, start, SystemTime::UNIX_EPOCH);
        clock.due(start);
        let late = start + Duration::from_secs(10);
        let due = clock.due(late);
        assert_eq!(numbers(&due), [1]);
        assert!(due[0].after_jump);
        assert_eq!(due[0].wall, SystemTime::UNIX_EPOCH + Duration::from_secs(10));
        assert_eq!(clock.next_due(), late + Duration::from_nanos(66_666_666));
    }

    #[test]
    fn a_day_later_it_is_still_exact() {
        let start = Instant::now();
        let clock = Clock { next: 15 * 86_400, ..Clock::start(15, start, SystemTime::UNIX_EPOCH) };
        assert_eq!(clock.next_due(), start + Duration::from_secs(86_400));
    }

    proptest! {
        #[test]
        fn numbers_have_no_gaps_and_times_grow(
            pauses in prop::collection::vec(0..4_000_u64, 1..60),
        ) {
            let mut now = Instant::now();
            let mut clock = Clock::start(15, now, SystemTime::UNIX_EPOCH);
            let mut last: Option<Due> = None;
            for pause in pauses {
                now += Duration::from_millis(pause);
                for due in clock.due(now) {
                    prop_assert!(due.at <= now);
                    if let Some(last) = last {
                        prop_assert_eq!(due.number, last.number + 1);
                        prop_assert!(due.at > last.at && due.wall > last.wall);
                    }
                    last = Some(due);
                }
                prop_assert!(clock.next_due() > now);
            }
        }
    }
}
