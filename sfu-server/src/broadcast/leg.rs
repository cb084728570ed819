//! A leg: the paused-then-resumed consumers of one input on their connected transports. Dropping it closes them.

use std::{
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use daemon::deadline;
use futures_util::FutureExt as _;
use mediasoup::prelude::*;
use tokio::{sync::watch, time::Instant};
use tokio_util::task::AbortOnDropHandle;

use super::{
    DesiredBroadcast,
    attempt::Wanted,
    desired::Paused,
    ladder::{Climb, Timed},
};
use crate::{
    composer_client::{CallError, ComposerClient, ComposerStatus, Step},
    media::layers::{self, Shown},
};

/// Pauses before the composer is told again what it was not told: growing, for as long as the leg lives.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What it is not known of that the composer was told it: that something pauses, or that a generation is resumed.
#[derive(Debug, Clone, Copy)]
struct Untold<T> {
    what: T,
    /// When it is told again.
    again: Instant,
    /// How long that is after the last attempt.
    pause: Duration,
}

impl<T: PartialEq> Untold<T> {
    /// The attempt at `now` failed, as `former` says the one before it did.
    fn after(former: Option<Self>, what: T, now: Instant) -> Self {
        let pause = former.map_or(FIRST_PAUSE, |former| (2 * former.pause).min(LONGEST_PAUSE));
        Self { what, again: now + pause, pause }
    }

    /// Whether `what` is to be told now. Of the same, statuses that come meanwhile ask for nothing.
    fn is_due(&self, what: T, now: Instant) -> bool {
        what != self.what || now >= self.again
    }
}

/// One track's consumer on its transport. The consumer goes first.
#[derive(Debug)]
pub struct LegTrack {
    /// Sends to the composer.
    pub consumer: Consumer,
    /// Closed after its consumer.
    pub _transport: PlainTransport,
}

/// All tracks of one input.
#[derive(Debug)]
pub struct LegMedia {
    /// Video, audio, or both.
    pub tracks: Vec<LegTrack>,
}

/// A live input, seen from the SFU.
#[derive(Debug)]
pub struct Leg {
    input: String,
    /// What it is made of, and the climb it answered.
    pub wanted: Wanted,
    /// How its picture is to be shown.
    shown: watch::Sender<Shown>,
    core: Option<Core>,
    attendant: Option<AbortOnDropHandle<()>>,
}

#[derive(Debug)]
struct Core {
    input: String,
    participant: String,
    composer: ComposerClient,
    media: LegMedia,
    shown: watch::Receiver<Shown>,
    resumed_generation: u32,
    /// What the composer was told last; a paused track's consumer is paused as well.
    paused: Paused,
    /// Key frames the composer has asked for so far.
    key_frames_asked: u32,
}

impl Leg {
    /// Nothing flows yet. `paused` is what the composer was told with StartInput: what has changed since is told as any pause.
    pub fn new(climb: &Climb, media: LegMedia, paused: Paused) -> Self {
        let (shown, follows) = watch::channel(climb.shown);
        let core = Core {
            input: climb.input.clone(),
            participant: climb.participant.clone(),
            composer: climb.composer.clone(),
            media,
            shown: follows,
            resumed_generation: 0,
            paused,
            key_frames_asked: 0,
        };
        Self {
            input: climb.input.clone(),
            wanted: climb.wanted,
            shown,
            core: Some(core),
            attendant: None,
        }
    }

    /// The input it feeds.
    pub fn input(&self) -> &str {
        &self.input
    }

    /// From now on its picture is shown like this, for which another simulcast layer may do.
    pub fn show(&self, shown: Shown) {
        self.shown.send_if_modified(|former| std::mem::replace(former, shown) != shown);
    }

    /// Ready when its attendant has ended, which only a fault of the server makes it do.
    pub fn poll_ended(&mut self, context: &mut Context<'_>) -> Poll<()> {
        match &mut self.attendant {
            Some(attendant) => attendant.poll_unpin(context).map(drop),
            None => Poll::Pending,
        }
    }

    /// See [`Core::resume`].
    pub async fn resume(&mut self, generation: u32, steps: Vec<Step>) -> Result<(), CallError> {
        match &mut self.core {
            Some(core) => core.resume(generation, steps).await,
            None => Ok(()),
        }
    }

    /// From now on every new generation is resumed, every key frame the composer wants is asked for, and every pause is
    /// followed, for as long as the leg lives.
    pub fn attend(
        mut self,
        statuses: watch::Receiver<Arc<ComposerStatus>>,
        desired: watch::Receiver<DesiredBroadcast>,
    ) -> Self {
        if let Some(core) = self.core.take() {
            let attendant = tokio::spawn(core.attend(statuses, desired));
            self.attendant = Some(AbortOnDropHandle::new(attendant));
        }
        self
    }
}

impl Core {
    /// THE resume rule, whole: a newer generation that listens is resumed, once, and confirmed. It covers first start,
    /// respawn and repeated statuses.
    async fn resume(&mut self, generation: u32, mut steps: Vec<Step>) -> Result<(), CallError> {
        if generation <= self.resumed_generation {
            return Ok(());
        }
        let step = Timed::begin(7, "resumed");
        self.resume_consumers().await;
        self.request_key_frames().await;
        steps.push(step.done());
        self.composer.confirm_resumed(&self.input, generation, &steps).await?;
        self.resumed_generation = generation;
        Ok(())
    }

    async fn attend(
        mut self,
        mut statuses: watch::Receiver<Arc<ComposerStatus>>,
        mut desired: watch::Receiver<DesiredBroadcast>,
    ) {
        let mut untold: Option<Untold<Paused>> = None;
        let mut unconfirmed: Option<Untold<u32>> = None;
        loop {
            let paused = desired.borrow_and_update().paused(&self.participant);
            match paused {
                Some(paused) if self.must_follow(paused, untold, Instant::now()) => {
                    let is_told = self.follow(paused).await;
                    untold = (!is_told).then(|| Untold::after(untold, paused, Instant::now()));
                }
                Some(_) => {}
                // It is in the picture no more, and this leg is about to be dropped.
                None => untold = None,
            }
            let (wanted, key_frames) = statuses
                .borrow_and_update()
                .input(&self.input)
                .map_or((0, 0), |input| (input.resume_wanted, input.key_frames_wanted));
            if wanted <= self.resumed_generation {
                unconfirmed = None;
            } else if unconfirmed.is_none_or(|it| it.is_due(wanted, Instant::now())) {
                let confirmed = self.resume(wanted, vec![]).await;
                unconfirmed = confirmed.err().map(|error| {
                    tracing::warn!(input = %self.input, %error, "a resume was not confirmed");
                    Untold::after(unconfirmed, wanted, Instant::now())
                });
            }
            // Whether one is missing, the composer alone can see: it asks, and again.
            if key_frames > self.key_frames_asked {
                self.key_frames_asked = key_frames;
                self.request_key_frames().await;
            }
            tokio::select! {
                changed = statuses.changed() => if changed.is_err() {
                    return;
                },
                changed = desired.changed() => if changed.is_err() {
                    return;
                },
                Ok(()) = self.shown.changed() => self.follow_layout().await,
                () = deadline::at(untold.map(|untold| untold.again)) => {}
                () = deadline::at(unconfirmed.map(|unconfirmed| unconfirmed.again)) => {}
            }
        }
    }

    /// What was untold may have been carried out all the same: also a pause that is taken back meanwhile is told.
    fn must_follow(&self, paused: Paused, untold: Option<Untold<Paused>>, now: Instant) -> bool {
        untold.map_or(paused != self.paused, |untold| untold.is_due(paused, now))
    }

    /// Consumers are paused with their producers, and the composer is told before one flows again: after a long pause
    /// it first starts a new process, which is then resumed as any new generation. False when the composer was not told.
    async fn follow(&mut self, paused: Paused) -> bool {
        for LegTrack { consumer, .. } in &self.media.tracks {
            if paused.of(consumer.kind())
                && !consumer.paused()
                && let Err(error) = consumer.pause().await
            {
                tracing::debug!(input = %self.input, %error, "a consumer was not paused");
            }
        }
        match self.composer.set_paused(&self.input, paused).await {
            Ok(generation) => {
                self.paused = paused;
                if generation <= self.resumed_generation {
                    self.resume_consumers().await;
                    self.request_key_frames().await;
                }
            }
            Err(error) => {
                tracing::warn!(input = %self.input, %error, "a pause was not followed");
                return false;
            }
        }
        true
    }

    async fn follow_layout(&mut self) {
        let shown = *self.shown.borrow_and_update();
        for LegTrack { consumer, .. } in &self.media.tracks {
            if consumer.kind() == MediaKind::Video {
                layers::prefer(consumer, shown).await;
            }
        }
    }

    async fn resume_consumers(&self) {
        for LegTrack { consumer, .. } in &self.media.tracks {
            if consumer.paused()
                && !self.paused.of(consumer.kind())
                && let Err(error) = consumer.resume().await
            {
                tracing::info!(input = %self.input, %error, "a consumer was not resumed: its producer is gone");
            }
        }
    }

    async fn request_key_frames(&self) {
        for LegTrack { consumer, .. } in &self.media.tracks {
            if consumer.kind() == MediaKind::Video
                && !consumer.producer_paused()
                && let Err(error) = consumer.request_key_frame().await
            {
                tracing::debug!(input = %self.input, %error, "no key frame was asked for");
            }
        }
    }
}
