//! Whether media keeps time: a jump of timestamps is seen in what is decoded.

use std::time::Duration;

/// Media may gain or lose this much in one step: sender reports move positions, a jump of timestamps goes beyond.
const STEP: f64 = 2.0;
/// How fast a clock may be wrong. A hundred times worse than any quartz.
const DRIFT: f64 = 0.01;

/// Compares positions with the time that has passed. What is late is no jump: a process that was held up delivers all it
/// has at once.
#[derive(Debug, Default)]
pub struct Pace {
    /// How far media is ahead of time, as far as it is known: it moves no faster than a clock may drift.
    ahead: f64,
    /// Position and time of what came last.
    last: Option<(f64, Duration)>,
}

impl Pace {
    /// Takes media that stands at `position` seconds, `elapsed` after the process was started. False when it is more
    /// than 2 s ahead of its time, or that much before what came last.
    pub fn keeps(&mut self, position: f64, elapsed: Duration) -> bool {
        let ahead = position - elapsed.as_secs_f64();
        let (former, since) = self.last.unwrap_or((position, elapsed));
        self.last = Some((position, elapsed));
        if ahead > self.ahead + STEP || position < former - STEP {
            return false;
        }
        let drift = DRIFT * (elapsed.saturating_sub(since)).as_secs_f64();
        self.ahead += (ahead - self.ahead).clamp(-drift, drift);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// A picture every tenth of a second for a minute.
    fn steady() -> Pace {
        let mut pace = Pace::default();
        assert!((0..600).map(|n| f64::from(n) / 10.0).all(|t| pace.keeps(t, at(t + 0.1))));
        pace
    }

    #[test]
    fn a_jump_of_more_than_two_seconds_either_way_is_seen_at_once() {
        assert!(!steady().keeps(3660.0, at(60.1)));
        assert!(!steady().keeps(57.0, at(60.1)));
        assert!(steady().keeps(61.5, at(60.1)), "a sender report moves positions");
        assert!(!Pace::default().keeps(2.1, Duration::ZERO));
    }

    #[test]
    fn silence_and_what_is_delivered_late_are_no_jump() {
        let mut pace = steady();
        assert!(pace.keeps(68.0, at(68.1)), "8 s of silence");
        let mut pace = steady();
        assert!((600..660).all(|n| pace.keeps(f64::from(n) / 10.0, at(66.1))), "held up for 6 s");
        assert!(pace.keeps(66.2, at(66.3)));
    }

    #[test]
    fn a_clock_that_is_wrong_by_two_thousand_millionths_is_no_jump_after_an_hour() {
        let mut pace = Pace::default();
        assert!((0..36_000).all(|n| {
            let time = f64::from(n) / 10.0;
            pace.keeps(time * 1.002, at(time))
        }));
    }
}
