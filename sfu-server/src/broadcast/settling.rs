//! When changes of what is wanted are followed: as a group, and never so late that one peer keeps the others waiting. Pure.

use std::time::Duration;

use tokio::time::Instant;

/// Produces and closes come in groups (camera, then microphone): one climb for the group, which ends so long after its last
/// change, and so long after its first.
const QUIET: Duration = Duration::from_millis(200);
const AT_LATEST: Duration = Duration::from_secs(1);

/// A group of changes.
#[derive(Clone, Copy, Debug)]
pub struct Settling {
    /// When it is followed.
    pub until: Instant,
    at_latest: Instant,
}

impl Settling {
    /// The first change.
    pub fn begin(now: Instant) -> Self {
        Self { until: now + QUIET, at_latest: now + AT_LATEST }
    }

    /// One more.
    pub fn go_on(&mut self, now: Instant) {
        self.until = self.at_latest.min(now + QUIET);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_is_followed_when_it_is_over_and_one_without_end_after_a_second() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut settling = Settling::begin(start);
        assert_eq!(settling.until, at(200));
        settling.go_on(at(150));
        assert_eq!(settling.until, at(350));
        for ms in (300..2000).step_by(150) {
            settling.go_on(at(ms));
        }
        assert_eq!(settling.until, at(1000));
    }
}
