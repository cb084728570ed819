//! mediasoup's two observers of a room's microphones: who dominates, and how loud everybody is.

use std::num::NonZeroU16;

use mediasoup::prelude::*;
use tokio::sync::mpsc;

use crate::room::{handle::Command, speech::Heard};

/// How often loudness is measured, in milliseconds.
const INTERVAL: u16 = 300;
/// What counts as speech, in dBov.
const THRESHOLD: i8 = -55;
/// How many are measured at once: a full room.
const LOUDEST: NonZeroU16 = NonZeroU16::new(16).expect("not zero");

/// Both observers.
#[derive(Clone, Debug)]
pub struct Observers {
    levels: AudioLevelObserver,
    speaker: ActiveSpeakerObserver,
}

impl Observers {
    /// Observers on `router` that tell `room`.
    pub async fn open(router: &Router, room: &mpsc::Sender<Command>) -> Result<Self, String> {
        let mut options = AudioLevelObserverOptions::default();
        options.interval = INTERVAL;
        options.threshold = THRESHOLD;
        options.max_entries = LOUDEST;
        let levels =
            router.create_audio_level_observer(options).await.map_err(|error| error.to_string())?;
        let mut options = ActiveSpeakerObserverOptions::default();
        options.interval = INTERVAL;
        let speaker = router
            .create_active_speaker_observer(options)
            .await
            .map_err(|error| error.to_string())?;

        // mediasoup's callbacks must not block: a full mailbox costs one observation, and the next is 0.3 s away.
        let tell = || {
            let room = room.clone();
            move |heard| drop(room.try_send(Command::Heard(heard)))
        };
        let (volumes, silence, dominant) = (tell(), tell(), tell());
        let heard = move |levels: &[AudioLevelObserverVolume]| {
            let levels = levels.iter().map(|level| (level.producer.id(), level.volume));
            volumes(Heard::Levels(levels.collect()));
        };
        levels.on_volumes(move |levels| heard(levels)).detach();
        levels.on_silence(move || silence(Heard::Silence)).detach();
        speaker.on_dominant_speaker(move |it| dominant(Heard::Dominant(it.producer.id()))).detach();
        Ok(Self { levels, speaker })
    }

    /// Listens to a microphone until it is closed.
    pub async fn add(&self, microphone: ProducerId) -> Result<(), mediasoup::worker::RequestError> {
        let observed = || RtpObserverAddProducerOptions::new(microphone);
        self.levels.add_producer(observed()).await?;
        self.speaker.add_producer(observed()).await
    }
}
