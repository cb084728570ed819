//! The scene on its way to the composer: one call at a time, always the newest, and nobody waits for it but those who
//! are to be named in it.

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::sync::watch;

use crate::composer_client::{CallError, ComposerClient, Scene};

/// See the module.
pub struct Showing {
    composer: ComposerClient,
    wanted: Scene,
    sent: Scene,
    /// Of the scene sent last; 0 when none was.
    version: u64,
    call: Option<BoxFuture<'static, Result<(), CallError>>>,
    /// The newest version the composer has taken.
    taken: watch::Sender<u64>,
}

/// Is named by the scene of a version.
#[derive(Clone, Debug)]
pub struct Named {
    version: u64,
    taken: watch::Receiver<u64>,
}

impl Showing {
    /// Nothing was sent yet.
    pub fn new(composer: ComposerClient) -> Self {
        let (wanted, sent) = (Scene::default(), Scene::default());
        Self { composer, wanted, sent, version: 0, call: None, taken: watch::Sender::new(0) }
    }

    /// Shows `scene` as soon as the composer has taken the former one.
    pub fn show(&mut self, scene: Scene) {
        self.wanted = scene;
        self.send();
    }

    /// For an input that the wanted scene names.
    pub fn named(&self) -> Named {
        let is_sent = self.version > 0 && self.sent == self.wanted;
        let version = if is_sent { self.version } else { self.version + 1 };
        Named { version, taken: self.taken.subscribe() }
    }

    /// Returns when the composer has taken a scene; never while none is on its way.
    ///
    /// # Errors
    /// The composer did not take it.
    pub async fn taken(&mut self) -> Result<(), CallError> {
        let Some(call) = &mut self.call else { return std::future::pending().await };
        let outcome = call.await;
        self.call = None;
        outcome?;
        self.taken.send_replace(self.version);
        self.send();
        Ok(())
    }

    fn send(&mut self) {
        if self.call.is_some() || (self.version > 0 && self.wanted == self.sent) {
            return;
        }
        self.version += 1;
        self.sent = self.wanted.clone();
        let (composer, version, scene) = (self.composer.clone(), self.version, self.sent.clone());
        self.call = Some(async move { composer.update_scene(version, &scene).await }.boxed());
    }
}

impl Named {
    /// Returns when the composer knows the input's name: what a scene does not name is stopped.
    ///
    /// # Errors
    /// The session is over.
    pub async fn known(mut self) -> Result<(), watch::error::RecvError> {
        self.taken.wait_for(|taken| *taken >= self.version).await.map(drop)
    }
}
