//! mediasoup's two observers of a room's microphones: who dominates, and how loud everybody is.

use std::num::NonZeroU16;

use mediasoup::prelude::*;
use tokio::{runtime::Handle, sync::mpsc};

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

    /// Listens to `microphone` until it is dropped.
    ///
    /// # Errors
    /// The worker's refusal; the microphone is closed then.
    pub async fn observe(
        &self,
        microphone: Producer,
    ) -> Result<Observed, mediasoup::worker::RequestError> {
        let options = || RtpObserverAddProducerOptions::new(microphone.id());
        let observed = Observed { microphone: microphone.clone(), by: self.clone() };
        self.levels.add_producer(options()).await?;
        self.speaker.add_producer(options()).await?;
        Ok(observed)
    }
}

/// Holds a microphone open until the observers have forgotten it.
///
/// To tell of a producer, mediasoup's worker thread holds it for a moment, under the lock that its end takes: were that the
/// last hold, the thread would wait for itself for ever, and with it every task that takes the lock, which is the whole
/// server. After the worker has answered that the observers know the producer no more, it tells nothing of it.
#[derive(Debug)]
pub struct Observed {
    microphone: Producer,
    by: Observers,
}

impl Drop for Observed {
    fn drop(&mut self) {
        let (microphone, by) = (self.microphone.clone(), self.by.clone());
        // Without a runtime the process is about to end.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move {
                // Of a worker that is gone, or does not know the producer, nothing is told either.
                drop(by.levels.remove_producer(microphone.id()).await);
                drop(by.speaker.remove_producer(microphone.id()).await);
                drop(microphone);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mediasoup::worker_manager::WorkerManager;
    use tokio::{
        sync::watch,
        task::yield_now,
        time::{sleep, timeout},
    };

    use super::*;
    use crate::media::codecs;

    const SSRC: u32 = 7;
    /// Of the header extension that says how loud a packet is (RFC 6464).
    const LEVEL: u16 = 1;
    /// Longer than any moment of a busy machine.
    const PATIENCE: Duration = Duration::from_secs(20);

    /// 20 ms of the router's Opus, as loud as can be.
    fn packet(number: u16) -> Vec<u8> {
        let mut packet = vec![0x90, 100];
        packet.extend(number.to_be_bytes());
        packet.extend((u32::from(number) * 960).to_be_bytes());
        packet.extend(SSRC.to_be_bytes());
        packet.extend([0xbe, 0xde, 0, 1, (LEVEL as u8) << 4, 0x80, 0, 0]);
        packet.extend([0x5a; 80]);
        packet
    }

    async fn microphone(router: &Router) -> Producer {
        let parameters = serde_json::json!({
            "codecs": [{
                "mimeType": "audio/opus", "payloadType": 100, "clockRate": 48_000, "channels": 2,
                "parameters": {}, "rtcpFeedback": [],
            }],
            "headerExtensions": [
                { "uri": "urn:ietf:params:rtp-hdrext:ssrc-audio-level", "id": LEVEL, "encrypt": false },
            ],
            "encodings": [{ "ssrc": SSRC }],
            "rtcp": { "cname": "rig", "reducedSize": true },
        });
        let parameters = serde_json::from_value(parameters).expect("parameters");
        let transport = router.create_direct_transport(DirectTransportOptions::default());
        let transport = transport.await.expect("a transport");
        let options = ProducerOptions::new(MediaKind::Audio, parameters);
        transport.produce(options).await.expect("a microphone")
    }

    #[tokio::test]
    async fn a_microphone_that_is_closed_while_it_is_told_of_costs_nobody_the_worker() {
        let manager = WorkerManager::new();
        let worker = manager.create_worker(WorkerSettings::default()).await.expect("a worker");
        let router = worker.create_router(RouterOptions::new(codecs::router_codecs()));
        let router = router.await.expect("a router");
        let (room, _mailbox) = mpsc::channel(1);
        let observers = Observers::open(&router, &room).await.expect("observers");
        let microphone = microphone(&router).await;
        let Producer::Direct(speech) = microphone.clone() else { panic!("a direct one") };
        let observed = observers.observe(microphone).await.expect("observed");

        // The worker's thread says that it tells, and waits until the microphone was dropped.
        let (telling, mut told) = mpsc::unbounded_channel();
        let (dropped, drops) = watch::channel(false);
        let runtime = Handle::current();
        let waits = observers.levels.on_volumes(move |_| {
            let _told = telling.send(());
            let mut drops = drops.clone();
            let dropped =
                async { timeout(PATIENCE, drops.wait_for(|dropped| *dropped)).await.is_ok() };
            let _in_time = runtime.block_on(dropped);
        });
        for number in 0.. {
            if told.try_recv().is_ok() {
                break;
            }
            assert!(number < 1000, "nobody is loud");
            speech.send(packet(number)).expect("the worker takes the packet");
            // Opus has a packet every 20 ms.
            sleep(Duration::from_millis(20)).await;
        }
        drop(speech);
        drop(observed);
        // On this one thread what was spawned comes as far as it can without the worker.
        for _ in 0..10 {
            yield_now().await;
        }
        dropped.send_replace(true);
        let Ok(answer) = timeout(PATIENCE, router.dump()).await else {
            // An assertion would wait for the worker, too.
            eprintln!("the worker's thread waits for itself");
            std::process::abort();
        };
        assert!(answer.is_ok());
        drop(waits);
    }
}
