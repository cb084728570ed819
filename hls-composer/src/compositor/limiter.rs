//! A look-ahead peak limiter over both channels together.
//!
//! What stays below the ceiling passes bit by bit, [`DELAY`] samples late. Above it, the gain each sample needs is held
//! for as long as the delay (a sliding minimum) and smoothed over the same time (a sliding mean), so it has come down,
//! without a step, exactly when the peak leaves. It comes back slowly, so that speech does not pump.

use std::collections::VecDeque;

use crate::ingest::SAMPLE_RATE;

/// How much later sound leaves: 4 ms, a quarter of what lips and voice may differ by without anybody noticing.
pub const DELAY: usize = SAMPLE_RATE as usize / 250;
/// No sample leaves above this: −2 dBFS. What lies between samples and what AAC adds stay below full scale.
pub const CEILING: i32 = 26_028;
/// The gain comes back by this share of what is missing with each sample: a time constant of 0.15 s.
const RELEASE: f64 = 1.0 / 0.15 / SAMPLE_RATE as f64;
/// Nearer to 1 than this, the gain is 1 (0.001 dB).
const NEAR: f64 = 1e-4;
/// Samples that are looked at together.
const WINDOW: usize = DELAY + 1;

/// See the module.
#[derive(Debug)]
pub struct Limiter {
    /// The last [`DELAY`] samples, which have not left yet.
    waiting: Vec<[i32; 2]>,
    /// While the gain is not 1.
    working: Option<Working>,
}

/// The gain's recent past.
#[derive(Debug)]
struct Working {
    /// Counts samples.
    now: u64,
    /// The least gains needed in the window, growing, each with the sample that needs it.
    needed: VecDeque<(u64, f64)>,
    /// Comes down at once and back slowly.
    envelope: f64,
    /// The envelope over the window, and its sum.
    window: VecDeque<f64>,
    sum: f64,
}

impl Limiter {
    /// Silence waits.
    pub fn new() -> Self {
        Self { waiting: vec![[0; 2]; DELAY], working: None }
    }

    /// Nothing but silence waits to leave.
    pub fn is_silent(&self) -> bool {
        self.working.is_none() && self.waiting.iter().all(|sample| *sample == [0; 2])
    }

    /// Replaces `samples` by what leaves while they come in.
    pub fn limit(&mut self, samples: &mut [[i32; 2]]) {
        self.waiting.extend_from_slice(samples);
        let peak = samples.as_flattened().iter().map(|value| value.unsigned_abs()).max();
        if self.working.is_none() && peak <= Some(CEILING.unsigned_abs()) {
            samples.copy_from_slice(&self.waiting[..samples.len()]);
        } else {
            let working = self.working.get_or_insert_with(Working::new);
            for (sample, leaving) in samples.iter_mut().zip(&self.waiting) {
                let gain = working.gain(sample[0].abs().max(sample[1].abs()));
                // Rounding alone could exceed the ceiling, by one.
                *sample = leaving.map(|value| {
                    ((f64::from(value) * gain).round() as i32).clamp(-CEILING, CEILING)
                });
            }
            if working.is_at_rest() {
                self.working = None;
            }
        }
        self.waiting.drain(..samples.len());
    }
}

impl Working {
    fn new() -> Self {
        Self {
            now: 0,
            needed: VecDeque::new(),
            envelope: 1.0,
            window: VecDeque::from(vec![1.0; WINDOW]),
            sum: WINDOW as f64,
        }
    }

    /// A sample of this level came in; the gain for the one that leaves.
    fn gain(&mut self, level: i32) -> f64 {
        let needed = if level > CEILING { f64::from(CEILING) / f64::from(level) } else { 1.0 };
        while self.needed.back().is_some_and(|(_, gain)| *gain >= needed) {
            self.needed.pop_back();
        }
        self.needed.push_back((self.now, needed));
        while self.needed.front().is_some_and(|(at, _)| at + (WINDOW as u64) <= self.now) {
            self.needed.pop_front();
        }
        self.now += 1;
        let least = self.needed.front().map_or(1.0, |(_, gain)| *gain);
        let back = self.envelope + (1.0 - self.envelope) * RELEASE;
        let back = if 1.0 - back < NEAR { 1.0 } else { back };
        self.envelope = least.min(back);
        self.window.push_back(self.envelope);
        self.sum += self.envelope - self.window.pop_front().unwrap_or(1.0);
        (self.sum / WINDOW as f64).min(1.0)
    }

