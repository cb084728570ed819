//! The origin of an input's time: how much later than its position what came soonest came. Pure.

use std::{collections::VecDeque, ops::RangeBounds, time::Duration};

use tokio::time::Instant;

/// How long an arrival counts.
const WINDOW: Duration = Duration::from_secs(2);
/// For so long everything must be later for the origin to have moved.
const MOVED_FOR: Duration = Duration::from_millis(400);
/// What has moved is as late in one half of that as in the other, to so much, in seconds. What was held up catches up.
const STEADY: f64 = 0.05;

/// The smallest or largest of recent values.
#[derive(Debug, Default)]
pub struct Recent(VecDeque<(Instant, f64)>);

impl Recent {
    /// Of now, and those of before for so long as `keep`.
    pub fn push(&mut self, at: Instant, value: f64, keep: Duration) {
        self.0.push_back((at, value));
        while self.0.front().is_some_and(|(then, _)| at.saturating_duration_since(*then) > keep) {
            self.0.pop_front();
        }
    }

    /// The smallest.
    pub fn min(&self) -> Option<f64> {
        self.0.iter().map(|(_, value)| *value).reduce(f64::min)
    }

    /// The smallest, once there are some of `time` and more before `now`.
    pub fn min_of(&self, time: Duration, now: Instant) -> Option<f64> {
        let (since, _) = self.0.front()?;
        self.min().filter(|_| now.saturating_duration_since(*since) >= time)
    }

    /// The largest.
    pub fn max(&self) -> Option<f64> {
        self.0.iter().map(|(_, value)| *value).reduce(f64::max)
    }

    /// Leaves only those that `keeps` says yes to.
    pub fn retain(&mut self, keeps: impl Fn(Instant) -> bool) {
        self.0.retain(|(at, _)| keeps(*at));
    }

    /// The smallest of those that came `during` it.
    fn min_during(&self, during: impl RangeBounds<Instant>) -> Option<f64> {
        let within = self.0.iter().filter(|(at, _)| during.contains(at));
        within.map(|(_, value)| *value).reduce(f64::min)
    }
}

/// Follows what comes soonest: at once where it comes sooner, and where all of it comes later after [`WINDOW`], because
/// what is held up or filled in is late for a while. What comes so late that it is lost, and steadily so, is no such case:
/// a sender report set the time anew, and it is followed after [`MOVED_FOR`].
#[derive(Debug, Default)]
pub struct Origin(Recent);

impl Origin {
    /// In seconds; none before anything arrived.
    pub fn get(&self) -> Option<f64> {
        self.0.min()
    }

    /// Something arrived `offset` seconds later than its position says; what is `lost_beyond` later than the origin is not
    /// heard. Answers since when the origin has been another one, if that is found now.
    pub fn arrived(&mut self, at: Instant, offset: f64, lost_beyond: f64) -> Option<Instant> {
        self.0.push(at, offset, WINDOW);
        let since = at.checked_sub(MOVED_FOR)?;
        let middle = since + MOVED_FOR / 2;
        let before = self.0.min_during(since..middle)?;
        let after = self.0.min_during(middle..=at)?;
        let is_lost = before.min(after) > self.get()? + lost_beyond;
        if !is_lost || (before - after).abs() > STEADY {
            return None;
        }
        self.0.retain(|at| at >= since);
        Some(since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds 50 arrivals a second for `seconds`, as late as `late` says. Answers the origin behind them.
    fn feed(origin: &mut Origin, start: Instant, seconds: f64, late: impl Fn(f64) -> f64) -> f64 {
        for n in 0..(seconds * 50.0) as u32 {
            let time = f64::from(n) * 0.02;
            origin.arrived(start + Duration::from_secs_f64(time), late(time), 0.12);
        }
        origin.get().expect("arrivals")
    }

    #[test]
    fn what_was_set_back_for_good_is_followed_within_half_a_second() {
        let (start, mut origin) = (Instant::now(), Origin::default());
        assert_eq!(feed(&mut origin, start, 3.0, |_| 0.05), 0.05);
        let back = start + Duration::from_secs(3);
        assert_eq!(feed(&mut origin, back, 0.3, |_| 0.45), 0.05, "it may be held up");
        assert_eq!(feed(&mut origin, back + Duration::from_millis(300), 0.2, |_| 0.45), 0.45);
    }

    #[test]
    fn what_is_held_up_and_what_is_heard_all_the_same_moves_nothing_for_two_seconds() {
        let (start, mut origin) = (Instant::now(), Origin::default());
        feed(&mut origin, start, 3.0, |_| 0.05);
        let then = start + Duration::from_secs(3);
        let catches_up = |time: f64| 1.5 - 0.8 * time;
        assert_eq!(feed(&mut origin, then, 1.8, catches_up), 0.05);
        let (start, mut origin) = (Instant::now(), Origin::default());
        feed(&mut origin, start, 3.0, |_| 0.05);
        assert_eq!(feed(&mut origin, start + Duration::from_secs(3), 1.8, |_| 0.16), 0.05);
    }

    #[test]
    fn one_pipe_alone_moves_nothing() {
        let (start, mut origin) = (Instant::now(), Origin::default());
        feed(&mut origin, start, 3.0, |_| 0.05);
        let of_two = |time: f64| if ((time * 50.0) as u32).is_multiple_of(4) { 0.06 } else { 0.45 };
        assert_eq!(feed(&mut origin, start + Duration::from_secs(3), 3.0, of_two), 0.06);
    }
}
