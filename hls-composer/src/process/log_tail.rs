//! What a process wrote to standard error: how much, and the last lines of it.

use std::collections::VecDeque;

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    sync::watch,
};

/// Lines kept, for whoever understands them.
const LINES: usize = 64;
/// Lines of them that say how a process ended.
const LAST: usize = 8;
/// Bytes kept of one line; the rest is dropped.
const LINE: usize = 400;

/// What a process has written so far.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// Lines in all.
    pub written: u64,
    /// The last of them.
    lines: VecDeque<String>,
}

impl Log {
    /// The lines after the first `seen` ones; before them one `None` if some are not kept any more.
    pub fn since(&self, seen: u64) -> impl Iterator<Item = Option<&str>> {
        let new = usize::try_from(self.written.saturating_sub(seen)).unwrap_or(usize::MAX);
        let lost = new.saturating_sub(self.lines.len()).min(1);
        let skipped = self.lines.len().saturating_sub(new);
        let kept = self.lines.iter().skip(skipped);
        std::iter::repeat_n(None, lost).chain(kept.map(|line| Some(line.as_str())))
    }

    /// The last lines, in one.
    pub fn tail(&self) -> String {
        let skipped = self.lines.len().saturating_sub(LAST);
        self.lines.iter().skip(skipped).map(String::as_str).collect::<Vec<_>>().join(" | ")
    }
}

/// Reads `stderr` to its end, always drained, keeping the last lines in `log`.
pub async fn follow(mut stderr: impl AsyncRead + Unpin, log: watch::Sender<Log>) {
    let mut buffer = [0; 4096];
    let mut line = Vec::new();
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        for &byte in &buffer[..read] {
            match byte {
                b'\n' | b'\r' => push(&log, &mut line),
                _ if line.len() < LINE => line.push(byte),
                _ => {}
            }
        }
    }
    push(&log, &mut line);
}

fn push(log: &watch::Sender<Log>, line: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(line).trim().to_owned();
    line.clear();
    if text.is_empty() {
        return;
    }
    log.send_modify(|log| {
        log.written += 1;
        if log.lines.len() == LINES {
            log.lines.pop_front();
        }
        log.lines.push_back(text);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_last_lines_are_kept_and_long_ones_are_cut() {
        let mut text: String = (0..80).map(|n| format!("line {n}\n")).collect();
        text.push_str(&"x".repeat(10_000));
        let (log, kept) = watch::channel(Log::default());
        follow(text.as_bytes(), log).await;
        let kept = kept.borrow();
        assert_eq!((kept.written, kept.lines.len()), (81, LINES));
        assert_eq!(kept.lines[0], "line 17");
        assert!(kept.tail().starts_with("line 73 | line 74 | "));
        assert_eq!(kept.lines[LINES - 1].len(), LINE);
    }

    #[tokio::test]
    async fn new_lines_are_told_from_those_read_before() {
        let (log, kept) = watch::channel(Log::default());
        follow("one\ntwo\nthree\n".as_bytes(), log).await;
        let kept = kept.borrow();
        assert_eq!(kept.since(1).collect::<Vec<_>>(), [Some("two"), Some("three")]);
        assert_eq!(kept.since(3).count(), 0);
    }

    #[tokio::test]
    async fn lines_that_are_gone_are_not_passed_over_in_silence() {
        let text: String = (0..100).map(|n| format!("line {n}\n")).collect();
        let (log, kept) = watch::channel(Log::default());
        follow(text.as_bytes(), log).await;
        let new: Vec<_> = kept.borrow().since(10).map(|line| line.map(str::to_owned)).collect();
        assert_eq!((new.len(), new[0].as_deref(), new[1].as_deref()), (65, None, Some("line 36")));
    }
}
