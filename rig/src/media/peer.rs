//! A peer that sends a microphone and a camera, receives everybody else's, and counts.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use serde_json::{Value, json};
use str0m::{
    Event,
    media::{MediaKind, Mid},
    rtp::RtpWrite,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::JoinHandle,
    time::{Instant, Interval, MissedTickBehavior, interval_at},
};

use super::{
    clip::{AUDIO_EVERY, AUDIO_TICKS, Clip, LAYERS, VIDEO_EVERY, VIDEO_TICKS},
    packets::{self, Number},
    tally::Tally,
    transport::{Stream, Transport},
};
use crate::{Client, parameters};

/// Commands that may wait for the media task.
const MAILBOX: usize = 16;
/// The height others' cameras are shown at, in pixels: of three layers, the middle one fills it. Seven of those are about
/// what mediasoup takes a link for that reports nothing but loss, so now and then one is the smallest for a while.
const TILE: u32 = 180;

/// A publishing peer. Dropping it cuts its connection and stops its media.
#[derive(Debug)]
pub struct Peer {
    /// Its signaling.
    pub client: Client,
    /// The room it is in.
    pub room: String,
    /// Its id there.
    pub id: String,
    /// Its producers: of the microphone, of the camera.
    pub producers: [String; 2],
    /// Producers it consumes, by consumer.
    consumed: BTreeMap<String, String>,
    commands: mpsc::Sender<Command>,
    task: JoinHandle<()>,
}

/// What a peer has sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sent {
    /// Packets of the microphone.
    pub audio: u32,
    /// Packets of the camera, from the smallest layer to the largest.
    pub video: [u32; LAYERS],
    /// Key frames among its pictures.
    pub key_frames: u32,
    /// Datagrams the system did not take.
    pub unsent: u64,
}

enum Command {
    Receive { consumer: String, stream: Stream, ready: oneshot::Sender<()> },
    Stop(oneshot::Sender<Sent>),
    Tallies(oneshot::Sender<BTreeMap<String, Tally>>),
}

impl Peer {
    /// Enters `room`, or a new one, and sends from then on: a camera in three layers, and a microphone.
    ///
    /// # Panics
    /// When the server refuses something, or does not connect.
    pub async fn publish(server: SocketAddr, room: Option<&str>, clip: Arc<Clip>) -> Self {
        let client = Client::connect(server).await;
        let joined = match room {
            None => client.must("createRoom", None).await,
            Some(room) => client.must("joinRoom", Some(json!({ "roomId": room }))).await,
        };
        let (mut sending, receiving) = tokio::join!(
            Transport::connect(&client, "Producer"),
            Transport::connect(&client, "Consumer")
        );

        let microphone = stream("mic", MediaKind::Audio);
        // A stream each: which layer is which is told by SSRC, and needs no header extension.
        let camera = ["cam0", "cam1", "cam2"].map(|mid| stream(mid, MediaKind::Video));
        sending.will_send(microphone);
        camera.iter().for_each(|layer| sending.will_send(*layer));
        let mut producers = Vec::new();
        let layers = camera.map(|layer| layer.ssrc);
        for (kind, rtp) in [
            ("audio", parameters::opus(microphone.ssrc)),
            ("video", parameters::vp8_layers(&layers)),
        ] {
            let produce = json!({ "kind": kind, "rtpParameters": rtp });
            producers.push(text(&client.must("produce", Some(produce)).await["id"]));
        }

        let (commands, inbox) = mpsc::channel(MAILBOX);
        let media = Media {
            sending,
            receiving,
            microphone,
            camera,
            consumers: BTreeMap::new(),
            sent: Sent::default(),
            clip,
            // So that key frames of several peers, which are large, seldom come together.
            moment: rand::random_range(0..1000),
            pictures: 0,
            audio_time: rand::random(),
            video_time: rand::random(),
            key_frame_wanted: true,
        };
        Self {
            client,
            room: text(&joined["roomId"]),
            id: text(&joined["peerId"]),
            producers: producers.try_into().expect("two producers"),
            consumed: BTreeMap::new(),
            commands,
            task: tokio::spawn(media.run(inbox)),
        }
    }

