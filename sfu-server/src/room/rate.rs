//! How often a connection may ask: a token bucket. Pure; the clock is an argument.

use std::time::Duration;

use tokio::time::Instant;

/// Requests a second, and as many at once.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    per_second: u32,
    /// Requests it may make now; negative after a penalty.
    left: f64,
    counted: Instant,
    refused: u32,
}

/// Refusals in a row after which the connection is closed: whoever goes on so does not listen.
const PATIENCE: u32 = 1000;

impl Rate {
    /// A full bucket.
    pub fn new(per_second: u32, now: Instant) -> Self {
        Self { per_second, left: per_second.into(), counted: now, refused: 0 }
    }

    /// Whether one more request is within the rate. It counts if it is.
    pub fn admits(&mut self, now: Instant) -> bool {
        let rate = f64::from(self.per_second);
        let gained = now.saturating_duration_since(self.counted).as_secs_f64() * rate;
        self.left = (self.left + gained).min(rate);
        self.counted = now;
        let admitted = self.left >= 1.0;
        if admitted {
            self.left -= 1.0;
            self.refused = 0;
        } else {
            self.refused += 1;
        }
        admitted
    }

    /// Admits nothing for `time`: whoever guesses passwords guesses slowly.
    pub fn penalise(&mut self, time: Duration) {
        self.left = 1.0 - time.as_secs_f64() * f64::from(self.per_second);
    }

    /// Whether it is time to close the connection.
    pub fn is_flooded(&self) -> bool {
        self.refused >= PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, ms: u64) -> Instant {
        start + Duration::from_millis(ms)
    }

    #[test]
    fn a_second_holds_as_many_requests_as_the_rate_says_at_once_or_spread() {
        let start = Instant::now();
        let mut rate = Rate::new(10, start);
        let admitted = |rate: &mut Rate, at| (0..100).filter(|_| rate.admits(at)).count();
        assert_eq!(admitted(&mut rate, start), 10);
        assert_eq!(admitted(&mut rate, after(start, 550)), 5);
        assert_eq!(admitted(&mut rate, after(start, 60_000)), 10);
    }

    #[test]
    fn a_penalty_takes_its_time() {
        let start = Instant::now();
        let mut rate = Rate::new(50, start);
        rate.penalise(Duration::from_secs(1));
        assert!(!rate.admits(after(start, 900)));
        assert!(rate.admits(after(start, 1001)));
    }

    #[test]
    fn whoever_never_listens_is_a_flood() {
        let start = Instant::now();
        let mut rate = Rate::new(1, start);
        for _ in 0..PATIENCE {
            rate.admits(start);
        }
        assert!(!rate.is_flooded());
        rate.admits(start);
        assert!(rate.is_flooded());
    }
}
