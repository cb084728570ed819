//! A room with one producer, its driver, and the composer it talks to.

use std::{
    net::Ipv4Addr,
    num::{NonZeroU8, NonZeroU32},
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use mediasoup::prelude::*;
use proto::v1::{self, composer_server};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{
    Status,
    transport::{Endpoint, Server},
};

use super::composer::{Call, Scripted};
use crate::{
    broadcast::{
        Config, DesiredBroadcast,
        desired::{DesiredInput, Paused, Sources},
        drive,
    },
    media::workers::{Placement, WorkerConfig, Workers},
    room::Charter,
    signaling::messages::BroadcastStatus,
};

pub const PATIENCE: Duration = Duration::from_secs(20);

/// A room with one producer, its driver, and the composer it talks to.
pub struct Rig {
    pub calls: mpsc::Receiver<Call>,
    pub desired: watch::Sender<DesiredBroadcast>,
    pub status: watch::Receiver<BroadcastStatus>,
    pub scenes: watch::Sender<bool>,
    pub refusals: Arc<AtomicU32>,
    pub refused_pauses: Arc<AtomicU32>,
    pub refused_resumes: Arc<AtomicU32>,
    producer: Producer,
    /// Requests for key frames that the producer has got.
    pub key_frames: Arc<AtomicU32>,
    _placement: Placement,
}

impl Rig {
    pub async fn start() -> Self {
        Self::answering(1).await
    }

    /// The one producer is a camera.
    pub async fn with_camera() -> Self {
        let mut rig = Self::answering(1).await;
        let router = rig._placement.router.clone();
        let asked = rig.key_frames.clone();
        rig.producer = produce(&router, MediaKind::Video, asked).await;
        rig
    }

    /// With a composer that answers SetPaused with this generation.
    pub async fn answering(generation: u32) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let composer = format!("http://{}", listener.local_addr().expect("its address"));
        let (calls_tx, calls) = mpsc::channel(64);
        let (scenes, open) = watch::channel(true);
        let [refusals, refused_pauses, refused_resumes] = <[Arc<AtomicU32>; 3]>::default();
        let scripted = Scripted {
            calls: calls_tx,
            generation,
            scenes: open,
            refusals: Arc::clone(&refusals),
            refused_pauses: Arc::clone(&refused_pauses),
            refused_resumes: Arc::clone(&refused_resumes),
        };
        let service = composer_server::ComposerServer::new(scripted);
        tokio::spawn(
            Server::builder()
                .add_service(service)
                .serve_with_incoming(TcpListenerStream::new(listener)),
        );
        let placement = place_room().await;
        let key_frames = Arc::default();
        let producer = produce(&placement.router, MediaKind::Audio, Arc::clone(&key_frames)).await;
        let (desired, wanted) = watch::channel(DesiredBroadcast::default());
        let composer = Endpoint::from_shared(composer).expect("a URI");
        let config = Config { composer, plain_ports: 41_000..=41_999 };
        let (charter, _) = Charter::draw_up(Some("room".into()));
        let status = drive(config, charter.into(), placement.clone(), wanted);
        Self {
            calls,
            desired,
            status,
            scenes,
            refusals,
            refused_pauses,
            refused_resumes,
            producer,
            key_frames,
            _placement: placement,
        }
    }

    /// The room has one speaker.
    pub fn speak(&self) {
        self.desire(Paused::default());
    }

    pub fn desire(&self, paused: Paused) {
        self.desired.send_replace(DesiredBroadcast {
            inputs: vec![DesiredInput {
                participant: "ada".into(),
                peer_id: "ada".into(),
                label: "Ada".into(),
                sources: match self.producer.kind() {
                    MediaKind::Audio => Sources { video: None, audio: Some(self.producer.id()) },
                    MediaKind::Video => Sources { video: Some(self.producer.id()), audio: None },
                },
                camera_off: self.producer.kind() == MediaKind::Audio,
                muted: paused.audio,
                paused,
                ..DesiredInput::default()
            }],
            ..DesiredBroadcast::default()
        });
    }

    pub async fn next(&mut self) -> Call {
        timeout(PATIENCE, self.calls.recv()).await.expect("a call in time").expect("a composer")
    }

    /// The kinds that the next SetPaused names, whatever else is called before.
    pub async fn paused(&mut self) -> Vec<i32> {
        loop {
            if let Call::Paused(told) = self.next().await {
                return told.paused;
            }
        }
    }

    /// The producer is paused as its peer does it, or resumed.
    pub async fn pause_producer(&self, paused: bool) {
        let done = if paused { self.producer.pause().await } else { self.producer.resume().await };
        done.expect("a media worker");
    }

    /// The next input that is started, whatever else is called before.
    pub async fn started(&mut self) -> String {
        loop {
            if let Call::Start(start) = self.next().await {
                return start.input_id;
            }
        }
    }

    /// The composer gives up one input after the other, until the room is told that somebody is missing. Answers the last
    /// input that was started.
    pub async fn give_up(
        &mut self,
        mut input: String,
        statuses: &mpsc::Sender<Result<v1::BroadcastStatus, Status>>,
    ) -> String {
        let is_missing = |status: &BroadcastStatus| matches!(status, BroadcastStatus::Live { missing, .. } if !missing.is_empty());
        let mut told = self.status.clone();
        while !is_missing(&told.borrow_and_update()) {
            let failed = status(&input, v1::InputState::Failed, 0);
            statuses.send(Ok(failed)).await.expect("a driver that listens");
            tokio::select! {
                next = self.started() => input = next,
                told = told.wait_for(is_missing) => drop(told.expect("a driver")),
            }
        }
        input
    }

    /// Answers everything up to the active input; answers its id and the status stream.
    pub async fn climb(&mut self) -> (String, mpsc::Sender<Result<v1::BroadcastStatus, Status>>) {
        let Call::Open(_, statuses) = self.next().await else { panic!("OpenBroadcast first") };
        let Call::Scene(scene) = self.next().await else { panic!("then the scene") };
        let named = if scene.tiles.is_empty() {
            let Call::Scene(scene) = self.next().await else { panic!("then the settled scene") };
            scene
        } else {
            scene
        };
        let Call::Reserve(reserve) = self.next().await else { panic!("then ReservePorts") };
        assert_eq!(
            named.tiles[0].input_ids,
            std::slice::from_ref(&reserve.input_id),
            "the scene names it first"
        );
        let Call::Start(start) = self.next().await else { panic!("then StartInput") };
        assert_eq!(start.input_id, reserve.input_id);
        assert_eq!(start.tracks.len(), 1);
        let codec = match self.producer.kind() {
            MediaKind::Audio => v1::Codec::Opus,
            MediaKind::Video => v1::Codec::Vp8,
        };
        assert_eq!(start.tracks[0].codec(), codec);
        let status = status(&start.input_id, v1::InputState::Listening, 1);
        statuses.send(Ok(status)).await.expect("a driver that listens");
        let Call::Confirm(confirm) = self.next().await else { panic!("then ConfirmResumed") };
        assert_eq!((confirm.input_id.as_str(), confirm.generation), (start.input_id.as_str(), 1));
        let own: Vec<u32> = confirm.steps.iter().map(|step| step.number).collect();
        assert_eq!(own, [1, 3, 4, 7], "the SFU's own steps, in order");
        let status = self::status(&start.input_id, v1::InputState::Active, 0);
        statuses.send(Ok(status)).await.expect("a driver that listens");
        (start.input_id, statuses)
    }
}

