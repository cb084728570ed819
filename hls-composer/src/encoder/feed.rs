//! Ticks on their way into the encoder, and the last ones once more for its successor.

use std::{collections::VecDeque, io, time::Duration};

use tokio::{io::AsyncWriteExt as _, net::unix::pipe, time::Instant};

use crate::compositor::Tick;

/// Seconds of ticks kept for a successor.
const KEPT: usize = 2;

/// The last ticks: which were written, and which of those were seen in fragments.
#[derive(Debug)]
pub struct Replay {
    ticks: VecDeque<Tick>,
    capacity: usize,
    /// How many of `ticks`, from the front, are written to the running encoder.
    written: usize,
    /// How many of those came back in fragments.
    seen: usize,
    /// Frames the running encoder has delivered.
    delivered: u64,
    /// When the running encoder last delivered something, or was started.
    progressed: Instant,
}

impl Replay {
    /// Nothing yet.
    pub fn new(fps: u32) -> Self {
        Self {
            ticks: VecDeque::new(),
            capacity: KEPT * fps as usize,
            written: 0,
            seen: 0,
            delivered: 0,
            progressed: Instant::now(),
        }
    }

    /// One more tick. When nobody writes for 2 s, the oldest are lost.
    pub fn take(&mut self, tick: Tick) {
        self.ticks.push_back(tick);
        while self.seen > 0 {
            self.ticks.pop_front();
            self.seen -= 1;
            self.written -= 1;
        }
        while self.ticks.len() > self.capacity && self.written == 0 {
            self.ticks.pop_front();
        }
    }

    /// A tick that continues nothing: what was before it is over.
    pub fn restart_with(&mut self, tick: Tick) {
        self.ticks.clear();
        (self.written, self.seen) = (0, 0);
        self.ticks.push_back(tick);
    }

    /// A new encoder starts: all that was not seen is written again. Answers its first tick.
    pub fn start_generation(&mut self) -> Option<&Tick> {
        self.ticks.drain(..self.seen);
        (self.written, self.seen, self.delivered) = (0, 0, 0);
        self.progressed = Instant::now();
        self.ticks.front()
    }

    /// The encoder has delivered `frames` frames in all. Answers how many are new.
    pub fn saw(&mut self, frames: u64) -> u64 {
        let outstanding = self.written - self.seen;
        let newly = frames.saturating_sub(self.delivered).min(outstanding as u64);
        self.delivered += newly;
        self.seen += newly as usize;
        self.progressed = Instant::now();
        newly
    }

    /// Whether the running encoder has delivered anything.
    pub fn has_delivered(&self) -> bool {
        self.delivered > 0
    }

    /// Whether no tick waits.
    pub fn is_empty(&self) -> bool {
        self.ticks.len() == self.seen
    }

    /// Whether some tick is not written yet.
    pub fn has_unwritten(&self) -> bool {
        self.written < self.ticks.len()
    }

    /// Ticks the encoder was due to deliver and did not.
    pub fn owed(&self) -> u64 {
        (self.ticks.len() - self.seen) as u64
    }

    /// Whether more is owed than viewers who wait for it want to see, and memory should hold: `limit` ticks.
    pub fn is_hopeless(&self, limit: u64) -> bool {
        self.owed() >= limit
    }

    /// When the encoder counts as hung: it owes more than `limit` ticks and delivers nothing for `patience`. One that
    /// is merely slow is left alone, since replacing it would cost more than it owes.
    pub fn hung_at(&self, limit: u64, patience: Duration) -> Option<Instant> {
        (self.owed() > limit).then(|| self.progressed + patience)
    }

    fn next_unwritten(&self) -> Option<Tick> {
        self.ticks.get(self.written).cloned()
    }
}

/// The encoder's inputs.
#[derive(Debug)]
pub struct Feed {
    video: pipe::Sender,
    audio: pipe::Sender,
    current: Option<Partial>,
}

/// A tick that is partly written.
#[derive(Debug)]
struct Partial {
    tick: Tick,
    picture: usize,
    sound: usize,
}

impl Feed {
    /// Both pipes, empty.
    pub fn new(video: pipe::Sender, audio: pipe::Sender) -> Self {
        Self { video, audio, current: None }
    }

    /// Writes the next unwritten tick; for ever when there is none. May be cancelled at any point: what was written of
    /// a tick is remembered.
    pub async fn write(&mut self, replay: &mut Replay) -> io::Result<()> {
        let partial = match &mut self.current {
            Some(partial) => partial,
            none => match replay.next_unwritten() {
                None => return std::future::pending().await,
                Some(tick) => none.insert(Partial { tick, picture: 0, sound: 0 }),
            },
        };
        let Partial { tick, picture, sound } = partial;
        // Both at once: FFmpeg reads the inputs in an order of its own.
        let (video, audio) = (&mut self.video, &mut self.audio);
        tokio::try_join!(
            async {
                while *picture < tick.picture.len() {
                    *picture += video.write(&tick.picture[*picture..]).await?;
                }
                io::Result::Ok(())
            },
            async {
                while *sound < tick.sound.len() {
                    *sound += audio.write(&tick.sound[*sound..]).await?;
                }
                io::Result::Ok(())
            },
        )?;
        self.current = None;
        replay.written += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use bytes::Bytes;

    use super::*;

    fn tick(number: u64) -> Tick {
        Tick {
            number,
            due: SystemTime::UNIX_EPOCH,
            after_jump: false,
            picture: Bytes::new(),
            sound: Bytes::new(),
        }
    }

    fn numbers(replay: &Replay) -> Vec<u64> {
        replay.ticks.iter().map(|tick| tick.number).collect()
    }

    #[test]
    fn a_successor_starts_with_the_first_tick_not_seen() {
        let mut replay = Replay::new(15);
        (0..10).for_each(|n| replay.take(tick(n)));
        replay.start_generation();
        replay.written = 10;
        assert_eq!(replay.saw(7), 7);
        assert_eq!(replay.owed(), 3);
        assert_eq!(replay.start_generation().map(|tick| tick.number), Some(7));
        assert_eq!(replay.owed(), 3);
        assert_eq!(replay.saw(2), 0, "a successor counts from 0 and has written nothing");
    }

    #[test]
    fn without_an_encoder_the_last_two_seconds_are_kept() {
        let mut replay = Replay::new(15);
        (0..100).for_each(|n| replay.take(tick(n)));
        assert_eq!(numbers(&replay), (70..100).collect::<Vec<_>>());
    }

    #[test]
    fn an_encoder_that_is_far_behind_is_hopeless_until_the_time_is_skipped() {
        let mut replay = Replay::new(15);
        replay.take(tick(0));
        replay.start_generation();
        replay.written = 1;
        (1..450).for_each(|n| replay.take(tick(n)));
        assert!(replay.is_hopeless(450) && !replay.is_hopeless(451));
        replay.restart_with(tick(450));
        assert!(!replay.is_hopeless(450));
        assert_eq!(numbers(&replay), [450]);
    }

    #[test]
    fn what_was_seen_is_not_kept() {
        let mut replay = Replay::new(15);
        replay.take(tick(0));
        replay.start_generation();
        replay.written = 1;
        replay.saw(1);
        replay.take(tick(1));
        assert_eq!(numbers(&replay), [1]);
        assert!(replay.has_unwritten());
    }
}
