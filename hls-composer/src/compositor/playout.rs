//! When the media of one input is due: p = t − O − D.
//!
//! t is the output clock, O the smallest recent (arrival − position) over both pipes (`origin.rs`), D the delay that lets
//! the slower pipe arrive in time. Real video runs 115–263 ms behind its audio, so D follows the largest lag seen.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    anchor::Anchor,
    origin::{Origin, Recent},
};

/// How long a video lag counts for D.
const LAG_WINDOW: Duration = Duration::from_secs(5);
/// How long it counts how much sound is behind its pictures.
const BEHIND_WINDOW: Duration = Duration::from_secs(1);
/// Sound that is behind its pictures for so long stays behind: DTX pauses for 400 ms.
const BEHIND_FOR: Duration = Duration::from_millis(600);
/// D before any video was seen, in seconds.
const FIRST_DELAY: f64 = 0.3;
/// What D adds to the largest lag, in seconds.
const MARGIN: f64 = 0.04;
/// D's least, beyond one frame, in seconds: a tick of sound is there as a whole when it begins.
const LEAST: f64 = 0.055;
/// How much later than what came soonest sound may be within that, in seconds.
const SPARE: f64 = 0.025;
/// D's upper limit, in seconds.
const MAX_DELAY: f64 = 0.35;
/// A move beyond this is a jump, not a drift; in seconds.
const JUMP: f64 = 0.2;
/// How long media must be off by so much before the plan jumps: what fills a gap comes in one burst, oldest first.
const JUMP_AFTER: Duration = Duration::from_millis(100);
/// For so long after its first frame a newcomer's plan jumps at once to what is measured: a word cut while somebody
/// joins costs less than half a minute of slewing away from a first guess.
const SETTLING: Duration = Duration::from_secs(1);
/// How much of a drift one second may take back; 0.5 % of pitch is not heard.
const SLEW: f64 = 0.005;
/// Sound that came within this is heard.
const HEARD: Duration = Duration::from_millis(500);
/// How much later than planned media may become before the plan follows, in seconds: well within [`MARGIN`].
const LATE: f64 = 0.025;
/// What a plan is rounded down by to stand on a whole frame, rather than up by the rest of one, in seconds.
const ROUNDED: f64 = 0.015;
/// How much sooner than a whole frame media must be there before the plan follows, in seconds. The sooner plan leaves a
/// frame out, so it has to be worth more than one.
const EARLY: f64 = 0.06;

/// Maps the output clock to positions in one input's media. Times are seconds since `epoch`.
#[derive(Debug)]
pub struct Playout {
    epoch: Instant,
    /// Seconds between two frames.
    frame: f64,
    origin: Origin,
    anchor: Anchor,
    lags: Recent,
    /// How much later than what came soonest sound came.
    behind: Recent,
    first_frame: Option<Instant>,
    last_sound: Option<Instant>,
    /// D as it is applied: where a voice is heard it moves no faster than can be slewed, however late pictures become,
    /// because a picture that is sick must not cut the voice.
    delay: Option<f64>,
    /// O + D as it is applied. It rests while the wanted one is near: a plan that trembled with every arrival would
    /// skip one frame and repeat another wherever a tick stands on the edge between two. It rests where frames stand
    /// on ticks, so that a picture is neither early nor late for its sound.
    shift: Option<f64>,
    /// Where the plan is under way to.
    target: Option<f64>,
    /// Since when the wanted plan is so far away that this one should jump.
    astray: Option<Instant>,
    advanced: Option<Instant>,
}

impl Playout {
    /// Nothing arrived yet.
    pub fn new(epoch: Instant, fps: u32) -> Self {
        Self {
            epoch,
            frame: 1.0 / f64::from(fps),
            origin: Origin::default(),
            anchor: Anchor::default(),
            lags: Recent::default(),
            behind: Recent::default(),
            first_frame: None,
            last_sound: None,
            delay: None,
            shift: None,
            target: None,
            astray: None,
            advanced: None,
        }
    }

