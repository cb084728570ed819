//! The timed rungs of a climb.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// One rung of the ladder, done or failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// 1 to 8.
    pub number: u32,
    /// The rung's name.
    pub name: String,
    /// Milliseconds since the Unix epoch.
    pub started_unix_ms: u64,
    /// How long it took.
    pub took: Duration,
    /// `ok`, or why not.
    pub outcome: String,
}

/// A rung that has begun.
#[derive(Debug)]
pub struct Running {
    number: u32,
    name: &'static str,
    started_unix_ms: u64,
    started: Instant,
}

impl Step {
    /// Begins a rung.
    pub fn begin(number: u32, name: &'static str) -> Running {
        Running { number, name, started_unix_ms: now_unix_ms(), started: Instant::now() }
    }
}

impl Running {
    /// It is done.
    pub fn done(self) -> Step {
        self.end("ok".into())
    }

    /// It failed.
    pub fn failed(self, why: impl ToString) -> Step {
        self.end(why.to_string())
    }

    fn end(self, outcome: String) -> Step {
        Step {
            number: self.number,
            name: self.name.into(),
            started_unix_ms: self.started_unix_ms,
            took: self.started.elapsed(),
            outcome,
        }
    }
}

/// Milliseconds since the Unix epoch.
pub fn now_unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
