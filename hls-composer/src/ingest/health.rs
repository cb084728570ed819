//! When an ingest is sick: pure rules over what its process delivers, what it complains of, and what the kernel says.
//!
//! ```text
//! frames, samples ──┐                 nothing to do
//! complaints ───────┼─▶ Health::check ──▶ KeyFrame   no frame for 0.5 s while somebody is there, at most one a second
//! the kernel ───────┘                 ▶ Sick       respawn: what flows will not be taken again by itself
//! ```
//!
//! Silence is no sickness, loss is none, and waiting for a core is none. A new process cuts the voice for a moment, so a
//! picture alone is no reason for one while key frames may still help.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{command::LONGEST_SILENCE, complaint::Complaint, media::Progress};
use crate::process::{Activity, Idleness};

/// Nothing for this long is silence.
pub const SILENCE: Duration = Duration::from_secs(2);
/// No frame for this long, while somebody is there, and a key frame is wanted.
const STALL: Duration = Duration::from_millis(500);
/// A complaint counts as RTP that flows for this long.
const FRESH: Duration = Duration::from_secs(1);
/// The shortest and the longest time between two requests for key frames.
const ASK_AGAIN: Duration = Duration::from_secs(1);
const ASK_SELDOM: Duration = Duration::from_secs(8);
/// RTP that does not decode for so long, though key frames are asked for every second, will not: the last resort, and only
/// where there is no voice to be cut.
const HOPELESS: Duration = Duration::from_secs(30);
/// So many packets in a row refused as too old, for so long, while nothing is delivered, are no packets that were sent
/// again too late: the sequence numbers began anew.
const ANEW: u32 = 5;
const ANEW_FOR: Duration = Duration::from_millis(300);
/// The same where the other track is well, and would be cut.
const ANEW_BESIDE: Duration = Duration::from_secs(1);
/// When nothing came for this long, the kernel is asked what the process does, so often.
const LOOK: Duration = Duration::from_millis(100);
/// An announced resume of sound after so long unheard gets a new process first, instead of that much silence filled in.
const LONG_UNHEARD: Duration = Duration::from_secs(LONGEST_SILENCE as u64);
/// Respawns in [`BUDGET_WINDOW`] before an input is given up.
const BUDGET: usize = 3;
const BUDGET_WINDOW: Duration = Duration::from_secs(60);
/// A process that lived for less than this died young.
const YOUNG: Duration = Duration::from_secs(1);
/// The pause after the first one that did.
const PAUSE: Duration = Duration::from_millis(250);

/// Since when each track is expected to send, if it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected {
    /// Pictures.
    pub pictures: Option<Instant>,
    /// Sound.
    pub sound: Option<Instant>,
}

/// What a process that delivers nothing does, as the kernel sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attention {
    /// There is nothing to be read.
    Idle,
    /// Datagrams wait, and the process does this.
    Unread(Activity),
}

/// Why a process is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Sickness {
    /// The sequence numbers began anew: FFmpeg waits for the old ones.
    #[error("the sequence numbers began anew, as those of another SSRC do")]
    Anew,
    /// Key frames did not help.
    #[error("RTP flows and nothing decodes, 30 s after a key frame was asked for")]
    Undecodable,
    /// It reads nothing any more.
    #[error("it hangs: packets wait unread on its ports, and it does not wait for a core")]
    Hung,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Well,
    /// Ask the sender for a key frame.
    KeyFrame,
    /// Replace the process.
    Sick(Sickness),
}

/// Packets refused in a row, one soon after the other.
#[derive(Clone, Copy, Debug)]
struct Refused {
    since: Instant,
    newest: Instant,
    count: u32,
}

impl Refused {
    /// One packet more. A few in an hour are no row.
    fn one_more(former: Option<Self>, now: Instant) -> Self {
        let row = former.filter(|row| row.is_going_on(now));
        let Self { since, count, .. } = row.unwrap_or(Self { since: now, newest: now, count: 0 });
        Self { since, newest: now, count: count + 1 }
    }

    fn is_going_on(&self, now: Instant) -> bool {
        now - self.newest < FRESH
    }
}

/// The health of one process.
#[derive(Debug)]
pub struct Health {
    spawned: Instant,
    frames: u64,
    /// The newest complaint since the last frame.
    complained: Option<Instant>,
    /// The newest row, if nothing else was said since.
    refused: Option<Refused>,
    /// The first key frame asked for since the last frame, and the pause after the newest.
    asked: Option<Instant>,
    pause: Duration,
    /// The newest of all: a frame in between shortens no pause.
    asked_last: Option<Instant>,
    /// Since datagrams wait.
    idleness: Option<Idleness>,
    looked: Option<Instant>,
}

impl Health {
    /// Of a process started at `spawned`.
    pub fn new(spawned: Instant) -> Self {
        Self {
            spawned,
            frames: 0,
            complained: None,
            refused: None,
            asked: None,
            pause: ASK_AGAIN,
            asked_last: None,
            idleness: None,
            looked: None,
        }
    }