    /// Consumes all that others in the room send and this peer does not receive yet; answers how many streams that is.
    ///
    /// # Panics
    /// When the server refuses one.
    pub async fn consume_everybody(&mut self) -> usize {
        let list = self.client.must("listProducers", None).await;
        let peers = list["producers"].as_array().expect("a list").iter();
        let others = peers.filter(|peer| peer["peerId"] != self.id.as_str());
        let fields = others.filter_map(Value::as_object).flatten();
        let producers: Vec<String> = fields
            .filter(|(name, _)| name.ends_with("ProducerId"))
            .map(|(_, id)| text(id))
            .filter(|id| !self.consumed.values().any(|consumed| consumed == id))
            .collect();
        for producer in &producers {
            self.consume(producer).await;
        }
        producers.len()
    }

    /// Consumes one producer.
    async fn consume(&mut self, producer: &str) {
        let request = json!({
            "producerId": producer, "rtpCapabilities": parameters::capabilities(), "paused": true,
        });
        let consumer = self.client.must("consume", Some(request)).await;
        let id = text(&consumer["id"]);
        let kind = match text(&consumer["kind"]).as_str() {
            "audio" => MediaKind::Audio,
            _ => MediaKind::Video,
        };
        let rtp = &consumer["rtpParameters"];
        let expected = if kind.is_audio() { parameters::OPUS } else { parameters::VP8 };
        assert_eq!(rtp["codecs"][0]["payloadType"], expected, "the router's payload type");
        let ssrc = rtp["encodings"][0]["ssrc"].as_u64().and_then(|ssrc| u32::try_from(ssrc).ok());
        let mid = Mid::from(format!("c{}", self.consumed.len()).as_str());
        let stream = Stream { mid, kind, ssrc: ssrc.expect("an SSRC"), rid: None };
        let receive = |ready| Command::Receive { consumer: id.clone(), stream, ready };
        self.ask(receive).await;
        if kind.is_video() {
            let shown = json!({ "consumerId": id, "height": TILE });
            self.client.must("setPreferredLayers", Some(shown)).await;
        }
        // Only now: what flows before the stream is announced would be dropped.
        self.client.must("resumeConsumer", Some(json!({ "consumerId": id }))).await;
        self.consumed.insert(id, producer.into());
    }

    /// Sends no more; answers what it has sent. It still receives.
    ///
    /// # Panics
    /// When the media task has ended.
    pub async fn stop_sending(&self) -> Sent {
        self.ask(Command::Stop).await
    }