    /// Sound of `position` seconds arrived. Answers where it stands in the input's time, in seconds.
    pub fn sound_arrived(&mut self, at: Instant, position: f64) -> f64 {
        self.last_sound = Some(at);
        let offset = self.seconds(at) - position;
        let moved = self.anchor.moves(at, offset - self.origin.get().unwrap_or(offset));
        self.arrived(at, offset - moved);
        // What fills the gaps of DTX in is late by as much as they are long, and the sound behind it is not.
        if let Some(origin) = self.origin.get() {
            self.behind.push(at, offset - moved - origin, BEHIND_WINDOW);
        }
        // Sound that stays behind its pictures is whole when it is heard later.
        let behind = self.behind.min_of(BEHIND_FOR, at).map(|behind| behind - SPARE);
        if let Some(behind) = behind.filter(|behind| *behind > 0.0) {
            self.lags.push(at, behind + self.frame + LEAST - MARGIN, LAG_WINDOW);
        }
        position + moved
    }

    /// The frame of `position` seconds arrived.
    pub fn frame_arrived(&mut self, at: Instant, position: f64) {
        let offset = self.seconds(at) - position;
        self.first_frame.get_or_insert(at);
        self.arrived(at, offset);
        if let Some(origin) = self.origin.get() {
            self.lags.push(at, offset - origin, LAG_WINDOW);
        }
    }

    /// Something arrived `offset` seconds later than its position says.
    fn arrived(&mut self, at: Instant, offset: f64) {
        let lost_beyond = self.delay.unwrap_or(FIRST_DELAY);
        if let Some(since) = self.origin.arrived(at, offset, lost_beyond) {
            // Since then they were measured against another time.
            self.lags.retain(|at| at < since);
            self.behind.retain(|at| at < since);
        }
    }

    /// Moves on to the tick due at `now`. True when the plan jumped: what was read before does not continue. Where sound
    /// `begins` after silence nobody can hear the plan move, and it moves at once.
    pub fn advance(&mut self, now: Instant, begins: bool) -> bool {
        let Some(origin) = self.origin.get() else { return false };
        let delay = match self.lags.max() {
            None => FIRST_DELAY,
            Some(lag) => (lag + MARGIN).clamp(self.frame + LEAST, MAX_DELAY),
        };
        let elapsed =
            self.advanced.map_or(0.0, |last| now.saturating_duration_since(last).as_secs_f64());
        self.advanced = Some(now);
        let within = |at: Option<Instant>, time| {
            at.is_some_and(|at| now.saturating_duration_since(at) < time)
        };
        let settling = within(self.first_frame, SETTLING);
        let is_free = settling || begins || !within(self.last_sound, HEARD);
        let step = if is_free { f64::INFINITY } else { SLEW * elapsed };
        let former = self.delay.unwrap_or(delay);
        let delay = former + (delay - former).clamp(-step, step);
        self.delay = Some(delay);
        let wanted = origin + delay;
        let tolerance = if settling { LATE } else { JUMP };
        let whole = self.on_a_tick(wanted, now);
        let Some(shift) = self.shift else {
            self.shift = Some(whole);
            return true;
        };
        if !(-tolerance.max(self.frame)..=tolerance).contains(&(wanted - shift)) {
            let since = *self.astray.get_or_insert(now);
            let jumps = settling || now.saturating_duration_since(since) >= JUMP_AFTER;
            if jumps {
                (self.shift, self.target, self.astray) = (Some(whole), None, None);
            }
            return jumps;
        }
        self.astray = None;
        if !(-self.frame - EARLY..=LATE).contains(&(wanted - shift)) {
            self.target = Some(whole);
        }
        if let Some(target) = self.target {
            let error = target - shift;
            let step = if begins { f64::INFINITY } else { SLEW * elapsed };
            self.shift = Some(shift + error.clamp(-step, step));
            self.target = Some(target).filter(|_| error.abs() > step);
        }
        false
    }

    /// The plan near `wanted` by which a frame stands on the tick at `now`, and so on every tick.
    fn on_a_tick(&self, wanted: f64, now: Instant) -> f64 {
        let now = self.seconds(now);
        let frames = ((now - (wanted - ROUNDED)) / self.frame).floor();
        now - frames * self.frame
    }

