//! When an ingest is sick: pure rules over what its process delivers, what it complains of, and what it leaves unread.
//!
//! ```text
//! frames, samples ──┐                 nothing to do
//! complaints ───────┼─▶ Health::check ──▶ KeyFrame   no frame for 0.5 s while RTP flows, at most one a second
//! unread datagrams ─┘                 ▶ Sick       respawn: what flows will not decode again by itself
//! ```
//!
//! Silence is no sickness: without RTP nothing is asked for and nothing is restarted.

use std::{collections::VecDeque, time::Duration};

use tokio::time::Instant;

use super::{complaint::Complaint, media::Progress};

/// Media may run this far ahead of time: sender reports move positions, a jump of timestamps goes beyond.
const AHEAD: Duration = Duration::from_secs(2);
/// Nothing for this long is silence.
pub const SILENCE: Duration = Duration::from_secs(2);
/// No frame for this long, while RTP flows, and a key frame is wanted.
const STALL: Duration = Duration::from_millis(500);
/// RTP that still does not decode so long after the first key frame was asked for will not.
const HOPELESS: Duration = Duration::from_secs(2);
/// A complaint counts as flowing RTP for this long.
const FRESH: Duration = Duration::from_secs(1);
/// The shortest and the longest time between two requests.
const ASK_AGAIN: Duration = Duration::from_secs(1);
const ASK_SELDOM: Duration = Duration::from_secs(8);
/// So many packets in a row refused as too old, without a frame for so long, are no reordering: the sequence numbers
/// began anew. A leap of them says as much at once, unless frames go on: then it was a stray packet.
const ANEW: u32 = 5;
const ANEW_FOR: Duration = Duration::from_millis(300);
/// When nothing came for this long, the kernel is asked what the process does, so often.
const LOOK: Duration = Duration::from_millis(100);
/// Datagrams unread for this long belong to a process that hangs.
const UNREAD: Duration = Duration::from_millis(400);
/// An announced resume after so long without a frame gets a new process first: 150 filled-in frames are the most.
const LONG_UNSEEN: Duration = Duration::from_secs(10);
/// The same for sound, which costs less to fill in.
const LONG_UNHEARD: Duration = Duration::from_secs(600);
/// Respawns in [`BUDGET_WINDOW`] before an input is given up.
const BUDGET: usize = 3;
const BUDGET_WINDOW: Duration = Duration::from_secs(60);

/// Whether a process that started `elapsed` ago cannot have media at `position` seconds yet.
pub fn is_time_jump(position: f64, elapsed: Duration) -> bool {
    position > (elapsed + AHEAD).as_secs_f64()
}

/// What a process that delivers nothing does, as the kernel sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attention {
    /// There is nothing to be read.
    Idle,
    /// Datagrams wait, and it may be busy or starved.
    Behind,
    /// Datagrams wait, and it is stopped.
    Stopped,
}

/// Why a process is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Sickness {
    /// A gap is being filled that no clock explains.
    #[error("timestamps jumped: {0} frames are being filled in")]
    TimeJump(u64),
    /// The sequence numbers began anew: FFmpeg waits for the old ones, or has followed to times that are off by hours.
    #[error("the sequence numbers began anew, as those of another SSRC do")]
    Anew,
    /// Key frames did not help.
    #[error("RTP flows and nothing decodes, 2 s after a key frame was asked for")]
    Undecodable,
    /// It reads nothing any more.
    #[error("it hangs: packets wait unread on its ports")]
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

/// The health of one process.
#[derive(Debug)]
pub struct Health {
    fps: f64,
    spawned: Instant,
    frames: u64,
    /// The newest complaint since the last frame.
    complained: Option<Instant>,
    /// Signs since the last frame that the sequence numbers began anew.
    anew: u32,
    /// The first key frame asked for since the last frame.
    asked: Option<Instant>,
    /// The pause after the next request, and when that may be.
    pause: Duration,
    ask_next: Option<Instant>,
    unread_since: Option<Instant>,
    looked: Option<Instant>,
}

impl Health {
    /// Of a process started at `spawned` that writes `fps` frames a second.
    pub fn new(fps: u32, spawned: Instant) -> Self {
        Self {
            fps: f64::from(fps),
            spawned,
            frames: 0,
            complained: None,
            anew: 0,
            asked: None,
            pause: ASK_AGAIN,
            ask_next: None,
            unread_since: None,
            looked: None,
        }
    }

