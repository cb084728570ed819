//! What runs for a broadcast from tick 0 to its end: compositor, encoder, packager.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::{poison::Poison, watched::Watched};
use crate::{
    compositor::{self, Punctuality, Tick, scene::Scene},
    encoder,
    ingest::MediaSender,
    packager::{self, Packager},
};

/// Media that may wait for the compositor; about a second of a full room.
const MEDIA: usize = 1024;
/// Ticks that may wait for the encoder, in seconds.
const TICK_SECONDS: usize = 2;
/// How often the packager is given a picture for the poster, in seconds.
const POSTER_SECONDS: u64 = 10;

/// The running pipeline. Dropping it stops it as a kill would: the playlist stays open and can be resumed.
#[derive(Debug)]
pub struct Pipeline {
    /// Where inputs send their media.
    pub media: MediaSender,
    /// The encoder.
    pub encoder: watch::Receiver<encoder::Status>,
    /// The clock.
    pub clock: watch::Receiver<Punctuality>,
    scene: watch::Sender<Arc<Scene>>,
    replace_encoder: watch::Sender<u32>,
    packager: packager::Handle,
    /// In the order of the data.
    composing: [Watched; 3],
    packaging: Watched,
    /// Where tests make its tasks panic.
    #[cfg(test)]
    pub poison: Poison,
}

/// How a pipeline ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The playlist is finished.
    Finish,
    /// The process restarts: the playlist stays open.
    Suspend,
}

impl Pipeline {
    /// Starts everything; the clock runs from now on.
    pub fn start(config: encoder::Config, handle: packager::Handle, packager: Packager) -> Self {
        let fps = config.fps;
        let (media, arriving) = mpsc::channel(MEDIA);
        let (scene, scenes) = watch::channel(Arc::default());
        let (tick, composed) = mpsc::channel(TICK_SECONDS * fps as usize);
        let (passed, ticks) = mpsc::channel(1);
        let (replace_encoder, replace) = watch::channel(0);
        let (status, encoder) = watch::channel(encoder::Status::default());
        let (punctuality, clock) = watch::channel(Punctuality::default());
        let poison = Poison::default();
        let (posed, encoded) = (handle.input.clone(), handle.input.clone());
        let compositor = compositor::run(fps, scenes, arriving, tick, punctuality);
        let encoding = encoder::run(config, ticks, encoded, replace, status);
        Self {
            media,
            encoder,
            clock,
            scene,
            replace_encoder,
            composing: [
                Watched::spawn("compositor", &poison, compositor),
                Watched::spawn("poster's task", &poison, pose(composed, passed, posed, fps)),
                Watched::spawn("encoder's task", &poison, encoding),
            ],
            packaging: Watched::spawn("packager", &poison, packager.run()),
            packager: handle,
            #[cfg(test)]
            poison,
        }
    }

    /// Returns when a task of it has ended though nobody told it to, and says which and why. Cancel-safe.
    pub async fn failed(&mut self) -> String {
        let [compositor, posing, encoding] = &mut self.composing;
        // A neighbour that misses it may be the first to be seen: what panicked is known for sure at the end.
        tokio::select! {
            reason = compositor.failed() => reason,
            reason = posing.failed() => reason,
            reason = encoding.failed() => reason,
            reason = self.packaging.failed() => reason,
        }
    }

    /// Shows `scene` from the next tick on.
    pub fn show(&self, scene: Scene) {
        self.scene.send_if_modified(|current| {
            let changed = **current != scene;
            if changed {
                *current = Arc::new(scene);
            }
            changed
        });
    }

    /// Replaces the encoder.
    pub fn replace_encoder(&self) {
        self.replace_encoder.send_modify(|asked| *asked += 1);
    }

    /// Why the broadcast is not on disk, when it is not.
    pub fn alarm(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.packager.alarm.clone()
    }

    /// What viewers are served.
    pub fn view(&self) -> &watch::Receiver<Arc<packager::View>> {
        &self.packager.view
    }

    /// Stops in the order of the data: clock, encoder, packager. Nothing that was encoded is lost. Says which task failed,
    /// if one did.
    pub async fn end(self, ending: Ending) -> Option<String> {
        let mut failure = None;
        drop(self.scene);
        drop(self.media);
        for task in self.composing {
            failure = failure.or(task.finished().await);
        }
        match ending {
            Ending::Finish => {
                // A packager that is gone has finished already.
                drop(self.packager.input.send(packager::Input::Finish).await);
            }
            Ending::Suspend => {
                let (saved, is_saved) = oneshot::channel();
                if self.packager.input.send(packager::Input::Suspend(saved)).await.is_ok() {
                    drop(is_saved.await);
                }
            }
        }
        drop(self.packager);
        failure.or(self.packaging.finished().await)
    }
}

/// Passes ticks on from the clock to the encoder, and a picture now and then to the packager.
async fn pose(
    mut composed: mpsc::Receiver<Tick>,
    passed: mpsc::Sender<Tick>,
    packager: mpsc::Sender<packager::Input>,
    fps: u32,
) {
    let mut due = 0;
    while let Some(tick) = composed.recv().await {
        if tick.number >= due {
            due = tick.number + POSTER_SECONDS * u64::from(fps);
            // A packager that is behind has more urgent work; the next poster is never far.
            drop(packager.try_send(packager::Input::Picture(tick.picture.clone())));
        }
        if passed.send(tick).await.is_err() {
            return;
        }
    }
}
