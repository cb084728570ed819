//! What the directory knows of one broadcast.

use std::{
    collections::VecDeque,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::watch,
    task::{AbortHandle, Id},
};

use super::{Handle, Phase, removal::Files};
use crate::packager::{Address, View};

/// A broadcast whose task runs.
pub struct Entry {
    pub handle: Handle,
    /// The newest attempt that has asked for it.
    pub epoch: u64,
    pub address: Option<Address>,
    /// The same, for the packager to write down.
    pub written: watch::Sender<Option<Address>>,
    pub cpu: usize,
    pub since: Instant,
    pub task: AbortHandle,
    pub restarts: Restarts,
}

impl Entry {
    /// Viewers find it by `address` from now on, in the next process too.
    pub fn rename(&mut self, address: Option<Address>) {
        self.written.send_replace(address.clone());
        self.address = address;
    }

    /// Whether it has ended for its viewers, or altogether.
    pub fn is_over(&self) -> bool {
        self.has_ended() || self.task.is_finished()
    }

    /// Whether its task is gone, and it has not ended.
    pub fn has_failed(&self) -> bool {
        self.task.is_finished() && !self.has_ended()
    }

    fn has_ended(&self) -> bool {
        self.handle.status.borrow().phase == Phase::Ended
    }
}

/// A broadcast that failed and is read from disk again. Its viewers keep the lists they have.
pub struct Reviving {
    /// The newest attempt that had asked for it.
    pub epoch: u64,
    pub address: Option<Address>,
    pub view: watch::Receiver<Arc<View>>,
    pub cpu: usize,
    pub restarts: Restarts,
    pub files: Files,
    pub reason: String,
    /// The task that reads.
    pub task: Id,
}

/// A broadcast that ended in a former process and can still be watched.
pub struct Kept {
    pub address: Option<Address>,
    pub view: watch::Receiver<Arc<View>>,
    pub files: Files,
    /// Ends when its time is over.
    pub timer: AbortHandle,
}

/// How often a broadcast may be started again: three times a minute. What fails more often fails because of what it is
/// made of, and starting it again costs its neighbours their core.
#[derive(Clone, Debug, Default)]
pub struct Restarts(VecDeque<Instant>);

impl Restarts {
    const MOST: usize = 3;
    const WITHIN: Duration = Duration::from_secs(60);

    /// Takes one, if one is left.
    pub fn spend(&mut self, now: Instant) -> bool {
        while self.0.front().is_some_and(|at| now.duration_since(*at) >= Self::WITHIN) {
            self.0.pop_front();
        }
        let left = self.0.len() < Self::MOST;
        if left {
            self.0.push_back(now);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fourth_failure_within_a_minute_is_one_too_many() {
        let mut restarts = Restarts::default();
        let begun = Instant::now();
        let after = |seconds| begun + Duration::from_secs(seconds);
        let spent: Vec<bool> =
            [0, 1, 2, 3, 59, 60, 61, 61].map(|at| restarts.spend(after(at))).to_vec();
        assert_eq!(spent, [true, true, true, false, false, true, true, false]);
    }
}
