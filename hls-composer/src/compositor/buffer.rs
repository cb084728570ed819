//! The media of one input that is not due yet, and the frame that is.

use std::collections::VecDeque;

use bytes::Bytes;
use tokio::time::Instant;

use super::{limiter, playout::Playout};
use crate::ingest::{Media, SAMPLE_RATE, media::Payload};

/// Frames kept at most: what a paused consumer's gap fill brings in one burst is dropped from the old end.
const MAX_FRAMES: usize = 64;
/// Samples kept at most: 4 s.
const MAX_SAMPLES: usize = 4 * SAMPLE_RATE as usize;
/// As many frames that are due at once are shown one after the other: a frame that came late is shown late, and playout,
/// which has seen the same, follows. Of more than that only the newest is shown.
const LATE_FRAMES: usize = 2;
/// Where playout has not followed after so many seconds, one of them is left out: lips are late for no longer.
const LATE_FOR: u32 = 2;
/// A read position further off than this is set anew, in samples (200 ms).
const RESYNC: i64 = SAMPLE_RATE as i64 / 5;
/// Samples an Opus encoder looks ahead (RFC 7587, section 4.2: the decoder's start is not trimmed in RTP): sound stands
/// so much behind its timestamp.
const LOOKAHEAD: i64 = 312;
/// Sound is read so much ahead of its picture, for what delays it before and after.
const LEAD: i64 = LOOKAHEAD + limiter::DELAY as i64;
/// An error below this is left alone, in samples (5 ms).
const DEAD_ZONE: i64 = SAMPLE_RATE as i64 / 200;

/// Frames and samples of one input, by position.
#[derive(Debug)]
pub struct InputBuffer {
    fps: u32,
    generation: u32,
    playout: Playout,
    frames: VecDeque<(u64, Bytes)>,
    shown: Option<Shown>,
    frames_taken: u64,
    /// Ticks in a row at which more than one frame was due.
    late_ticks: u32,
    sound: VecDeque<[i16; 2]>,
    /// Position of the first sample in `sound`.
    sound_start: u64,
    /// Where the next read starts, once reading has begun.
    read: Option<i64>,
    mixed: Vec<[i16; 2]>,
}

/// The frame on show.
#[derive(Clone, Debug)]
pub struct Shown {
    /// Grows with every new frame of this input, across generations.
    pub serial: u64,
    /// One I420 picture.
    pub picture: Bytes,
}

impl InputBuffer {
    /// Nothing yet.
    pub fn new(fps: u32) -> Self {
        Self {
            fps,
            generation: 0,
            playout: Playout::new(Instant::now(), fps),
            frames: VecDeque::new(),
            shown: None,
            frames_taken: 0,
            late_ticks: 0,
            sound: VecDeque::new(),
            sound_start: 0,
            read: None,
            mixed: vec![[0; 2]; (SAMPLE_RATE / fps) as usize],
        }
    }

    /// Media arrived. A new generation starts its own time; the frame on show stays.
    pub fn take(&mut self, media: Media) {
        if media.generation < self.generation {
            return;
        }
        if media.generation > self.generation {
            self.generation = media.generation;
            self.playout = Playout::new(media.arrived, self.fps);
            self.frames.clear();
            self.sound.clear();
            self.read = None;
        }
        match media.payload {
            Payload::Frame { index, picture } => {
                let position = index as f64 / f64::from(self.fps);
                self.playout.frame_arrived(media.arrived, position);
                // Of two frames for one tick the later one counts.
                while self.frames.back().is_some_and(|(last, _)| *last >= index) {
                    self.frames.pop_back();
                }
                if self.frames.len() == MAX_FRAMES {
                    self.frames.pop_front();
                }
                self.frames.push_back((index, picture));
            }
            Payload::Samples { first, samples } => {
                let position = first as f64 / f64::from(SAMPLE_RATE);
                let position = self.playout.sound_arrived(media.arrived, position);
                self.continue_sound((position * f64::from(SAMPLE_RATE)).round() as u64);
                self.sound.extend(samples);
                let surplus = self.sound.len().saturating_sub(MAX_SAMPLES);
                self.sound.drain(..surplus);
                self.sound_start += surplus as u64;
            }
        }
    }

