//! Making one plane smaller by a factor between 1 and 2: rows first, which a processor does many samples at a time, then
//! columns, of which few are left by then.
//!
//! The weights are those of a triangle as wide as two source pixels' share (bilinear with anti-aliasing, as Pillow and
//! swscale have it). They depend on sizes alone, so they are worked out once per size.

use std::collections::HashMap;

/// Weights together: 16 bits hold the sum of weighted samples, and a processor takes eight such sums at once.
const ONE: u16 = 256;
/// Source pixels per target pixel: enough for a factor of 2.
const TAPS: usize = 5;
/// Sizes kept; layouts have a dozen.
const KEPT: usize = 64;

/// How one dimension is resampled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// Pixels there are.
    pub source: usize,
    /// The part taken from their middle, in 1/256 pixel.
    pub taken: usize,
    /// Pixels there shall be: half of what is taken, or more.
    pub target: usize,
}

/// Where a target pixel comes from: the first source pixel, and the weights of that and the following.
type Taps = (usize, [u16; TAPS]);

fn taps(Span { source, taken, target }: Span) -> Vec<Taps> {
    let taken = taken as f64 / 256.0;
    let scale = taken / target as f64;
    let reach = scale.clamp(1.0, 2.0);
    let each = (0..target).map(|n| {
        let centre = (source as f64 - taken) / 2.0 + (n as f64 + 0.5) * scale;
        let first = ((centre - reach).floor().max(0.0) as usize).min(source.saturating_sub(1));
        let weights: [f64; TAPS] = std::array::from_fn(|tap| {
            let distance = ((first + tap) as f64 + 0.5 - centre).abs() / reach;
            if first + tap < source { (1.0 - distance).max(0.0) } else { 0.0 }
        });
        let sum: f64 = weights.iter().sum();
        let mut weights = weights.map(|weight| (weight / sum * f64::from(ONE)) as u16);
        // What rounding leaves goes to the heaviest: an even picture stays even.
        let rest = ONE - weights.iter().sum::<u16>();
        if let Some(heaviest) = weights.iter_mut().max() {
            *heaviest += rest;
        }
        (first, weights)
    });
    each.collect()
}

/// Resamples planes; keeps weights and buffers.
#[derive(Debug, Default)]
pub struct Resampler {
    taps: HashMap<Span, Vec<Taps>>,
    row: Vec<u16>,
}

impl Resampler {
    /// Makes `target` out of `source`, whose rows are as long as `across` says.
    pub fn resample(&mut self, source: &[u8], across: Span, down: Span, target: &mut Vec<u8>) {
        if self.taps.len() >= KEPT {
            self.taps.clear();
        }
        for span in [across, down] {
            self.taps.entry(span).or_insert_with(|| taps(span));
        }
        target.clear();
        let (Some(columns), Some(rows)) = (self.taps.get(&across), self.taps.get(&down)) else {
            return;
        };
        // Where taps reach beyond the edge their weight is 0.
        self.row.clear();
        self.row.resize(across.source + TAPS, 0);
        for (first, weights) in rows {
            let row = &mut self.row[..across.source];
            row.fill(0);
            let lines = source[first * across.source..].chunks_exact(across.source);
            for (line, weight) in lines.zip(weights).filter(|(_, weight)| **weight > 0) {
                // Sums of weights are ONE: nothing wraps, and nothing need be checked.
                for (sum, value) in row.iter_mut().zip(line) {
                    *sum = sum.wrapping_add(u16::from(*value).wrapping_mul(*weight));
                }
            }
            target.extend(columns.iter().map(|(first, weights)| {
                let sum = match self.row[*first..].first_chunk::<TAPS>() {
                    Some(taps) => (0..TAPS).fold(1 << 15, |sum: u32, tap| {
                        let share = u32::from(taps[tap]).wrapping_mul(u32::from(weights[tap]));
                        sum.wrapping_add(share)
                    }),
                    None => 0,
                };
                (sum >> 16) as u8
            }));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn whole(source: usize, target: usize) -> Span {
        Span { source, taken: source * 256, target }
    }

    fn resampled(source: &[u8], across: Span, down: Span) -> Vec<u8> {
        let mut target = vec![];
        Resampler::default().resample(source, across, down, &mut target);
        target
    }

    #[test]
    fn the_same_size_is_the_same_picture() {
        let source: Vec<u8> = (0..12 * 8).map(|n| (n * 53 % 251) as u8).collect();
        assert_eq!(resampled(&source, whole(12, 12), whole(8, 8)), source);
    }

    #[test]
    fn a_slope_stays_a_slope() {
        let source: Vec<u8> = (0..128 * 4).map(|n| (n % 128 * 2) as u8).collect();
        let target = resampled(&source, whole(128, 84), whole(4, 3));
        let steps: Vec<i32> =
            target[..84].windows(2).map(|p| i32::from(p[1]) - i32::from(p[0])).collect();
        assert!(steps.iter().all(|step| (1..=4).contains(step)), "{steps:?}");
    }

    proptest! {
        #[test]
        fn an_even_picture_stays_even(
            value: u8, (width, height) in (2..64_usize, 2..64_usize), cut in 0..20_usize,
            (across, down) in (32..64_usize, 32..64_usize),
        ) {
            let taken = |pixels: usize| pixels * 256 - cut * pixels;
            let across = Span { source: width, taken: taken(width), target: across };
            let down = Span { source: height, taken: taken(height), target: down };
            let target = resampled(&vec![value; width * height], across, down);
            prop_assert_eq!(target.len(), across.target * down.target);
            prop_assert!(target.iter().all(|seen| *seen == value));
        }
    }
}
