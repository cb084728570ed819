//! Gathers the encoder's samples into parts of 200 ms. Decides only where parts end and key
//! frames stand; numbers and names are the timeline's.

use super::cmaf::{Fragment, Sample};

/// What came out of the samples taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The next part begins with this key frame, the `frame`-th of the encoder generation from 0.
    KeyFrame {
        /// How many frames of this generation came before it.
        frame: u64,
    },
    /// A part is complete.
    Part(Fragment),
}

/// The samples of the part that is being filled.
#[derive(Debug)]
pub struct Assembler {
    part_ticks: usize,
    frames: u64,
    part: Fragment,
}

impl Assembler {
    /// For parts of `part_ticks` pictures.
    #[must_use]
    pub fn new(part_ticks: u32) -> Self {
        Self { part_ticks: part_ticks.max(1) as usize, frames: 0, part: Fragment::default() }
    }

    /// How many frames of this generation have been taken in.
    #[must_use]
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Takes a fragment in. Sound that has arrived when a part's last picture arrives belongs to
    /// the part; a part is never closed without a picture, because an encoder writes fragments
    /// that hold only sound.
    pub fn push(&mut self, fragment: Fragment) -> Vec<Step> {
        self.part.audio.extend(fragment.audio);
        let mut steps = Vec::new();
        for sample in fragment.video {
            self.push_frame(sample, &mut steps);
        }
        steps
    }

    fn push_frame(&mut self, sample: Sample, steps: &mut Vec<Step>) {
        if sample.is_key_frame() {
            steps.extend(self.flush());
            steps.push(Step::KeyFrame { frame: self.frames });
        }
        self.part.video.push(sample);
        self.frames += 1;
        if self.part.video.len() >= self.part_ticks {
            steps.extend(self.flush());
        }
    }

    /// Closes the part as short as it is. Without a picture there is none, and its sound waits for
    /// the next one.
    pub fn flush(&mut self) -> Option<Step> {
        let has_picture = !self.part.video.is_empty();
        has_picture.then(|| Step::Part(std::mem::take(&mut self.part)))
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

    /// The steps as text: `K0` a key frame behind 0 others, `3v2a` a part.
    fn steps(fragments: impl IntoIterator<Item = Fragment>) -> Vec<String> {
        let mut assembler = Assembler::new(3);
        let show = |step| match step {
            Step::KeyFrame { frame } => format!("K{frame}"),
            Step::Part(part) => format!("{}v{}a", part.video.len(), part.audio.len()),
        };
        fragments.into_iter().flat_map(|it| assembler.push(it)).map(show).collect()
    }

    #[test]
    fn a_part_closes_with_its_last_picture_and_takes_the_sound_so_far() {
        let fragments = [sound(), video(true), sound(), video(false), video(false), sound()];
        assert_eq!(steps(fragments), ["K0", "3v2a"]);
    }

    #[test]
    fn sound_alone_is_no_part() {
        assert!(steps([sound(), sound(), sound(), sound()]).is_empty());
        assert_eq!(Assembler::new(3).flush(), None);
    }

    #[test]
    fn an_early_key_frame_closes_the_part_before_it() {
        let fragments = [video(true), video(false), sound(), video(true), video(false)];
        assert_eq!(steps(fragments), ["K0", "2v1a", "K2"]);
    }
}