    fn is_at_rest(&self) -> bool {
        self.window.iter().all(|gain| *gain == 1.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Feeds one level after another, each for so many milliseconds, in ticks of 50 ms.
    fn limited(levels: &[(i32, usize)]) -> Vec<i32> {
        let mut samples: Vec<[i32; 2]> = levels
            .iter()
            .flat_map(|(level, ms)| std::iter::repeat_n([*level, -*level / 2], ms * 48))
            .collect();
        let mut limiter = Limiter::new();
        samples.chunks_mut(2400).for_each(|tick| limiter.limit(tick));
        samples.iter().map(|sample| sample[0]).collect()
    }

    #[test]
    fn the_gain_has_no_steps() {
        let out = limited(&[(10_000, 200), (200_000, 100), (10_000, 1500)]);
        // Within the quiet parts the level is the gain.
        let quiet = |range: std::ops::Range<usize>| {
            out[range].windows(2).map(|p| p[0].abs_diff(p[1])).max()
        };
        assert!(quiet(DELAY..200 * 48 + DELAY) < Some(100), "coming down");
        assert!(quiet(300 * 48 + DELAY..1500 * 48) < Some(10), "coming back");
        assert!(out.iter().all(|level| *level <= CEILING));
    }

    #[test]
    fn a_short_shout_is_over_a_second_later_and_then_everything_passes_unchanged() {
        let out = limited(&[(5000, 100), (300_000, 20), (5000, 3500)]);
        assert_eq!(out[DELAY], 5000);
        let after = |ms: usize| out[ms * 48];
        assert!(after(130) < 1000 && after(1120) > 4880, "{} {}", after(130), after(1120));
        assert!(out[3500 * 48..].iter().all(|level| *level == 5000));
    }

    #[test]
    fn speech_that_touches_the_ceiling_is_bent_by_little_and_its_neighbours_too() {
        let syllables: Vec<(i32, usize)> =
            (0..20).flat_map(|_| [(29_000, 2), (9000, 98), (300, 100)]).collect();
        let out = limited(&syllables);
        // 29 000 needs 0.9 dB: nowhere is the gain lower, and a syllable later it is half gone.
        assert!(out.iter().filter(|level| **level > 5000).all(|level| *level >= 9000 * 89 / 100));
    }

    #[test]
    fn at_rest_it_keeps_nothing_but_the_delay() {
        let mut limiter = Limiter::new();
        limiter.limit(&mut [[100_000; 2]; 100]);
        assert!(limiter.working.is_some() && !limiter.is_silent());
        for _ in 0..100 {
            limiter.limit(&mut [[0; 2]; 2400]);
        }
        assert!(limiter.working.is_none() && limiter.is_silent());
        assert_eq!(limiter.waiting.len(), DELAY);
    }

    proptest! {
        #[test]
        fn the_gain_alone_keeps_every_peak_below_the_ceiling(
            peaks in prop::collection::vec((0..400_000_i32, 1..600_usize), 1..30),
        ) {
            let levels: Vec<i32> = peaks
                .iter()
                .flat_map(|(peak, after)| std::iter::once(*peak).chain(std::iter::repeat_n(100, *after)))
                .chain(std::iter::repeat_n(0, DELAY))
                .collect();
            let mut working = Working::new();
            let gains: Vec<f64> = levels.iter().map(|level| working.gain(*level)).collect();
            for (gain, level) in gains[DELAY..].iter().zip(&levels) {
                prop_assert!(gain * f64::from(*level) < f64::from(CEILING) + 0.01);
            }
        }
    }
}
