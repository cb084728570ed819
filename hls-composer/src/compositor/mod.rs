//! The compositor: the output clock, the canvas and the mix.
//!
//! ```text
//! Media (bounded, lossy) ─▶ InputBuffer per input ─┐
//! Scene (watch)          ─▶ layout, labels ────────┼─ every tick ─▶ Tick (one picture + one tick of sound) ─▶ encoder
//! MONOTONIC clock        ─▶ Clock ─────────────────┘
//! ```
//!
//! It never waits for an input: a tile without a due frame keeps its last one, a microphone without due samples is
//! silent. Picture *and* sound are written every tick from tick 0 on, since an encoder starved of either stops.

mod anchor;
mod buffer;
mod canvas;
mod clock;
mod icons;
mod label;
mod lateness;
mod layout;
mod limiter;
mod mask;
mod mixer;
mod origin;
mod paint;
mod palette;
mod playout;
mod resample;
mod scale;
pub mod scene;
mod slate;
#[cfg(test)]
mod tests;
mod text;
mod tile;

use std::{collections::HashMap, sync::Arc, time::SystemTime};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until},
};

pub use self::lateness::Punctuality;
use self::{
    buffer::InputBuffer,
    clock::{Clock, Due},
    lateness::Lateness,
    mixer::Mixer,
    paint::Painter,
    scene::Scene,
};
use crate::ingest::{InputId, Media};

/// One tick of output: exactly one picture and 48000/F samples of sound.
#[derive(Clone, Debug)]
pub struct Tick {
    /// Counted from 0.
    pub number: u64,
    /// The wall-clock time at which it is due: the first tick's, plus whole ticks, never a fresh clock read.
    pub due: SystemTime,
    /// The clock jumped before this tick: what follows does not continue what came before.
    pub after_jump: bool,
    /// One I420 picture.
    pub picture: Bytes,
    /// Interleaved little-endian stereo samples.
    pub sound: Bytes,
}

/// Runs the clock until the encoder side is gone.
pub async fn run(
    fps: u32,
    mut scene: watch::Receiver<Arc<Scene>>,
    mut media: mpsc::Receiver<Media>,
    ticks: mpsc::Sender<Tick>,
    punctuality: watch::Sender<Punctuality>,
) {
    let mut clock = Clock::start(fps, Instant::now(), SystemTime::now());
    let mut inputs: HashMap<InputId, InputBuffer> = HashMap::new();
    let (mut painter, mut mixer) = (Painter::new(fps), Mixer::new(fps));
    let mut current = Arc::clone(&scene.borrow_and_update());
    let mut lateness = Lateness::new(fps);
    loop {
        tokio::select! {
            biased;
            () = sleep_until(clock.next_due()) => {
                let now = Instant::now();
                for due in clock.due(now) {
                    lateness.push(now - due.at);
                    if due.number.is_multiple_of(u64::from(fps)) {
                        punctuality.send_replace(lateness.report());
                    }
                    let tick = compose(&due, &current, &mut inputs, &mut painter, &mut mixer);
                    match ticks.try_send(tick) {
                        Ok(()) => {}
                        Err(mpsc::error::TrySendError::Closed(_)) => return,
                        Err(mpsc::error::TrySendError::Full(tick)) => {
                            // The encoder is being replaced and has 2 s of ticks to catch up with already.
                            tracing::warn!(tick = tick.number, "a tick found no encoder");
                            clock.jump();
                        }
                    }
                }
            }
            changed = scene.changed() => {
                if changed.is_err() {
                    return;
                }
                current = Arc::clone(&scene.borrow_and_update());
                inputs.retain(|id, _| current.names(id));
            }
            arrived = media.recv() => {
                let Some(arrived) = arrived else { return };
                if current.names(&arrived.input) {
                    inputs
                        .entry(arrived.input.clone())
                        .or_insert_with(|| InputBuffer::new(fps))
                        .take(arrived);
                }
            }
        }
    }
}

fn compose(
    due: &Due,
    scene: &Arc<Scene>,
    inputs: &mut HashMap<InputId, InputBuffer>,
    painter: &mut Painter,
    mixer: &mut Mixer,
) -> Tick {
    for input in inputs.values_mut() {
        input.advance(due.at);
    }
    let picture = painter.paint(scene, inputs, due.number);
    // Everybody is heard, whether there is a place for its tile or not.
    let heard = scene.tiles.iter().filter_map(|tile| tile.input.as_ref());
    let sound = mixer.mix(heard.filter_map(|id| Some(inputs.get(id)?.samples())));
    Tick { number: due.number, due: due.wall, after_jump: due.after_jump, picture, sound }
}