    /// What arrived so far, by producer.
    ///
    /// # Panics
    /// When the media task has ended.
    pub async fn received(&self) -> BTreeMap<String, Tally> {
        let by_consumer = self.ask(Command::Tallies).await.into_iter();
        by_consumer.map(|(consumer, tally)| (self.consumed[&consumer].clone(), tally)).collect()
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> T {
        let (reply, answer) = oneshot::channel();
        // A task that is gone does not answer either.
        drop(self.commands.send(command(reply)).await);
        answer.await.expect("the media task lives")
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What the task owns.
struct Media {
    sending: Transport,
    receiving: Transport,
    microphone: Stream,
    camera: [Stream; LAYERS],
    /// By SSRC.
    consumers: BTreeMap<u32, Consumer>,
    sent: Sent,
    clip: Arc<Clip>,
    /// The clip's next picture.
    moment: usize,
    /// Counts pictures, for their ids.
    pictures: u16,
    audio_time: u32,
    video_time: u32,
    key_frame_wanted: bool,
}

struct Consumer {
    id: String,
    tally: Tally,
    window: u64,
}

impl Media {
    async fn run(mut self, mut inbox: mpsc::Receiver<Command>) {
        let (mut audio, mut video) = (clock(AUDIO_EVERY), clock(VIDEO_EVERY));
        let mut speaking = true;
        loop {
            tokio::select! {
                command = inbox.recv() => match command {
                    None => return,
                    Some(Command::Receive { consumer, stream, ready }) => {
                        self.receiving.will_receive(stream);
                        let consumer = Consumer { id: consumer, tally: Tally::default(), window: 0 };
                        self.consumers.insert(stream.ssrc, consumer);
                        // Whoever asked is gone together with this task.
                        let _told = ready.send(());
                    }
                    Some(Command::Stop(reply)) => {
                        speaking = false;
                        let unsent = self.sending.unsent + self.receiving.unsent;
                        let _told = reply.send(Sent { unsent, ..self.sent });
                    }
                    Some(Command::Tallies(reply)) => {
                        let tallies = self.consumers.values();
                        let _told = reply.send(tallies.map(|one| (one.id.clone(), one.tally)).collect());
                    }
                },
                _ = audio.tick(), if speaking => self.speak(),
                _ = video.tick(), if speaking => self.show(),
                event = self.sending.next() => if let Event::KeyframeRequest(_) = event {
                    self.key_frame_wanted = true;
                },
                event = self.receiving.next() => if let Event::RtpPacket(packet) = event {
                    let csrc = &packet.header.csrc[..packet.header.csrc_count];
                    self.count(*packet.header.ssrc, *packet.seq_no, Number::read(csrc));
                },
            }
        }
    }

    fn speak(&mut self) {
        let packet = self.sent.audio;
        let write = RtpWrite::new(
            parameters::OPUS.into(),
            u64::from(packet).into(),
            self.audio_time,
            Instant::now().into(),
            self.clip.sound(packet),
        );
        let write = write.csrc(&[Number { layer: 0, packet }.csrc()]);
        self.sending.send(self.microphone.ssrc, write);
        self.audio_time = self.audio_time.wrapping_add(AUDIO_TICKS);
        self.sent.audio += 1;
    }

    fn show(&mut self) {
        if std::mem::take(&mut self.key_frame_wanted) {
            self.moment = self.clip.key_frame_from(self.moment);
        }
        let layers = self.camera.iter().zip(&mut self.sent.video);
        for (layer, ((stream, sent), picture)) in
            (0..).zip(layers.zip(self.clip.picture(self.moment)))
        {
            let mut payloads = packets::payloads(picture, self.pictures).peekable();
            while let Some(payload) = payloads.next() {
                let write = RtpWrite::new(
                    parameters::VP8.into(),
                    u64::from(*sent).into(),
                    self.video_time,
                    Instant::now().into(),
                    payload,
                );
                let number = Number { layer, packet: *sent };
                let write = write.csrc(&[number.csrc()]).marker(payloads.peek().is_none());
                self.sending.send(stream.ssrc, write);
                *sent += 1;
            }
        }
        self.sent.key_frames += u32::from(self.clip.is_key(self.moment));
        self.moment += 1;
        self.pictures = self.pictures.wrapping_add(1);
        self.video_time = self.video_time.wrapping_add(VIDEO_TICKS);
    }

    fn count(&mut self, ssrc: u32, sequence: u64, number: Option<Number>) {
        if let (Some(consumer), Some(number)) = (self.consumers.get_mut(&ssrc), number) {
            consumer.tally.count(sequence, number, &mut consumer.window);
        }
    }
}

/// Ticks this often, from anywhere within the first period on: people's devices have nothing to do with each other's. What
/// a busy machine delays is sent as soon as it can be, as a browser does it.
fn clock(every: Duration) -> Interval {
    let mut clock = interval_at(Instant::now() + every.mul_f64(rand::random()), every);
    clock.set_missed_tick_behavior(MissedTickBehavior::Burst);
    clock
}

fn stream(mid: &str, kind: MediaKind) -> Stream {
    Stream { mid: mid.into(), kind, ssrc: rand::random_range(1..u32::MAX), rid: None }
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}