pub fn status(input: &str, state: v1::InputState, resume_wanted: u32) -> v1::BroadcastStatus {
    v1::BroadcastStatus {
        phase: v1::BroadcastPhase::Live.into(),
        playlist_url: "/hls/room/index.m3u8".into(),
        inputs: vec![v1::InputStatus {
            input_id: input.into(),
            participant_id: "ada".into(),
            state: state.into(),
            resume_wanted,
            ..v1::InputStatus::default()
        }],
        ..v1::BroadcastStatus::default()
    }
}

pub async fn place_room() -> Placement {
    // Outside the range that outgoing connections take theirs from: a port found free there is soon taken, for TCP.
    let ports = std::iter::repeat_with(|| rand::random_range(20_000..30_000_u16)).take(20);
    for first_port in ports {
        let workers = Workers::start(WorkerConfig {
            count: 1,
            cpus: daemon::cpus::CpuList::allowed().expect("cores"),
            listen_ip: Ipv4Addr::LOCALHOST.into(),
            announced: Arc::from([]),
            first_port,
        });
        if let Ok(workers) = workers.await {
            return workers.place_room().await.expect("a room");
        }
    }
    panic!("none of twenty ports is free");
}

/// One that sends Opus or VP8; requests for key frames are counted.
async fn produce(router: &Router, kind: MediaKind, asked: Arc<AtomicU32>) -> Producer {
    let transport = router
        .create_direct_transport(DirectTransportOptions::default())
        .await
        .expect("a transport");
    // RFC 4585, section 6.3.1: payload-specific feedback, format 1.
    let count = move |packet: &[u8]| {
        if packet.len() > 1 && packet[1] == 206 && packet[0] & 0x1f == 1 {
            asked.fetch_add(1, Ordering::Relaxed);
        }
    };
    transport.on_rtcp(count).detach();
    let codec = match kind {
        MediaKind::Audio => RtpCodecParameters::Audio {
            mime_type: MimeTypeAudio::Opus,
            payload_type: 111,
            clock_rate: NonZeroU32::new(48_000).expect("a rate"),
            channels: NonZeroU8::new(2).expect("channels"),
            parameters: RtpCodecParametersParameters::default(),
            rtcp_feedback: vec![],
        },
        MediaKind::Video => RtpCodecParameters::Video {
            mime_type: MimeTypeVideo::Vp8,
            payload_type: 96,
            clock_rate: NonZeroU32::new(90_000).expect("a rate"),
            parameters: RtpCodecParametersParameters::default(),
            rtcp_feedback: vec![RtcpFeedback::NackPli],
        },
    };
    let parameters = RtpParameters {
        codecs: vec![codec],
        encodings: vec![RtpEncodingParameters { ssrc: Some(1111), ..Default::default() }],
        ..RtpParameters::default()
    };
    let producer = transport.produce(ProducerOptions::new(kind, parameters)).await;
    let producer = producer.expect("a producer");
    // mediasoup asks nobody for a key frame of whom it has got nothing: one packet of RTP (RFC 3550, section 5.1).
    if let (MediaKind::Video, Producer::Direct(direct)) = (kind, &producer) {
        let [high, low] = 1111_u16.to_be_bytes();
        let packet = [0x80, 96, 0, 1, 0, 0, 0, 1, 0, 0, high, low, 0x10, 0, 0, 0];
        direct.send(packet.into()).expect("a packet");
    }
    producer
}