    /// Judges the process at `now`. `resumed` is when pictures were to come, if they are: a paused camera has none.
    /// `attention` asks the kernel, and is called seldom.
    pub fn check(
        &mut self,
        now: Instant,
        progress: &Progress,
        complaints: impl Iterator<Item = Complaint>,
        resumed: Option<Instant>,
        attention: impl FnOnce() -> Attention,
    ) -> Verdict {
        if progress.frames > self.frames {
            self.frames = progress.frames;
            (self.complained, self.anew) = (None, 0);
            (self.asked, self.pause) = (None, ASK_AGAIN);
        }
        let unseen = now - progress.last_frame.unwrap_or(self.spawned);
        for complaint in complaints {
            match complaint {
                Complaint::Filling(frames) if self.is_beyond(unseen, frames) => {
                    return Verdict::Sick(Sickness::TimeJump(frames));
                }
                // The picture is back already, behind the filled-in frames.
                Complaint::Filling(_) => {}
                Complaint::Refused => {
                    self.anew += 1;
                    self.complained = Some(now);
                }
                Complaint::Leapt => {
                    self.anew += ANEW;
                    self.complained = Some(now);
                }
                Complaint::Other => self.complained = Some(now),
            }
        }
        if self.hangs(now, progress, attention) {
            return Verdict::Sick(Sickness::Hung);
        }
        let Some(resumed) = resumed else { return Verdict::Well };
        let stalled =
            now.saturating_duration_since(progress.last_frame.unwrap_or(resumed).max(resumed));
        if self.anew >= ANEW && stalled >= ANEW_FOR {
            return Verdict::Sick(Sickness::Anew);
        }
        if stalled < STALL {
            return Verdict::Well;
        }
        let flows = self.complained.is_some_and(|at| now - at < FRESH);
        if flows && self.asked.is_some_and(|at| now - at >= HOPELESS) {
            return Verdict::Sick(Sickness::Undecodable);
        }
        // A microphone that is heard, or a complaint after the last frame: somebody is there.
        let heard = progress.last_sample.is_some_and(|at| now - at < STALL);
        let due = self.ask_next.is_none_or(|at| now >= at);
        if due && (heard || self.complained.is_some()) {
            self.ask_next = Some(now + self.pause);
            self.pause = (self.pause * 2).min(ASK_SELDOM);
            self.asked.get_or_insert(now);
            return Verdict::KeyFrame;
        }
        Verdict::Well
    }

    /// Whether no silence of `unseen` explains `frames` filled in.
    fn is_beyond(&self, unseen: Duration, frames: u64) -> bool {
        frames as f64 > (unseen + AHEAD).as_secs_f64() * self.fps
    }

    fn hangs(
        &mut self,
        now: Instant,
        progress: &Progress,
        attention: impl FnOnce() -> Attention,
    ) -> bool {
        if now - progress.last().unwrap_or(self.spawned) < LOOK {
            (self.unread_since, self.looked) = (None, None);
        } else if self.looked.is_none_or(|at| now - at >= LOOK) {
            self.looked = Some(now);
            self.unread_since = match attention() {
                Attention::Idle => None,
                Attention::Behind => self.unread_since.or(Some(now)),
                Attention::Stopped => return true,
            };
        }
        self.unread_since.is_some_and(|since| now - since >= UNREAD)
    }
}

/// Whether tracks about to send again, unseen or unheard for so long, get a new process first: what is `None` is not
/// about to send.
pub fn starts_afresh(unseen: Option<Duration>, unheard: Option<Duration>) -> bool {
    unseen.is_some_and(|since| since > LONG_UNSEEN)
        || unheard.is_some_and(|since| since > LONG_UNHEARD)
}

/// How often an input was respawned lately.
#[derive(Debug, Default)]
pub struct Respawns(VecDeque<Instant>);

impl Respawns {
    /// Spends one respawn; false when the budget of 3 a minute is used up.
    pub fn spend(&mut self, now: Instant) -> bool {
        self.0.retain(|&spent| now - spent < BUDGET_WINDOW);
        if self.0.len() == BUDGET {
            return false;
        }
        self.0.push_back(now);
        true
    }
}

#[cfg(test)]
mod tests;
