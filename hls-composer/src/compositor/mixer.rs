//! The audio mix: one tick of every input, summed and limited.

use bytes::{Bytes, BytesMut};

use crate::ingest::SAMPLE_RATE;

/// Sums one tick of every input; too loud a sum is bent, not clipped hard.
pub fn mix<'a>(inputs: impl Iterator<Item = &'a [[i16; 2]]>, fps: u32) -> Bytes {
    let tick = (SAMPLE_RATE / fps) as usize;
    let mut sum = vec![[0_i32; 2]; tick];
    for samples in inputs {
        for (total, sample) in sum.iter_mut().zip(samples) {
            total[0] += i32::from(sample[0]);
            total[1] += i32::from(sample[1]);
        }
    }
    let mut bytes = BytesMut::with_capacity(tick * 4);
    for sample in sum.iter().flatten() {
        bytes.extend_from_slice(&soften(*sample).to_le_bytes());
    }
    bytes.freeze()
}

/// Linear up to 3/4 of full scale, then approaching full scale without reaching it.
fn soften(sample: i32) -> i16 {
    const KNEE: f32 = 24_576.0;
    const ROOM: f32 = 8_191.0;
    let level = (sample as f32).abs();
    if level <= KNEE {
        return sample as i16;
    }
    let over = level - KNEE;
    let bent = KNEE + ROOM * over / (over + ROOM);
    (bent.copysign(sample as f32)) as i16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn level(bytes: &Bytes) -> i16 {
        i16::from_le_bytes([bytes[0], bytes[1]])
    }

    #[test]
    fn without_inputs_a_tick_is_silence_of_full_length() {
        let tick = mix(std::iter::empty(), 15);
        assert_eq!(tick.len(), 3200 * 4);
        assert!(tick.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn one_voice_passes_unchanged_and_two_add_up() {
        let voice = vec![[1000_i16, -5]; 3200];
        assert_eq!(level(&mix([voice.as_slice()].into_iter(), 15)), 1000);
        assert_eq!(level(&mix([voice.as_slice(), &voice].into_iter(), 15)), 2000);
    }

    #[test]
    fn nine_inputs_at_full_scale_do_not_clip() {
        let loud = vec![[i16::MAX, i16::MIN]; 3200];
        let mixed = mix(std::iter::repeat_n(loud.as_slice(), 9), 15);
        assert!(level(&mixed) > 30_000 && level(&mixed) < i16::MAX);
    }

    proptest! {
        #[test]
        fn louder_in_is_never_softer_out(a in -300_000..300_000_i32, b in -300_000..300_000_i32) {
            let (low, high) = (a.min(b), a.max(b));
            prop_assert!(soften(low) <= soften(high));
            prop_assert!(soften(high) < i16::MAX && soften(low) > i16::MIN);
        }
    }
}