    /// What is due at `now`, in seconds of the input's own time. None before anything arrived.
    pub fn position(&self, now: Instant) -> Option<f64> {
        self.shift.map(|shift| self.seconds(now) - shift)
    }

    fn seconds(&self, at: Instant) -> f64 {
        at.saturating_duration_since(self.epoch).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(epoch: Instant, seconds: f64) -> Instant {
        epoch + Duration::from_secs_f64(seconds)
    }

    /// 15 frames and 50 runs of sound a second, video `lag` behind the sound, which never pauses.
    fn feed(playout: &mut Playout, epoch: Instant, from: f64, to: f64, late: f64, lag: f64) {
        let mut tick = (from * 15.0).ceil() as u64;
        while (tick as f64) / 15.0 < to {
            let position = tick as f64 / 15.0;
            for sound in 0..3 {
                let position = position + f64::from(sound) * 0.02;
                playout.sound_arrived(at(epoch, position + late), position);
            }
            playout.frame_arrived(at(epoch, position + late + lag), position);
            playout.advance(at(epoch, position + late + lag), false);
            tick += 1;
        }
    }

    #[test]
    fn every_frame_is_there_when_it_is_due() {
        let epoch = Instant::now();
        let mut playout = Playout::new(epoch, 15);
        feed(&mut playout, epoch, 0.0, 10.0, 0.1, 0.2);
        let due = playout.position(at(epoch, 10.0)).expect("a position");
        let newest_arrived = 10.0 - 0.1 - 0.2;
        assert!(due <= newest_arrived, "{due}");
        assert!(due > newest_arrived - 0.15, "{due}");
    }

    #[test]
    fn a_small_drift_is_slewed_and_never_jumps() {
        let epoch = Instant::now();
        let mut playout = Playout::new(epoch, 15);
        feed(&mut playout, epoch, 0.0, 5.0, 0.1, 0.1);
        let before = playout.shift.expect("a shift");
        feed(&mut playout, epoch, 5.0, 8.0, 0.15, 0.1);
        let after = playout.shift.expect("a shift");
        assert!(after > before && after - before <= 3.1 * SLEW, "{before} {after}");
    }

    #[test]
    fn where_sound_begins_the_plan_follows_at_once() {
        let epoch = Instant::now();
        let mut playout = Playout::new(epoch, 15);
        feed(&mut playout, epoch, 0.0, 5.0, 0.1, 0.1);
        let before = playout.shift.expect("a shift");
        feed(&mut playout, epoch, 5.0, 7.0, 0.1, 0.2);
        let slewed = playout.shift.expect("a shift") - before;
        playout.advance(at(epoch, 7.4), true);
        let followed = playout.shift.expect("a shift") - before;
        assert!(slewed <= 2.5 * SLEW && followed > 0.06, "{slewed} {followed}");
    }

    #[test]
    fn a_newcomer_heard_before_seen_is_on_time_as_soon_as_frames_come() {
        let epoch = Instant::now();
        let mut playout = Playout::new(epoch, 15);
        for sound in 0..50 {
            let position = f64::from(sound) * 0.02;
            playout.sound_arrived(at(epoch, position + 0.1), position);
            playout.advance(at(epoch, position + 0.1), false);
        }
        let guess = playout.shift.expect("a shift");
        feed(&mut playout, epoch, 1.0, 1.5, 0.1, 0.05);
        let settled = playout.shift.expect("a shift");
        assert!(guess - settled > 0.15, "{guess} {settled}");
        feed(&mut playout, epoch, 1.5, 9.0, 0.1, 0.05);
        assert_eq!(playout.shift, Some(settled));
    }

    #[test]
    fn arrivals_that_tremble_move_nothing() {
        let epoch = Instant::now();
        let mut playout = Playout::new(epoch, 15);
        feed(&mut playout, epoch, 0.0, 8.0, 0.1, 0.1);
        let before = playout.shift.expect("a shift");
        for second in 8..28 {
            let from = f64::from(second);
            let late = if second % 3 == 0 { 0.105 } else { 0.1 };
            feed(&mut playout, epoch, from, from + 1.0, late, 0.1);
            assert_eq!(playout.shift, Some(before));
        }
    }

    #[test]
    fn a_burst_that_fills_a_gap_moves_nothing() {
        let epoch = Instant::now();
        let mut playout = Playout::new(epoch, 15);
        feed(&mut playout, epoch, 0.0, 5.0, 0.1, 0.1);
        let before = playout.shift.expect("a shift");
        for sound in 250..500 {
            playout.sound_arrived(at(epoch, 10.1), f64::from(sound) * 0.02);
            if sound % 50 == 0 {
                assert!(!playout.advance(at(epoch, 10.1), false));
            }
        }
        feed(&mut playout, epoch, 10.0, 12.0, 0.1, 0.1);
        assert_eq!(playout.shift, Some(before));
    }

    #[test]
    fn pictures_that_become_late_never_cut_the_voice() {
        let epoch = Instant::now();
        let mut playout = Playout::new(epoch, 15);
        feed(&mut playout, epoch, 0.0, 5.0, 0.1, 0.02);
        for tenths in 50..150 {
            let from = f64::from(tenths) / 10.0;
            let lag = if tenths % 2 == 0 { 0.45 } else { 0.02 };
            let mut tick = (from * 15.0).ceil() as u64;
            while (tick as f64) / 15.0 < from + 0.1 {
                let position = tick as f64 / 15.0;
                playout.sound_arrived(at(epoch, position + 0.1), position);
                playout.frame_arrived(at(epoch, position + 0.1), position - lag);
                assert!(!playout.advance(at(epoch, position + 0.1), false), "a jump at {position}");
                tick += 1;
            }
        }
    }

    #[test]
    fn what_fills_the_gaps_of_dtx_in_delays_nothing() {
        let epoch = Instant::now();
        let mut playout = Playout::new(epoch, 15);
        for tick in 0..300_u64 {
            let position = tick as f64 / 15.0;
            playout.frame_arrived(at(epoch, position + 0.05), position);
            // A packet every 400 ms, and with it the silence before it.
            if tick % 6 == 5 {
                for silence in (0..20).rev() {
                    let past = position - f64::from(silence) * 0.02;
                    playout.sound_arrived(at(epoch, position), past);
                }
            }
            playout.advance(at(epoch, position), false);
        }
        assert_eq!(playout.delay, Some(1.0 / 15.0 + LEAST));
    }

    #[test]
    fn sound_that_is_behind_its_pictures_is_there_when_it_is_due() {
        let epoch = Instant::now();
        let mut playout = Playout::new(epoch, 15);
        for tick in 0..300_u64 {
            let position = tick as f64 / 15.0;
            playout.frame_arrived(at(epoch, position), position);
            for sound in 0..3 {
                let position = position + f64::from(sound) * 0.02;
                playout.sound_arrived(at(epoch, position + 0.1), position);
            }
            playout.advance(at(epoch, position), false);
        }
        // A tick of it, read a little ahead of its picture, and a run of samples comes as a whole.
        let due = playout.position(at(epoch, 20.0)).expect("a position");
        assert!(due + 1.0 / 15.0 + 0.0105 <= 20.0 - 0.1 - 0.02, "{due}");
    }

    #[test]
    fn a_time_that_was_set_back_is_followed_within_a_second() {
        let epoch = Instant::now();
        let mut playout = Playout::new(epoch, 15);
        feed(&mut playout, epoch, 0.0, 5.0, 0.1, 0.1);
        let (shift, delay) = (playout.shift.expect("a shift"), playout.delay);
        // From 5.4 s on what comes stands 0.4 s before what came then.
        feed(&mut playout, epoch, 5.0, 5.7, 0.5, 0.1);
        let moved = playout.shift.expect("a shift") - shift;
        assert!((0.35..=0.45).contains(&moved), "{moved}");
        assert_eq!(playout.delay, delay);
    }

    #[test]
    fn a_large_move_is_one_jump() {
        let epoch = Instant::now();
        let mut playout = Playout::new(epoch, 15);
        feed(&mut playout, epoch, 0.0, 5.0, 0.1, 0.1);
        feed(&mut playout, epoch, 5.0, 8.0, 1.1, 0.1);
        let due = playout.position(at(epoch, 9.0)).expect("a position");
        assert!((7.5..7.9).contains(&due), "{due}");
    }
}