    /// Judges the process at `now`. `attention` asks the kernel, and is called seldom.
    pub fn check(
        &mut self,
        now: Instant,
        progress: &Progress,
        complaints: impl Iterator<Item = Complaint>,
        expected: Expected,
        attention: impl FnOnce() -> Attention,
    ) -> Verdict {
        if progress.frames > self.frames {
            self.frames = progress.frames;
            self.complained = None;
            (self.asked, self.pause) = (None, ASK_AGAIN);
        }
        for complaint in complaints {
            self.complained = Some(now);
            match complaint {
                Complaint::Refused => {
                    self.refused = Some(Refused::one_more(self.refused, now));
                }
                Complaint::Taken => self.refused = None,
            }
        }
        if self.hangs(now, progress, attention) {
            return Verdict::Sick(Sickness::Hung);
        }
        if self.began_anew(now, progress, expected) {
            return Verdict::Sick(Sickness::Anew);
        }
        match expected.pictures {
            Some(since) => self.check_pictures(now, progress, since),
            None => Verdict::Well,
        }
    }

    /// Pictures have been expected since `since`.
    fn check_pictures(&mut self, now: Instant, progress: &Progress, since: Instant) -> Verdict {
        let last = progress.last_frame.map_or(since, |last| last.max(since));
        if now.saturating_duration_since(last) < STALL {
            return Verdict::Well;
        }
        let flows = self.complained.is_some_and(|at| now - at < FRESH);
        let is_heard = progress.last_sample.is_some_and(|at| now - at < STALL);
        let hopeless = self.asked.is_some_and(|first| now - first >= HOPELESS);
        if flows && hopeless && !is_heard {
            return Verdict::Sick(Sickness::Undecodable);
        }
        // Who only is heard may have no picture to send. What does not decode is asked for every second: whoever has a
        // bad network gets the picture back as soon as one key frame comes through.
        let pause = if flows { ASK_AGAIN } else { self.pause };
        let due = self.asked_last.is_none_or(|at| now - at >= pause);
        if due && (is_heard || self.complained.is_some()) {
            if self.asked.is_some() {
                self.pause = (self.pause * 2).min(ASK_SELDOM);
            }
            self.asked.get_or_insert(now);
            self.asked_last = Some(now);
            return Verdict::KeyFrame;
        }
        Verdict::Well
    }

    /// Whether a track that is expected to send has delivered nothing since its packets began to be refused.
    fn began_anew(&self, now: Instant, progress: &Progress, expected: Expected) -> bool {
        let is_a_row = |refused: &Refused| refused.count >= ANEW && refused.is_going_on(now);
        let Some(refused) = self.refused.filter(is_a_row) else { return false };
        let is_well = |last: Option<Instant>| last.is_some_and(|at| at > refused.since);
        let is_out = |expected: Option<Instant>, last: Option<Instant>, other: Option<Instant>| {
            let least = if is_well(other) { ANEW_BESIDE } else { ANEW_FOR };
            let since = expected.map(|expected| expected.max(refused.since));
            since.is_some_and(|since| {
                !is_well(last) && now.saturating_duration_since(since) >= least
            })
        };
        let Progress { last_frame, last_sample, .. } = *progress;
        is_out(expected.pictures, last_frame, last_sample)
            || is_out(expected.sound, last_sample, last_frame)
    }

    fn hangs(
        &mut self,
        now: Instant,
        progress: &Progress,
        attention: impl FnOnce() -> Attention,
    ) -> bool {
        if now - progress.last().unwrap_or(self.spawned) < LOOK {
            (self.idleness, self.looked) = (None, None);
            return false;
        }
        if self.looked.is_some_and(|at| now - at < LOOK) {
            return false;
        }
        self.looked = Some(now);
        match attention() {
            Attention::Idle => {
                self.idleness = None;
                false
            }
            Attention::Unread(activity) => {
                let begin = || Idleness::begin(now, activity);
                self.idleness.get_or_insert_with(begin).hangs(now, activity)
            }
        }
    }
}

/// Whether sound about to be sent again, unheard for so long, gets a new process first; `None` is not about to be sent.
pub fn starts_afresh(unheard: Option<Duration>) -> bool {
    unheard.is_some_and(|since| since > LONG_UNHEARD)
}

/// How often an input was respawned lately.
#[derive(Debug, Default)]
pub struct Respawns {
    spent: VecDeque<Instant>,
    /// How many in a row died young.
    young: u32,
}

impl Respawns {
    /// Spends one respawn for a process that lived from `begun` until `now`: the pause before it, none unless the process
    /// died young, and longer with each that does. `None` when the budget of 3 a minute is used up.
    pub fn spend(&mut self, begun: Instant, now: Instant) -> Option<Duration> {
        self.spent.retain(|&spent| now - spent < BUDGET_WINDOW);
        if self.spent.len() == BUDGET {
            return None;
        }
        self.spent.push_back(now);
        self.young = if now - begun < YOUNG { self.young + 1 } else { 0 };
        Some(if self.young == 0 { Duration::ZERO } else { PAUSE * (1 << (self.young - 1).min(4)) })
    }
}

#[cfg(test)]
mod tests;
