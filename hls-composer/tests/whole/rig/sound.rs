//! What is heard in a recording of the stream.

use super::media::ffmpeg;

const RATE: usize = 48_000;
/// Anything louder is somebody.
const LOUD: u16 = 600;
/// Half a wave of the deepest tone that is used, and more.
const WINDOW: usize = RATE / 200;

/// The silences of 20 ms and more between the first and the last sound: when they begin and how long they are, in
/// seconds of the recording.
pub fn holes(recording: &[u8]) -> Vec<(f64, f64)> {
    let loud = loud_windows(recording);
    let first = loud.iter().position(|loud| *loud).unwrap_or(loud.len());
    let last = loud.iter().rposition(|loud| *loud).unwrap_or_default();
    let mut holes: Vec<(usize, usize)> = vec![];
    for n in (first..last).filter(|n| !loud[*n]) {
        match holes.last_mut() {
            Some((_, end)) if *end == n => *end = n + 1,
            _ => holes.push((n, n + 1)),
        }
    }
    let seconds = |windows: usize| (windows * WINDOW) as f64 / RATE as f64;
    let long = holes.into_iter().filter(|(from, to)| seconds(to - from) >= 0.02);
    long.map(|(from, to)| (seconds(from), seconds(to - from))).collect()
}

/// How much of the recording's last `seconds` is sound, from 0 to 1.
pub fn heard_at_the_end(recording: &[u8], seconds: f64) -> f64 {
    let loud = loud_windows(recording);
    let count = (seconds * RATE as f64) as usize / WINDOW;
    let tail = &loud[loud.len().saturating_sub(count)..];
    tail.iter().filter(|loud| **loud).count() as f64 / tail.len().max(1) as f64
}

fn loud_windows(recording: &[u8]) -> Vec<bool> {
    let line =
        "-i pipe:0 -map 0:a -af aresample=async=1:first_pts=0 -ac 1 -ar 48000 -f s16le pipe:1";
    let pcm = ffmpeg(line, recording);
    pcm.chunks_exact(2 * WINDOW)
        .map(|window| {
            let samples = window.chunks_exact(2).map(|s| i16::from_le_bytes([s[0], s[1]]));
            samples.map(i16::unsigned_abs).max() > Some(LOUD)
        })
        .collect()
}
