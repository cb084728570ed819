//! The last lines a process wrote to standard error.

use std::collections::VecDeque;

use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    sync::watch,
};

/// Lines kept.
const LINES: usize = 8;
/// Bytes kept of one line; the rest is dropped.
const LINE: usize = 400;

/// Reads `stderr` to its end, always drained, keeping the last lines in `tail`.
pub async fn follow(mut stderr: impl AsyncRead + Unpin, tail: watch::Sender<VecDeque<String>>) {
    let mut buffer = [0; 4096];
    let mut line = Vec::new();
    while let Ok(read @ 1..) = stderr.read(&mut buffer).await {
        for &byte in &buffer[..read] {
            match byte {
                b'\n' | b'\r' => push(&tail, &mut line),
                _ if line.len() < LINE => line.push(byte),
                _ => {}
            }
        }
    }
    push(&tail, &mut line);
}

fn push(tail: &watch::Sender<VecDeque<String>>, line: &mut Vec<u8>) {
    let text = String::from_utf8_lossy(line).trim().to_owned();
    line.clear();
    if text.is_empty() {
        return;
    }
    tail.send_modify(|lines| {
        if lines.len() == LINES {
            lines.pop_front();
        }
        lines.push_back(text);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_last_lines_are_kept_and_long_ones_are_cut() {
        let mut text: String = (0..20).map(|n| format!("line {n}\n")).collect();
        text.push_str(&"x".repeat(10_000));
        let (tail, kept) = watch::channel(VecDeque::new());
        follow(text.as_bytes(), tail).await;
        let kept = kept.borrow();
        assert_eq!(kept.len(), LINES);
        assert_eq!(kept[0], "line 13");
        assert_eq!(kept[LINES - 1].len(), LINE);
    }
}