    /// What is kept of the sound ends at sample `first`: a gap is silence, and where time jumps nothing of before counts.
    fn continue_sound(&mut self, first: u64) {
        let end = self.sound_start + self.sound.len() as u64;
        match first.checked_sub(end) {
            Some(gap) if !self.sound.is_empty() && gap <= MAX_SAMPLES as u64 => {
                self.sound.extend(std::iter::repeat_n([0; 2], gap as usize));
            }
            _ => {
                self.sound.clear();
                self.sound_start = first;
            }
        }
    }

    /// Moves on to the tick due at `now`: chooses the frame on show, and the tick's samples.
    pub fn advance(&mut self, now: Instant) {
        let sound_begins = self.read.is_none() && !self.sound.is_empty();
        if self.playout.advance(now, sound_begins) {
            self.read = None;
        }
        let due = self.playout.position(now);
        self.choose_frame(due);
        self.choose_samples(due);
    }

    /// The frame on show, if there ever was one.
    pub fn shown(&self) -> Option<&Shown> {
        self.shown.as_ref()
    }

    /// One tick of sound, silence where there is none.
    pub fn samples(&self) -> &[[i16; 2]] {
        &self.mixed
    }

    fn choose_frame(&mut self, due: Option<f64>) {
        let Some(due) = due else { return };
        // The nearest frame: lips are early as often as they are late.
        let newest_due = (due * f64::from(self.fps)).round();
        let due = self.frames.iter().take_while(|(index, _)| *index as f64 <= newest_due).count();
        self.late_ticks = if due > 1 { self.late_ticks + 1 } else { 0 };
        let steps = match due {
            // The very first frame is shown on arrival: a picture now beats the right one in 0.3 s.
            0 => usize::from(self.shown.is_none()).min(self.frames.len()),
            late if late <= LATE_FRAMES && self.late_ticks <= LATE_FOR * self.fps => 1,
            overdue => overdue,
        };
        if let Some((_, picture)) = self.frames.drain(..steps).next_back() {
            self.frames_taken += steps as u64;
            self.shown = Some(Shown { serial: self.frames_taken, picture });
        }
    }

    fn choose_samples(&mut self, due: Option<f64>) {
        let Some(due) = due.filter(|_| !self.sound.is_empty()) else {
            self.mixed.fill([0; 2]);
            // After a silence (DTX sends a packet every 400 ms) sound goes on where it belongs, not where it stopped.
            self.read = None;
            return;
        };
        let tick = self.mixed.len() as i64;
        let wanted = (due * f64::from(SAMPLE_RATE)) as i64 + LEAD;
        let read = match self.read {
            Some(read) if (wanted - read).abs() <= RESYNC => read,
            _ => wanted,
        };
        // 0.5 % faster or slower until the read position is where it should be.
        let error = wanted - read;
        let bend = if error.abs() < DEAD_ZONE {
            0
        } else {
            (tick / 200).min(error.abs()) * error.signum()
        };
        let source = tick + bend;
        let start = self.sound_start as i64;
        for (n, slot) in self.mixed.iter_mut().enumerate() {
            let position = n as i64 * source;
            let (whole, rest) = (read + position / tick - start, position % tick);
            let at = |index: i64| {
                usize::try_from(index).ok().and_then(|index| self.sound.get(index)).copied()
            };
            let here = at(whole).unwrap_or_default();
            *slot = if rest == 0 {
                here
            } else {
                let next = at(whole + 1).unwrap_or(here);
                [0, 1].map(|c| blend(here[c], next[c], rest, tick))
            };
        }
        let next = read + source;
        self.read = Some(next);
        let behind = usize::try_from(next - start).unwrap_or(0).min(self.sound.len());
        self.sound.drain(..behind);
        self.sound_start += behind as u64;
    }
}

