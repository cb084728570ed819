//! The audio mix: one tick of every input that is heard, summed sample by sample, raised by a fixed gain and limited.
//!
//! The gain is a choice of loudness. RFC 7874 (section 4) asks WebRTC endpoints to send active speech at an RMS of 2600
//! (−22 dBFS). The same mono voice on both channels measures −22 + 3.0 − 0.7 = −19.7 LUFS (ITU-R BS.1770); 5/4 (1.9 dB)
//! brings it to −17.8 LUFS, the middle of the −16…−20 at which speech is streamed. It never moves: a gain that followed
//! the room would pump.

use bytes::Bytes;

use super::limiter::Limiter;
use crate::ingest::SAMPLE_RATE;

/// Mixes ticks; what it keeps between them is the limiter's.
#[derive(Debug)]
pub struct Mixer {
    sum: Vec<[i32; 2]>,
    limiter: Limiter,
    /// A tick of silence, ready to be handed out.
    silence: Bytes,
}

impl Mixer {
    /// Nothing was heard yet.
    pub fn new(fps: u32) -> Self {
        let tick = (SAMPLE_RATE / fps) as usize;
        let silence = Bytes::from(vec![0; tick * 4]);
        Self { sum: vec![[0; 2]; tick], limiter: Limiter::new(), silence }
    }

    /// One tick of every input; [`super::limiter::DELAY`] samples later than it came in. Inputs without sound cost one
    /// look at their samples.
    pub fn mix<'a>(&mut self, inputs: impl Iterator<Item = &'a [[i16; 2]]>) -> Bytes {
        let mut heard = inputs.filter(|samples| !is_silent(samples)).peekable();
        if heard.peek().is_none() && self.limiter.is_silent() {
            return self.silence.clone();
        }
        self.sum.fill([0; 2]);
        for samples in heard {
            for (total, sample) in self.sum.iter_mut().zip(samples) {
                // 32 bits hold the sum of 65 000 inputs: unchecked, it is done many samples at a time.
                *total = [0, 1].map(|c| total[c].wrapping_add(sample[c].into()));
            }
        }
        for sample in self.sum.as_flattened_mut() {
            *sample = raised(*sample);
        }
        self.limiter.limit(&mut self.sum);
        let mut bytes = vec![0; self.silence.len()];
        for (slot, sample) in bytes.as_chunks_mut().0.iter_mut().zip(self.sum.as_flattened()) {
            // It fits: the limiter has made sure of it.
            *slot = (*sample as i16).to_le_bytes();
        }
        bytes.into()
    }
}

/// By 5/4, to the nearest.
fn raised(sample: i32) -> i32 {
    sample.wrapping_mul(5).wrapping_add(2) >> 2
}

fn is_silent(samples: &[[i16; 2]]) -> bool {
    // Without a branch per sample, which a processor does many at a time.
    samples.chunks(256).all(|some| some.as_flattened().iter().fold(0, |all, one| all | one) == 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        super::limiter::{CEILING, DELAY},
        *,
    };

    fn samples(tick: &Bytes) -> Vec<[i16; 2]> {
        let sample = |b: &[u8]| i16::from_le_bytes([b[0], b[1]]);
        tick.chunks(4).map(|frame| [sample(frame), sample(&frame[2..])]).collect()
    }

    #[test]
    fn without_inputs_a_tick_is_silence_of_full_length() {
        let tick = Mixer::new(15).mix(std::iter::empty());
        assert_eq!(tick.len(), 3200 * 4);
        assert!(tick.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_mute_tick_is_the_same_memory_whoever_is_in_the_room() {
        let mut mixer = Mixer::new(15);
        let mute = vec![[0; 2]; 3200];
        let first = mixer.mix(std::iter::repeat_n(mute.as_slice(), 9));
        let second = mixer.mix(std::iter::repeat_n(mute.as_slice(), 9));
        assert!(std::ptr::eq(first.as_ptr(), second.as_ptr()));
    }

    #[test]
    fn one_voice_passes_with_the_gain_alone_sample_by_sample() {
        let voice: Vec<[i16; 2]> =
            (0..9600_i32).map(|n| [(n * 37 % 16_000) as i16 - 8000, (n % 2000) as i16]).collect();
        let mut mixer = Mixer::new(15);
        let heard: Vec<[i16; 2]> =
            voice.chunks(3200).flat_map(|tick| samples(&mixer.mix([tick].into_iter()))).collect();
        let expected = |s: [i16; 2]| s.map(|s| raised(s.into()) as i16);
        assert!(heard[..DELAY].iter().all(|sample| *sample == [0, 0]));
        let all = heard[DELAY..].iter().zip(&voice);
        assert!(all.into_iter().all(|(heard, sent)| *heard == expected(*sent)));
    }

    #[test]
    fn nine_inputs_at_full_scale_do_not_clip() {
        let loud = vec![[i16::MAX, i16::MIN]; 3200];
        let mut mixer = Mixer::new(15);
        let heard: Vec<_> = (0..20)
            .flat_map(|_| samples(&mixer.mix(std::iter::repeat_n(loud.as_slice(), 9))))
            .collect();
        let level =
            |sample: &[i16; 2]| i32::from(sample[0].unsigned_abs().max(sample[1].unsigned_abs()));
        assert!(heard.iter().all(|sample| level(sample) <= CEILING));
        assert!(heard[2 * DELAY..].iter().all(|sample| level(sample) > CEILING * 9 / 10));
    }

    #[test]
    fn what_is_left_in_the_limiter_is_heard_after_the_voice_falls_silent() {
        let mut mixer = Mixer::new(15);
        mixer.mix([vec![[400; 2]; 3200].as_slice()].into_iter());
        let tail = samples(&mixer.mix(std::iter::empty()));
        assert!(tail[..DELAY].iter().all(|sample| *sample == [500; 2]));
        assert!(tail[DELAY..].iter().all(|sample| *sample == [0; 2]));
    }

    proptest! {
        #[test]
        fn no_sample_ever_clips(
            levels in prop::collection::vec(prop::collection::vec(any::<i16>(), 9), 1..12),
            fps in prop::sample::select(&[5_u32, 15, 25, 30][..]),
        ) {
            let mut mixer = Mixer::new(fps);
            let tick = (SAMPLE_RATE / fps) as usize;
            for levels in levels {
                let inputs: Vec<Vec<[i16; 2]>> = levels
                    .iter()
                    .map(|level| (0..tick).map(|n| if n % 100 < 50 { [*level, 0] } else { [0, *level] }).collect())
                    .collect();
                let mixed = mixer.mix(inputs.iter().map(Vec::as_slice));
                let over = samples(&mixed).into_iter().flatten().any(|s| i32::from(s).abs() > CEILING);
                prop_assert!(!over);
            }
        }
    }
}
