//! What is under way for one participant: nothing, a climb, or the rest after one that failed. Pure.

use std::time::Duration;

use tokio::time::Instant;

use super::desired::Sources;

/// The first and the longest rest after a climb that failed. A fault that passes costs a moment; one that stays costs a
/// climb every half a minute.
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(30);
/// An input that lived so long begins with the shortest rest again.
const WELL: Duration = Duration::from_secs(60);
/// Who is wanted and has failed for longer than this is missing, and the room is told.
const NOTICED: Duration = Duration::from_secs(1);
/// The same where nothing has failed yet: on a busy machine everything takes its time.
const LONG: Duration = Duration::from_secs(5);

/// What an input is wanted to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// What it is made of.
    pub sources: Sources,
    /// The climb the composer wants: an operator's restart raises it.
    pub climb: u32,
}

/// See the module.
#[derive(Debug, Default)]
pub enum Attempt {
    /// What there is stays until something else is wanted.
    #[default]
    None,
    /// A climb.
    Climbing(Climbing),
    /// The last climb, or the input it brought, has failed.
    Resting(Rest),
}

/// A climb under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Climbing {
    /// The new input.
    pub input: String,
    /// What it is to be.
    pub wanted: Wanted,
    /// The input it cleans up first.
    pub replaces: Option<String>,
}

/// The time after a failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rest {
    until: Instant,
    /// How long it is.
    pub length: Duration,
    wanted: Wanted,
}

/// What is to be done for one participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Nothing now.
    Nothing,
    /// A climb.
    Climb,
    /// What there is is wanted again: nothing is under way any more.
    LetGo,
}

impl Attempt {
    /// What is to be done at `now` when `wanted` is wanted, and `live` is what there is. Whoever wants something else,
    /// an operator or the room, is obeyed at once.
    pub fn due(&self, wanted: Wanted, live: Option<Wanted>, now: Instant) -> Due {
        let climbs = match self {
            Self::None => live != Some(wanted),
            _ if live == Some(wanted) => return Due::LetGo,
            Self::Climbing(climbing) => climbing.wanted != wanted,
            Self::Resting(rest) => rest.wanted != wanted || now >= rest.until,
        };
        if climbs { Due::Climb } else { Due::Nothing }
    }

    /// When the next climb is due, if one waits for its time. Never in the past for longer than it takes to begin it.
    pub fn wakes(&self) -> Option<Instant> {
        match self {
            Self::Resting(rest) => Some(rest.until),
            Self::None | Self::Climbing(_) => None,
        }
    }

    /// The climb under way.
    pub fn climbing(&self) -> Option<&Climbing> {
        match self {
            Self::Climbing(climbing) => Some(climbing),
            Self::None | Self::Resting(_) => None,
        }
    }
}

/// How often in a row a participant's climbs, or the inputs they brought, have failed.
#[derive(Debug, Default)]
pub struct Failures {
    count: u32,
    /// When the last climb brought an input.
    active: Option<Instant>,
    /// From when on it is told that there is no input, and why there is none.
    missing: Option<(Instant, &'static str)>,
}

impl Failures {
    /// A climb brought an input.
    pub fn climbed(&mut self, now: Instant) {
        self.active = Some(now);
        self.missing = None;
    }

    /// What there is is wanted again.
    pub fn let_go(&mut self) {
        self.missing = None;
    }

    /// There is no input, and a climb is under way to one.
    pub fn climbs_from_nothing(&mut self, now: Instant) {
        self.missing.get_or_insert((now + LONG, "it takes long to begin"));
    }

    /// Why there is no input, once that has lasted: whatever is tried meanwhile, it is told until there is one.
    pub fn missing(&self, now: Instant) -> Option<&'static str> {
        let (noticed, reason) = self.missing?;
        (now >= noticed).then_some(reason)
    }

    /// When [`Failures::missing`] will say something that it does not say at `now`.
    pub fn noticed_at(&self, now: Instant) -> Option<Instant> {
        let (noticed, _) = self.missing?;
        Some(noticed).filter(|noticed| *noticed > now)
    }

    /// A climb to `wanted`, or what it brought, has failed. `chance` from 0 to 1 parts those who failed together.
    pub fn rest(
        &mut self,
        wanted: Wanted,
        reason: &'static str,
        now: Instant,
        chance: f64,
    ) -> Rest {
        if self.active.take().is_some_and(|active| now - active >= WELL) {
            self.count = 0;
        }
        let length = SHORTEST.saturating_mul(1 << self.count.min(16)).min(LONGEST);
        self.count += 1;
        let noticed = self.missing.map_or(now + NOTICED, |(noticed, _)| noticed.min(now + NOTICED));
        self.missing = Some((noticed, reason));
        let length = length.mul_f64(1.0 + chance / 2.0);
        Rest { until: now + length, length, wanted }
    }
}

#[cfg(test)]
mod tests {
    use mediasoup::prelude::ProducerId;
    use proptest::prelude::*;

    use super::*;

    fn wanted(source: u8, climb: u32) -> Wanted {
        let id = format!("00000000-0000-4000-8000-0000000000{source:02x}");
        let audio: Option<ProducerId> = id.parse().ok();
        Wanted { sources: Sources { video: None, audio }, climb }
    }

