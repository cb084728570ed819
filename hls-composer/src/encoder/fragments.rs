//! What comes out of the encoder's pipe, on its way to the packager.

use std::time::SystemTime;

use tokio::{
    io::AsyncReadExt as _,
    net::unix::pipe,
    sync::{mpsc, watch},
};

use crate::packager::{
    Input,
    cmaf::{Event, Fragment, FragmentReader, Init},
};

/// Samples FFmpeg's AAC encoder puts before the first one, of 48 000 a second.
const PRIMING: u64 = 1024;

/// Where a generation stands in time.
#[derive(Clone, Copy, Debug)]
pub struct Anchor {
    /// The encoder process.
    pub generation: u32,
    /// When its first frame was due.
    pub due: SystemTime,
    /// That frame's tick.
    pub first_tick: u64,
}

/// Forwards everything to the end of the pipe, counting frames in `seen`.
pub async fn forward(
    mut pipe: pipe::Receiver,
    anchor: Anchor,
    packager: mpsc::Sender<Input>,
    seen: watch::Sender<u64>,
) {
    let mut reader = FragmentReader::new();
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(read @ 1..) = pipe.read(&mut buffer).await {
        reader.push(&buffer[..read]);
        loop {
            let input = match reader.next() {
                Ok(None) => break,
                Ok(Some(Event::Init(init))) => Input::Generation {
                    number: anchor.generation,
                    init,
                    anchor: anchor.due,
                    first_tick: anchor.first_tick,
                },
                Ok(Some(Event::Fragment(mut fragment))) => {
                    let frames = fragment.video.len() as u64;
                    seen.send_modify(|seen| *seen += frames);
                    if let Some(init) = reader.init() {
                        start_behind_priming(&mut fragment, init);
                    }
                    Input::Fragment(fragment)
                }
                Err(error) => {
                    // The encoder owes ticks from here on and is replaced.
                    tracing::error!(generation = anchor.generation, %error, "unreadable encoder output");
                    return;
                }
            };
            if packager.send(input).await.is_err() {
                return;
            }
        }
    }
}

/// Pictures stand behind the priming of their sound, which CMAF has no edit list to take out again. So sound stays where
/// its picture is, and a generation's sound begins before its pictures: in the gap that a killed one leaves, whose last
/// sound dies with it, and which is too wide for Chromium to play over otherwise.
fn start_behind_priming(fragment: &mut Fragment, init: &Init) {
    let priming = (PRIMING * u64::from(init.video_timescale) + 24_000) / 48_000;
    for picture in &mut fragment.video {
        picture.decode_time += priming;
    }
}
