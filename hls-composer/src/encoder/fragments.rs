//! What comes out of the encoder's pipe, on its way to the packager.

use std::time::SystemTime;

use tokio::{
    io::AsyncReadExt as _,
    net::unix::pipe,
    sync::{mpsc, watch},
};

use crate::packager::{
    Input,
    cmaf::{Event, FragmentReader},
};

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
                Ok(Some(Event::Fragment(fragment))) => {
                    let frames = fragment.video.len() as u64;
                    seen.send_modify(|seen| *seen += frames);
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
