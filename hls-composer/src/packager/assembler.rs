//! Gathers the encoder's samples into parts of 200 ms. Decides only where parts end and key
//! frames stand; numbers and names are the timeline's.
//!
//! A full part waits for the first picture behind it. Whoever publishes it hints the next part, and
//! has that picture in hand by then: what is hinted has begun, so it comes even if the encoder dies
//! in the same moment. The price is one tick.

use super::cmaf::{Fragment, Sample};

/// What came out of the samples taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The next part begins with a key frame.
    KeyFrame,
    /// A part is complete.
    Part(Fragment),
}

/// The samples of the part that is being filled.
#[derive(Debug)]
pub struct Assembler {
    part_ticks: usize,
    part: Fragment,
    /// Sound behind the newest picture, which goes with the next one.
    sound: Vec<Sample>,
}

impl Assembler {
    /// For parts of `part_ticks` pictures.
    #[must_use]
    pub fn new(part_ticks: u32) -> Self {
        let part_ticks = part_ticks.max(1) as usize;
        Self { part_ticks, part: Fragment::default(), sound: Vec::new() }
    }

    /// What has come of the part behind the last one that was given out; none before its first
    /// picture.
    #[must_use]
    pub fn begun(&self) -> Option<&Fragment> {
        (!self.part.video.is_empty()).then_some(&self.part)
    }

    /// Takes a fragment in. Sound that has arrived when a part's last picture arrives belongs to
    /// the part; a part is never closed without a picture, because an encoder writes fragments
    /// that hold only sound.
    pub fn push(&mut self, fragment: Fragment) -> Vec<Step> {
        self.sound.extend(fragment.audio);
        let mut steps = Vec::new();
        for sample in fragment.video {
            self.push_frame(sample, &mut steps);
        }
        steps
    }

    fn push_frame(&mut self, sample: Sample, steps: &mut Vec<Step>) {
        if sample.is_key_frame() || self.part.video.len() >= self.part_ticks {
            steps.extend(self.flush().map(Step::Part));
        }
        if sample.is_key_frame() {
            steps.push(Step::KeyFrame);
        }
        self.part.audio.append(&mut self.sound);
        self.part.video.push(sample);
    }

    /// Closes the part as short as it is; without a picture there is none.
    pub fn flush(&mut self) -> Option<Fragment> {
        let has_picture = !self.part.video.is_empty();
        has_picture.then(|| std::mem::take(&mut self.part))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn frame(key: bool) -> Sample {
        Sample {
            decode_time: 0,
            duration: 1024,
            flags: if key { 0x0200_0000 } else { 0x0101_0000 },
            composition_offset: 0,
            data: Bytes::new(),
        }
    }

    fn video(key: bool) -> Fragment {
        Fragment { video: vec![frame(key)], audio: Vec::new() }
    }

    fn sound() -> Fragment {
        Fragment { video: Vec::new(), audio: vec![frame(true)] }
    }

    fn show(part: &Fragment) -> String {
        format!("{}v{}a", part.video.len(), part.audio.len())
    }

    /// The steps as text: `K` a key frame, `3v2a` a part.
    fn steps(fragments: impl IntoIterator<Item = Fragment>) -> Vec<String> {
        let mut assembler = Assembler::new(3);
        let show = |step| match step {
            Step::KeyFrame => "K".to_owned(),
            Step::Part(part) => show(&part),
        };
        fragments.into_iter().flat_map(|it| assembler.push(it)).map(show).collect()
    }

    #[test]
    fn a_part_closes_behind_its_last_picture_and_takes_the_sound_before_it() {
        let fragments = [sound(), video(true), sound(), video(false), video(false), sound()];
        assert_eq!(steps(fragments.clone()), ["K"], "what follows has not begun");
        assert_eq!(steps(fragments.into_iter().chain([video(false)])), ["K", "3v2a"]);
    }

    #[test]
    fn a_part_that_is_given_out_has_a_successor_in_hand() {
        let mut assembler = Assembler::new(3);
        let mut given = 0;
        for number in 0..40 {
            let steps = assembler.push(video(number % 15 == 0));
            let parts = steps.iter().filter(|step| matches!(step, Step::Part(_))).count();
            assert!(parts == 0 || assembler.begun().is_some(), "behind frame {number}");
            given += parts;
        }
        assert_eq!((given, assembler.flush().map(|it| show(&it))), (13, Some("1v0a".to_owned())));
    }

    #[test]
    fn sound_alone_is_no_part() {
        assert!(steps([sound(), sound(), sound(), sound()]).is_empty());
        assert_eq!(Assembler::new(3).flush(), None);
    }

    #[test]
    fn an_early_key_frame_closes_the_part_before_it() {
        let fragments = [video(true), video(false), sound(), video(true), video(false)];
        assert_eq!(steps(fragments), ["K", "2v0a", "K"]);
    }
}