/// The value `rest` / `whole` of the way from one sample to the next; it lies between them.
fn blend(from: i16, to: i16, rest: i64, whole: i64) -> i16 {
    let value = i64::from(from) + (i64::from(to) - i64::from(from)) * rest / whole;
    value as i16
}

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use super::*;

    const FPS: u32 = 15;

    fn samples(input: &Arc<str>, at: Instant, first: u64, count: usize) -> Media {
        let samples = (0..count).map(|n| [((first as usize + n) % 1000) as i16, 7]).collect();
        Media {
            input: input.clone(),
            generation: 1,
            arrived: at,
            payload: Payload::Samples { first, samples },
        }
    }

    fn frame(input: &Arc<str>, generation: u32, at: Instant, index: u64) -> Media {
        let picture = Bytes::from(vec![index as u8; 4]);
        Media {
            input: input.clone(),
            generation,
            arrived: at,
            payload: Payload::Frame { index, picture },
        }
    }

    #[test]
    fn in_steady_state_no_sample_is_lost_or_repeated() {
        let id: Arc<str> = "a".into();
        let start = Instant::now();
        let mut buffer = InputBuffer::new(FPS);
        let mut heard = Vec::new();
        for run in 0..250_u64 {
            let now = start + Duration::from_millis(20 * run);
            buffer.take(samples(&id, now, 960 * run, 960));
            while (heard.len() as u64 / 3200) * 1000 / 15 < 20 * run {
                let tick = heard.len() as u64 / 3200;
                buffer.advance(start + Duration::from_nanos(tick * 1_000_000_000 / 15));
                heard.extend_from_slice(buffer.samples());
            }
        }
        let from = heard.iter().position(|s| s[1] == 7).expect("sound") + 1;
        let tail = &heard[from..];
        assert!(tail.len() > 100_000);
        let breaks = tail.windows(2).filter(|pair| pair[1][0] != (pair[0][0] + 1) % 1000).count();
        assert_eq!(breaks, 0);
    }

    #[test]
    fn a_late_input_shows_its_last_frame_and_is_silent() {
        let id: Arc<str> = "a".into();
        let start = Instant::now();
        let mut buffer = InputBuffer::new(FPS);
        buffer.take(frame(&id, 1, start, 0));
        buffer.advance(start);
        buffer.advance(start + Duration::from_secs(5));
        assert_eq!(buffer.shown().map(|shown| shown.picture[0]), Some(0));
        assert!(buffer.samples().iter().all(|sample| *sample == [0, 0]));
    }

    #[test]
    fn after_a_silence_sound_is_where_it_belongs_at_once() {
        let id: Arc<str> = "a".into();
        let start = Instant::now();
        let mut buffer = InputBuffer::new(FPS);
        let mut first_heard = vec![];
        let mut sent = 0;
        for tick in 0..150_u64 {
            let now = start + Duration::from_nanos(tick * 1_000_000_000 / 15);
            // A second of sound, then 150 ms without any, again and again.
            while start + Duration::from_millis(20 * sent) <= now {
                if (20 * sent) % 1150 < 1000 {
                    buffer.take(samples(
                        &id,
                        start + Duration::from_millis(20 * sent),
                        960 * sent,
                        960,
                    ));
                }
                sent += 1;
            }
            let due = buffer.playout.position(now);
            buffer.advance(now);
            if let (Some(due), Some(read), false) = (due, buffer.read, buffer.sound.is_empty()) {
                let tick_samples = i64::from(SAMPLE_RATE / FPS);
                first_heard.push(read - tick_samples - LEAD - (due * 48_000.0) as i64);
            }
        }
        let off = first_heard[30..].iter().map(|error| error.abs()).max();
        assert!(off < Some(SAMPLE_RATE.into()).map(|rate: i64| rate / 50), "{first_heard:?}");
    }

    #[test]
    fn sound_that_goes_on_where_it_stopped_is_heard_again_beside_a_picture_that_went_on() {
        let id: Arc<str> = "a".into();
        let start = Instant::now();
        let mut buffer = InputBuffer::new(FPS);
        let (mut heard, mut sent) = (vec![], 0);
        for tick in 0..300_u64 {
            let now = start + Duration::from_nanos(tick * 1_000_000_000 / 15);
            buffer.take(frame(&id, 1, now, tick));
            // Sound from 0 to 5 s and from 13 s on, numbered without a gap.
            for run in (1000 * tick / 15).div_ceil(20)..(1000 * (tick + 1) / 15).div_ceil(20) {
                if !(250..650).contains(&run) {
                    let at = start + Duration::from_millis(20 * run);
                    buffer.take(samples(&id, at, 960 * sent, 960));
                    sent += 1;
                }
            }
            buffer.advance(now);
            heard.push(buffer.samples().iter().all(|sample| sample[1] == 7));
        }
        let at = |seconds: usize| heard[seconds * 15..][..15].iter().all(|heard| *heard);
        assert!(at(3) && !at(14) && at(16) && at(19));
    }

    /// The frames on show at one tick after another, each frame arriving when `arrival` says.
    fn shown(ticks: u64, arrival: impl Fn(u64) -> f64) -> Vec<u8> {
        let id: Arc<str> = "a".into();
        let start = Instant::now();
        let mut buffer = InputBuffer::new(FPS);
        let mut next = 0;
        let mut shown = Vec::new();
        for tick in 0..ticks {
            let now = start + Duration::from_secs_f64(tick as f64 / 15.0);
            while start + Duration::from_secs_f64(arrival(next)) <= now {
                let arrived = start + Duration::from_secs_f64(arrival(next));
                buffer.take(frame(&id, 1, arrived, next));
                next += 1;
            }
            buffer.advance(now);
            shown.extend(buffer.shown().map(|shown| shown.picture[0]));
        }
        shown
    }

    #[test]
    fn a_frame_that_comes_late_is_shown_late_and_one_is_left_out_later() {
        let hiccup = |n: u64| n as f64 / 15.0 + if n == 60 { 0.17 } else { 0.02 };
        let shown = shown(250, |n| (0..=n).map(hiccup).fold(0.0, f64::max));
        let steps: Vec<u8> = shown.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let settled = &steps[30..];
        let left_out: Vec<usize> = (0..settled.len()).filter(|n| settled[*n] > 1).collect();
        assert_eq!(left_out.len(), 1, "{steps:?}");
        // Frame 60 is the thirtieth here, and two seconds are thirty ticks.
        assert!((60..64).contains(&left_out[0]) && settled[left_out[0]] == 2, "{left_out:?}");
        let repeats = settled.iter().filter(|step| **step == 0).count();
        assert!((1..=2).contains(&repeats), "{repeats}");
    }

    #[test]
    fn frames_that_stay_late_catch_up_within_two_seconds() {
        let late = |n: u64| n as f64 / 15.0 + if n < 60 { 0.02 } else { 0.15 };
        let shown = shown(150, late);
        let behind: Vec<i64> = shown
            .iter()
            .enumerate()
            .map(|(tick, number)| tick as i64 - i64::from(*number))
            .collect();
        let settled = behind[50];
        assert!(behind[100..].iter().all(|ticks| *ticks <= settled + 1), "{behind:?}");
    }

    #[test]
    fn of_two_frames_for_one_tick_the_later_one_is_shown() {
        let id: Arc<str> = "a".into();
        let now = Instant::now();
        let mut buffer = InputBuffer::new(FPS);
        let mut second = frame(&id, 1, now, 0);
        second.payload = Payload::Frame { index: 0, picture: Bytes::from(vec![77; 4]) };
        buffer.take(frame(&id, 1, now, 0));
        buffer.take(second);
        buffer.advance(now);
        assert_eq!(buffer.shown().map(|shown| (shown.serial, shown.picture[0])), Some((1, 77)));
    }

    #[test]
    fn after_a_long_silence_the_newest_frame_is_shown_at_once() {
        let silence = |n: u64| if (60..90).contains(&n) { 6.1 } else { n as f64 / 15.0 + 0.02 };
        let shown = shown(240, silence);
        let before = shown.iter().rposition(|number| *number == 59).expect("the last frame before");
        assert!(shown[before + 1] > 85, "{}", shown[before + 1]);
    }

    #[test]
    fn a_new_generation_keeps_the_frame_on_show_until_it_has_its_own() {
        let id: Arc<str> = "a".into();
        let start = Instant::now();
        let mut buffer = InputBuffer::new(FPS);
        buffer.take(frame(&id, 1, start, 9));
        buffer.advance(start);
        let serial = buffer.shown().map(|shown| shown.serial);
        buffer.take(frame(&id, 2, start + Duration::from_secs(1), 0));
        assert_eq!(buffer.shown().map(|shown| shown.serial), serial);
        buffer.advance(start + Duration::from_secs(2));
        assert_eq!(buffer.shown().map(|shown| shown.picture[0]), Some(0));
    }

    #[test]
    fn a_burst_is_kept_within_bounds() {
        let id: Arc<str> = "a".into();
        let now = Instant::now();
        let mut buffer = InputBuffer::new(FPS);
        for index in 0..10_000 {
            buffer.take(frame(&id, 1, now, index));
            buffer.take(samples(&id, now, index * 960, 960));
        }
        assert!(buffer.frames.len() <= MAX_FRAMES && buffer.sound.len() <= MAX_SAMPLES);
    }
}