    fn resting(failures: &mut Failures, now: Instant) -> Attempt {
        Attempt::Resting(failures.rest(wanted(1, 0), "no port", now, 0.0))
    }

    #[test]
    fn whoever_wants_something_else_is_obeyed_at_once() {
        let now = Instant::now();
        let mut failures = Failures { count: 20, ..Failures::default() };
        let attempt = resting(&mut failures, now);
        assert_eq!(attempt.due(wanted(1, 0), None, now), Due::Nothing);
        assert_eq!(attempt.due(wanted(1, 1), None, now), Due::Climb, "an operator's restart");
        assert_eq!(attempt.due(wanted(2, 0), None, now), Due::Climb, "another track");
    }

    /// A camera that is turned on and off again before it is there.
    #[test]
    fn what_there_is_already_is_not_climbed_to_again() {
        let now = Instant::now();
        let (former, other) = (wanted(2, 0), wanted(1, 0));
        let climbing = Climbing { input: "new".into(), wanted: other, replaces: None };
        for attempt in [Attempt::Climbing(climbing), resting(&mut Failures::default(), now)] {
            assert_eq!(attempt.due(former, Some(former), now + LONGEST), Due::LetGo);
        }
        assert_eq!(Attempt::None.due(former, Some(former), now), Due::Nothing);
    }

    #[test]
    fn nobody_is_given_up() {
        let mut now = Instant::now();
        let mut failures = Failures::default();
        for _ in 0..100 {
            let attempt = resting(&mut failures, now);
            let wakes = attempt.wakes().expect("an end of the rest");
            assert!(wakes > now && wakes <= now + LONGEST);
            now = wakes;
            assert_eq!(attempt.due(wanted(1, 0), None, now), Due::Climb);
        }
    }

    #[test]
    fn rests_grow_and_what_lived_for_a_while_begins_anew() {
        let now = Instant::now();
        let mut failures = Failures::default();
        let length = |failures: &mut Failures, at| match resting(failures, at) {
            Attempt::Resting(rest) => rest.length.as_millis(),
            _ => 0,
        };
        let lengths: Vec<u128> = (0..10).map(|_| length(&mut failures, now)).collect();
        assert_eq!(lengths, [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000]);
        failures.climbed(now);
        assert_eq!(length(&mut failures, now + Duration::from_secs(1)), 30_000);
        failures.climbed(now);
        assert_eq!(length(&mut failures, now + WELL), 100);
    }

    #[test]
    fn the_room_is_told_of_whoever_is_missing_for_a_while_until_there_is_an_input() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut failures = Failures::default();
        assert_eq!((failures.missing(at(0)), failures.noticed_at(at(0))), (None, None));
        failures.rest(wanted(1, 0), "no port", at(0), 0.0);
        assert_eq!(
            (failures.missing(at(999)), failures.noticed_at(at(999))),
            (None, Some(at(1000)))
        );
        assert_eq!(
            (failures.missing(at(1000)), failures.noticed_at(at(1000))),
            (Some("no port"), None)
        );
        // The next climb takes its time, and fails as well.
        assert_eq!(failures.missing(at(14_000)), Some("no port"));
        failures.rest(wanted(1, 0), "step 8", at(15_000), 0.0);
        assert_eq!(failures.missing(at(15_000)), Some("step 8"));
        failures.climbed(at(20_000));
        assert_eq!((failures.missing(at(60_000)), failures.noticed_at(at(20_000))), (None, None));
    }

    #[test]
    fn the_room_is_told_of_a_first_climb_that_takes_long() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut failures = Failures::default();
        failures.climbs_from_nothing(at(0));
        assert_eq!(
            (failures.missing(at(4999)), failures.noticed_at(at(0))),
            (None, Some(at(5000)))
        );
        assert_eq!(failures.missing(at(5000)), Some("it takes long to begin"));
        failures.rest(wanted(1, 0), "no port", at(7000), 0.0);
        failures.climbs_from_nothing(at(7100));
        assert_eq!(failures.missing(at(7100)), Some("no port"));
        // One that fails sooner is told of sooner.
        let mut failures = Failures::default();
        failures.climbs_from_nothing(at(0));
        failures.rest(wanted(1, 0), "no port", at(500), 0.0);
        assert_eq!(failures.noticed_at(at(500)), Some(at(1500)));
        failures.let_go();
        assert_eq!((failures.missing(at(9000)), failures.noticed_at(at(500))), (None, None));
    }

    proptest! {
        /// A due time that has passed and begins nothing would be a loop without rest.
        #[test]
        fn what_wakes_the_session_is_done_then(
            failed in 1..40_u32,
            chance in 0.0..1.0_f64,
            live in any::<bool>(),
        ) {
            let now = Instant::now();
            let mut failures = Failures::default();
            for _ in 1..failed {
                failures.rest(wanted(1, 0), "", now, chance);
            }
            let attempt = Attempt::Resting(failures.rest(wanted(1, 0), "", now, chance));
            let wakes = attempt.wakes().expect("an end of the rest");
            let due = attempt.due(wanted(1, 0), live.then(|| wanted(1, 0)), wakes);
            prop_assert_ne!(due, Due::Nothing);
        }
    }
}
