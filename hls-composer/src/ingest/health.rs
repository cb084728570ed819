//! When an ingest is sick: pure rules.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

/// Media may run this far ahead of time: sender reports move positions, a jump of timestamps goes beyond.
const AHEAD: Duration = Duration::from_secs(2);
/// Nothing for this long is silence.
pub const SILENCE: Duration = Duration::from_secs(2);
/// Respawns in [`BUDGET_WINDOW`] before an input is given up.
const BUDGET: usize = 3;
const BUDGET_WINDOW: Duration = Duration::from_secs(60);

/// Whether a process that started `elapsed` ago cannot have media at `position` seconds yet.
pub fn is_time_jump(position: f64, elapsed: Duration) -> bool {
    position > (elapsed + AHEAD).as_secs_f64()
}

/// How often an input was respawned lately.
#[derive(Debug, Default)]
pub struct Respawns(VecDeque<Instant>);

impl Respawns {
    /// Spends one respawn; false when the budget of 3 a minute is used up.
    pub fn spend(&mut self, now: Instant) -> bool {
        self.0.retain(|&spent| now - spent < BUDGET_WINDOW);
        if self.0.len() == BUDGET {
            return false;
        }
        self.0.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_ahead_of_time_is_a_jump_and_a_filled_gap_is_none() {
        let minute = Duration::from_secs(60);
        assert!(!is_time_jump(60.0, minute));
        assert!(!is_time_jump(61.9, minute));
        assert!(is_time_jump(62.1, minute));
    }

    #[test]
    fn three_respawns_a_minute_and_no_more() {
        let now = Instant::now();
        let mut respawns = Respawns::default();
        let outcomes: Vec<bool> =
            (0..5).map(|n| respawns.spend(now + Duration::from_secs(n))).collect();
        assert_eq!(outcomes, [true, true, true, false, false]);
        assert!(respawns.spend(now + BUDGET_WINDOW));
    }
}
