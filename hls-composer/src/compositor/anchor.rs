//! Where sound stands in its input's time. Pure.
//!
//! Sender reports put sound and pictures into one time (RFC 3550, section 6.4.1). Without them each begins its own, and sound
//! that stopped and goes on where it stopped is late for its pictures from then on: it would never be heard again.

use std::time::Duration;

use tokio::time::Instant;

/// Sound that is later than this for what came soonest is not heard, however slow the plan; in seconds.
const UNHEARD: f64 = 0.5;
/// How long it must stay that late: a process that was held up delivers what it has faster than it is played.
const STEADY: Duration = Duration::from_secs(2);
/// Sound that paused for so long is judged anew.
const PAUSE: Duration = Duration::from_millis(500);

/// Moves sound to where its pictures are.
#[derive(Debug, Default)]
pub struct Anchor {
    moved: f64,
    late: Option<Late>,
    last: Option<Instant>,
}

/// Sound that is too late to be heard.
#[derive(Clone, Copy, Debug)]
struct Late {
    since: Instant,
    /// The least it was late.
    least: f64,
}

impl Anchor {
    /// Sound arrived `late` seconds later, by its own time, than what came soonest by the plan's. Answers by how much its
    /// time is moved.
    pub fn moves(&mut self, at: Instant, late: f64) -> f64 {
        let pauses =
            self.last.replace(at).is_some_and(|last| at.saturating_duration_since(last) > PAUSE);
        if pauses {
            self.late = None;
        }
        // It has its place again by itself: a sender report came.
        if self.moved > 0.0 && late < UNHEARD {
            (self.moved, self.late) = (0.0, None);
        }
        let late = late - self.moved;
        if late <= UNHEARD {
            self.late = None;
            return self.moved;
        }
        let so_far = self.late.get_or_insert(Late { since: at, least: late });
        so_far.least = so_far.least.min(late);
        if at.saturating_duration_since(so_far.since) >= STEADY {
            self.moved += so_far.least;
            self.late = None;
        }
        self.moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How sound is moved that comes every 20 ms for `seconds`, as late as `late` says.
    fn after(anchor: &mut Anchor, start: Instant, seconds: f64, late: impl Fn(f64) -> f64) -> f64 {
        let times = (0..(seconds * 50.0) as u32).map(|n| f64::from(n) * 0.02);
        times
            .map(|time| anchor.moves(start + Duration::from_secs_f64(time), late(time)))
            .last()
            .unwrap_or_default()
    }

    #[test]
    fn sound_whose_time_stood_is_moved_after_two_seconds() {
        let (start, mut anchor) = (Instant::now(), Anchor::default());
        assert_eq!(after(&mut anchor, start, 3.0, |_| 0.05), 0.0);
        let (back, late) =
            (start + Duration::from_secs(11), |time: f64| 8.0 + 0.03 * (time * 7.0).sin());
        assert_eq!(after(&mut anchor, back, 1.9, late), 0.0);
        let moved = after(&mut anchor, back + Duration::from_secs(2), 0.5, late);
        assert!((7.95..=8.0).contains(&moved), "{moved}");
        assert_eq!(
            after(&mut anchor, back + Duration::from_secs(3), 60.0, late),
            moved,
            "and stays there"
        );
    }

    #[test]
    fn a_report_that_puts_it_right_is_followed_at_once() {
        let (start, mut anchor) = (Instant::now(), Anchor::default());
        assert!(after(&mut anchor, start, 3.0, |_| 8.0) > 0.0);
        assert_eq!(anchor.moves(start + Duration::from_secs(3), 0.02), 0.0);
    }

    #[test]
    fn a_process_that_was_held_up_and_words_with_pauses_between_are_no_other_time() {
        let (start, mut anchor) = (Instant::now(), Anchor::default());
        assert_eq!(after(&mut anchor, start, 5.0, |time| (6.0 - 4.0 * time).max(0.0)), 0.0);
        let mut anchor = Anchor::default();
        for word in 0..10 {
            let begins = start + 3 * word * Duration::from_secs(1);
            assert_eq!(after(&mut anchor, begins, 1.5, |_| 1.0), 0.0);
        }
    }

    #[test]
    fn it_may_stand_again() {
        let (start, mut anchor) = (Instant::now(), Anchor::default());
        assert_eq!(after(&mut anchor, start, 3.0, |_| 8.0), 8.0);
        assert_eq!(after(&mut anchor, start + Duration::from_secs(8), 3.0, |_| 13.0), 13.0);
    }
}
