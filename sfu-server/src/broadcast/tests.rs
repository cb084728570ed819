//! The driver against a scripted composer: which calls it makes, in which order, and what it does when calls fail.

use std::{
    net::{Ipv4Addr, UdpSocket},
    num::{NonZeroU8, NonZeroU32},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures_util::Stream;
use mediasoup::prelude::*;
use proto::v1::{self, composer_server};
use tokio::{
    sync::{mpsc, watch},
    time::timeout,
};
use tokio_stream::wrappers::{ReceiverStream, TcpListenerStream};
use tonic::{
    Request, Response, Status,
    transport::{Endpoint, Server},
};

use super::{
    Config, DesiredBroadcast,
    desired::{DesiredInput, Paused, Sources},
    drive,
    driver::PANICS,
};
use crate::{
    media::{
        codecs,
        layers::{self, Shown},
        transports,
        workers::{Placement, WorkerConfig, Workers},
    },
    room::Charter,
    signaling::messages::{BroadcastStatus, LayoutName},
};

const PATIENCE: Duration = Duration::from_secs(20);

/// One call the driver made. `Open` carries the sender of its status stream.
#[derive(Debug)]
enum Call {
    Open(u64, mpsc::Sender<Result<v1::BroadcastStatus, Status>>),
    Scene(v1::UpdateSceneRequest),
    Reserve(v1::ReservePortsRequest),
    Start(v1::StartInputRequest),
    Confirm(v1::ConfirmResumedRequest),
    Paused(v1::SetPausedRequest),
    Stop(String),
    Close,
}

struct Scripted {
    calls: mpsc::Sender<Call>,
    /// What SetPaused answers.
    generation: u32,
    /// Scenes are answered while this is open.
    scenes: watch::Receiver<bool>,
    /// So many of the next reservations are refused.
    refusals: Arc<AtomicU32>,
}

impl Scripted {
    async fn saw(&self, call: Call) {
        self.calls.send(call).await.expect("a test that listens");
    }
}

type Statuses = Pin<Box<dyn Stream<Item = Result<v1::BroadcastStatus, Status>> + Send>>;

#[tonic::async_trait]
impl composer_server::Composer for Scripted {
    type OpenBroadcastStream = Statuses;
    type WatchBroadcastStream = Statuses;

    async fn open_broadcast(
        &self,
        request: Request<v1::OpenBroadcastRequest>,
    ) -> Result<Response<Statuses>, Status> {
        let (statuses, stream) = mpsc::channel(16);
        self.saw(Call::Open(request.into_inner().epoch, statuses)).await;
        Ok(Response::new(Box::pin(ReceiverStream::new(stream))))
    }

    async fn close_broadcast(
        &self,
        request: Request<v1::CloseBroadcastRequest>,
    ) -> Result<Response<v1::CloseBroadcastResponse>, Status> {
        drop(request);
        self.saw(Call::Close).await;
        Ok(Response::new(v1::CloseBroadcastResponse {}))
    }

    async fn reserve_ports(
        &self,
        request: Request<v1::ReservePortsRequest>,
    ) -> Result<Response<v1::ReservePortsResponse>, Status> {
        let request = request.into_inner();
        if self.refusals.load(Ordering::Relaxed) > 0 {
            self.refusals.fetch_sub(1, Ordering::Relaxed);
            return Err(Status::internal("not now"));
        }
        let sink = || {
            let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
            u32::from(socket.local_addr().expect("its address").port())
        };
        let ports = request.tracks.iter().map(|kind| v1::ReservedPorts {
            kind: *kind,
            ip: "127.0.0.1".into(),
            rtp_port: sink(),
            rtcp_port: sink(),
        });
        let ports = ports.collect();
        self.saw(Call::Reserve(request)).await;
        Ok(Response::new(v1::ReservePortsResponse { ports }))
    }

    async fn start_input(
        &self,
        request: Request<v1::StartInputRequest>,
    ) -> Result<Response<v1::StartInputResponse>, Status> {
        self.saw(Call::Start(request.into_inner())).await;
        Ok(Response::new(v1::StartInputResponse { generation: 1 }))
    }

    async fn confirm_resumed(
        &self,
        request: Request<v1::ConfirmResumedRequest>,
    ) -> Result<Response<v1::ConfirmResumedResponse>, Status> {
        self.saw(Call::Confirm(request.into_inner())).await;
        Ok(Response::new(v1::ConfirmResumedResponse {}))
    }

    async fn set_paused(
        &self,
        request: Request<v1::SetPausedRequest>,
    ) -> Result<Response<v1::SetPausedResponse>, Status> {
        self.saw(Call::Paused(request.into_inner())).await;
        Ok(Response::new(v1::SetPausedResponse { generation: self.generation }))
    }

    async fn stop_input(
        &self,
        request: Request<v1::StopInputRequest>,
    ) -> Result<Response<v1::StopInputResponse>, Status> {
        self.saw(Call::Stop(request.into_inner().input_id)).await;
        Ok(Response::new(v1::StopInputResponse {}))
    }

    async fn update_scene(
        &self,
        request: Request<v1::UpdateSceneRequest>,
    ) -> Result<Response<v1::UpdateSceneResponse>, Status> {
        self.saw(Call::Scene(request.into_inner())).await;
        let mut scenes = self.scenes.clone();
        _ = scenes.wait_for(|open| *open).await;
        Ok(Response::new(v1::UpdateSceneResponse {}))
    }

    async fn restart_pipeline(
        &self,
        _: Request<v1::RestartPipelineRequest>,
    ) -> Result<Response<v1::RestartPipelineResponse>, Status> {
        Err(Status::unimplemented("an operator's call"))
    }

    async fn list_broadcasts(
        &self,
        _: Request<v1::ListBroadcastsRequest>,
    ) -> Result<Response<v1::ListBroadcastsResponse>, Status> {
        Err(Status::unimplemented("an operator's call"))
    }

    async fn get_broadcast(
        &self,
        _: Request<v1::GetBroadcastRequest>,
    ) -> Result<Response<v1::BroadcastStatus>, Status> {
        Err(Status::unimplemented("an operator's call"))
    }

    async fn watch_broadcast(
        &self,
        _: Request<v1::WatchBroadcastRequest>,
    ) -> Result<Response<Statuses>, Status> {
        Err(Status::unimplemented("an operator's call"))
    }
}

/// A room with one producer, its driver, and the composer it talks to.
struct Rig {
    calls: mpsc::Receiver<Call>,
    desired: watch::Sender<DesiredBroadcast>,
    status: watch::Receiver<BroadcastStatus>,
    scenes: watch::Sender<bool>,
    refusals: Arc<AtomicU32>,
    producer: Producer,
    /// Requests for key frames that the producer has got.
    key_frames: Arc<AtomicU32>,
    _placement: Placement,
}

impl Rig {
    async fn start() -> Self {
        Self::answering(1).await
    }

    /// The one producer is a camera.
    async fn with_camera() -> Self {
        let mut rig = Self::answering(1).await;
        let router = rig._placement.router.clone();
        let asked = rig.key_frames.clone();
        rig.producer = produce(&router, MediaKind::Video, asked).await;
        rig
    }

    /// With a composer that answers SetPaused with this generation.
    async fn answering(generation: u32) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let composer = format!("http://{}", listener.local_addr().expect("its address"));
        let (calls_tx, calls) = mpsc::channel(64);
        let (scenes, open) = watch::channel(true);
        let refusals = Arc::default();
        let scripted =
            Scripted { calls: calls_tx, generation, scenes: open, refusals: Arc::clone(&refusals) };
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
            producer,
            key_frames,
            _placement: placement,
        }
    }

    /// The room has one speaker.
    fn speak(&self) {
        self.desire(Paused::default());
    }

    fn desire(&self, paused: Paused) {
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

    async fn next(&mut self) -> Call {
        timeout(PATIENCE, self.calls.recv()).await.expect("a call in time").expect("a composer")
    }

    /// The next input that is started, whatever else is called before.
    async fn started(&mut self) -> String {
        loop {
            if let Call::Start(start) = self.next().await {
                return start.input_id;
            }
        }
    }

    /// The composer gives up one input after the other, until the room is told that somebody is missing.
    async fn give_up(
        &mut self,
        mut input: String,
        statuses: &mpsc::Sender<Result<v1::BroadcastStatus, Status>>,
    ) {
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
    }

    /// Answers everything up to the active input; answers its id and the status stream.
    async fn climb(&mut self) -> (String, mpsc::Sender<Result<v1::BroadcastStatus, Status>>) {
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

fn status(input: &str, state: v1::InputState, resume_wanted: u32) -> v1::BroadcastStatus {
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

async fn place_room() -> Placement {
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

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_given_up_is_tried_again_and_the_room_is_told_meanwhile() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, statuses) = rig.climb().await;
    timeout(PATIENCE, rig.give_up(input, &statuses)).await.expect("the room is told in time");
    let told = serde_json::to_value(&*rig.status.borrow()).expect("JSON");
    assert_eq!(told["missing"][0]["peerId"], "ada", "{told}");
    let again = timeout(2 * PATIENCE, rig.started()).await.expect("another climb");
    let active = status(&again, v1::InputState::Active, 0);
    statuses.send(Ok(active)).await.expect("a driver that listens");
    let is_well = |status: &BroadcastStatus| matches!(status, BroadcastStatus::Live { missing, .. } if missing.is_empty());
    timeout(PATIENCE, rig.status.wait_for(is_well)).await.expect("in time").expect("a driver");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_restart_reaches_whoever_was_given_up() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, statuses) = rig.climb().await;
    timeout(PATIENCE, rig.give_up(input.clone(), &statuses)).await.expect("in time");
    let mut wanted = status(&input, v1::InputState::Failed, 0);
    wanted.wanted_climb_default = 1;
    statuses.send(Ok(wanted)).await.expect("a driver that listens");
    loop {
        if let Call::Reserve(reserve) = rig.next().await {
            assert_eq!(reserve.climb, 1);
            return;
        }
    }
}

/// A climb that failed and was then given up once left a due time in the past behind, which fired without end.
#[tokio::test]
async fn whoever_rests_costs_nothing_meanwhile() {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeValLike as _,
    };
    let mut rig = Rig::start().await;
    rig.refusals.store(1, Ordering::Relaxed);
    rig.speak();
    let Call::Open(_, statuses) = rig.next().await else { panic!("OpenBroadcast first") };
    let input = rig.started().await;
    let failed = status(&input, v1::InputState::Failed, 0);
    statuses.send(Ok(failed)).await.expect("a driver that listens");
    let is_live = |status: &BroadcastStatus| matches!(status, BroadcastStatus::Live { .. });
    timeout(PATIENCE, rig.status.wait_for(is_live)).await.expect("in time").expect("a driver");
    let used = || {
        let usage = getrusage(UsageWho::RUSAGE_THREAD).expect("the thread's usage");
        usage.user_time().num_milliseconds() + usage.system_time().num_milliseconds()
    };
    let before = used();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(used() - before < 500, "a driver that waits does not compute");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_composer_that_is_slow_to_take_a_scene_holds_up_no_resume() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, statuses) = rig.climb().await;
    rig.scenes.send_replace(false);
    rig.desired.send_modify(|desired| desired.inputs[0].speaking = true);
    let Call::Scene(_) = rig.next().await else { panic!("UpdateScene") };
    let listening = status(&input, v1::InputState::Listening, 2);
    statuses.send(Ok(listening)).await.expect("a driver that listens");
    let Call::Confirm(confirm) = rig.next().await else { panic!("ConfirmResumed") };
    assert_eq!(confirm.generation, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_newest_of_the_scenes_that_wait_is_sent() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (_, _statuses) = rig.climb().await;
    rig.scenes.send_replace(false);
    rig.desired.send_modify(|desired| desired.inputs[0].speaking = true);
    let Call::Scene(first) = rig.next().await else { panic!("UpdateScene") };
    for label in ["A", "Ad", "Ada L."] {
        rig.desired.send_modify(|desired| desired.inputs[0].label = label.into());
        tokio::task::yield_now().await;
    }
    rig.scenes.send_replace(true);
    let mut last = first;
    while last.tiles[0].label != "Ada L." {
        let Call::Scene(scene) = rig.next().await else { panic!("UpdateScene") };
        assert_eq!(scene.version, last.version + 1, "one call at a time");
        last = scene;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn key_frames_are_asked_for_when_the_composer_wants_them_and_by_nobody_else() {
    let mut rig = Rig::with_camera().await;
    rig.speak();
    let Call::Open(_, statuses) = rig.next().await else { panic!("OpenBroadcast first") };
    let input = rig.started().await;
    let listening = status(&input, v1::InputState::Listening, 1);
    statuses.send(Ok(listening)).await.expect("a driver that listens");
    let Call::Confirm(_) = rig.next().await else { panic!("ConfirmResumed") };
    let mut resumed = status(&input, v1::InputState::Resumed, 0);
    statuses.send(Ok(resumed.clone())).await.expect("a driver that listens");
    // As long as the composer wants none, none is asked for but by the resume: mediasoup asks once, and the leg does.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = rig.key_frames.load(Ordering::Relaxed);
    assert!((1..=2).contains(&before), "{before} for the resume");
    resumed.inputs[0].key_frames_wanted = 1;
    for _ in 0..20 {
        statuses.send(Ok(resumed.clone())).await.expect("a driver that listens");
    }
    let asked = async {
        while rig.key_frames.load(Ordering::Relaxed) == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, asked).await.expect("the one that was wanted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_climbs_every_rung_in_order() {
    let mut rig = Rig::start().await;
    rig.speak();
    rig.climb().await;
    let told = |status: &BroadcastStatus| matches!(status, BroadcastStatus::Live { .. });
    timeout(PATIENCE, rig.status.wait_for(told)).await.expect("in time").expect("a live broadcast");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_generation_is_resumed_once_however_often_it_is_asked_for() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, statuses) = rig.climb().await;
    for _ in 0..5 {
        let again = status(&input, v1::InputState::Listening, 2);
        statuses.send(Ok(again)).await.expect("a driver that listens");
    }
    let Call::Confirm(confirm) = rig.next().await else { panic!("ConfirmResumed") };
    assert_eq!((confirm.input_id, confirm.generation), (input.clone(), 2));
    let third = status(&input, v1::InputState::Listening, 3);
    statuses.send(Ok(third)).await.expect("a driver that listens");
    let Call::Confirm(confirm) = rig.next().await else { panic!("ConfirmResumed") };
    assert_eq!(confirm.generation, 3, "nothing was confirmed twice in between");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wanted_climb_stops_the_old_input_before_it_reserves_ports() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (old, statuses) = rig.climb().await;
    let mut wanted = status(&old, v1::InputState::Active, 0);
    wanted.wanted_climb_default = 1;
    statuses.send(Ok(wanted)).await.expect("a driver that listens");
    let stopped = loop {
        match rig.next().await {
            Call::Scene(_) => {}
            Call::Stop(input) => break input,
            other => panic!("StopInput first, not {other:?}"),
        }
    };
    assert_eq!(stopped, old);
    let Call::Reserve(reserve) = rig.next().await else { panic!("then ReservePorts") };
    assert_eq!(reserve.climb, 1);
    assert_ne!(reserve.input_id, old, "an id is never reused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_stream_is_followed_by_a_newer_epoch_and_a_full_climb() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (old, statuses) = rig.climb().await;
    drop(statuses);
    let Call::Open(epoch, statuses) = rig.next().await else { panic!("OpenBroadcast again") };
    let stale = Status::unavailable("gone again");
    statuses.send(Err(stale)).await.expect("a driver that listens");
    let newer = loop {
        match rig.next().await {
            Call::Open(newer, _statuses) => break newer,
            Call::Scene(scene) => {
                assert!(scene.tiles.iter().all(|tile| !tile.input_ids.contains(&old)));
            }
            Call::Reserve(_) | Call::Start(_) => {}
            other => panic!("OpenBroadcast, not {other:?}"),
        }
    };
    assert!(newer > epoch);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_panics_is_followed_by_one_with_a_newer_epoch_and_the_room_is_told_meanwhile()
{
    let mut rig = Rig::start().await;
    rig.speak();
    let Call::Open(epoch, statuses) = rig.next().await else { panic!("OpenBroadcast first") };
    rig.desired.send_modify(|desired| desired.inputs[0].label = PANICS.into());
    let is_away = |status: &BroadcastStatus| matches!(status, BroadcastStatus::Reconnecting { .. });
    timeout(PATIENCE, rig.status.wait_for(is_away)).await.expect("in time").expect("a driver");
    timeout(PATIENCE, statuses.closed()).await.expect("the former claim is let go");
    rig.speak();
    let (newer, statuses) = loop {
        if let Call::Open(newer, statuses) = rig.next().await {
            break (newer, statuses);
        }
    };
    assert!(newer > epoch);
    let live = status("none yet", v1::InputState::Active, 0);
    statuses.send(Ok(live)).await.expect("a driver that listens");
    let is_live = |status: &BroadcastStatus| matches!(status, BroadcastStatus::Live { .. });
    timeout(PATIENCE, rig.status.wait_for(is_live)).await.expect("in time").expect("a driver");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rooms_end_closes_the_broadcast_and_the_servers_end_does_not() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (_, _statuses) = rig.climb().await;
    rig.desired.send_replace(DesiredBroadcast { over: true, ..DesiredBroadcast::default() });
    loop {
        match rig.next().await {
            Call::Close => break,
            Call::Scene(_) => {}
            other => panic!("CloseBroadcast, not {other:?}"),
        }
    }

    let mut rig = Rig::start().await;
    rig.speak();
    let (_, statuses) = rig.climb().await;
    drop(rig.desired);
    timeout(PATIENCE, statuses.closed()).await.expect("the claim is let go");
    assert!(rig.calls.try_recv().is_err(), "nothing is closed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_told_to_the_composer_and_so_is_its_end_before_anything_flows() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, _statuses) = rig.climb().await;
    for muted in [true, false] {
        rig.desire(Paused { video: false, audio: muted });
        let paused = loop {
            match rig.next().await {
                Call::Paused(paused) => break paused,
                Call::Scene(_) => {}
                other => panic!("SetPaused, not {other:?}"),
            }
        };
        let kinds: &[i32] = if muted { &[v1::MediaKind::Audio as i32] } else { &[] };
        assert_eq!((&paused.input_id, paused.paused.as_slice()), (&input, kinds));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_long_pause_nothing_flows_before_the_new_generation_listens() {
    let mut rig = Rig::answering(2).await;
    rig.speak();
    let (input, statuses) = rig.climb().await;
    for muted in [true, false] {
        rig.desire(Paused { video: false, audio: muted });
        while !matches!(rig.next().await, Call::Paused(_)) {}
    }
    let listening = status(&input, v1::InputState::Listening, 2);
    statuses.send(Ok(listening)).await.expect("a driver that listens");
    let confirm = loop {
        match rig.next().await {
            Call::Confirm(confirm) => break confirm,
            Call::Scene(_) => {}
            other => panic!("ConfirmResumed, not {other:?}"),
        }
    };
    assert_eq!((confirm.input_id, confirm.generation), (input, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn speaking_and_another_layout_change_the_scene_and_restart_nothing() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, _statuses) = rig.climb().await;
    let scenes = [
        (LayoutName::Speaker, v1::Layout::Speaker, "ada"),
        (LayoutName::Spotlight, v1::Layout::Spotlight, "ada"),
        (LayoutName::Grid, v1::Layout::Grid, ""),
    ];
    for (choice, layout, featured) in scenes {
        rig.desired.send_modify(|desired| {
            desired.layout = choice;
            desired.inputs[0].speaking ^= true;
        });
        let Call::Scene(scene) = rig.next().await else { panic!("UpdateScene") };
        assert_eq!((scene.layout(), scene.featured.as_str()), (layout, featured));
        assert_eq!(scene.tiles[0].input_ids, std::slice::from_ref(&input));
    }
    rig.desired.send_modify(|desired| desired.over = true);
    let Call::Close = rig.next().await else { panic!("nothing but the end") };
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_consumer_follows_its_tile_to_another_layer() {
    let placement = place_room().await;
    let router = &placement.router;
    let direct = router.create_direct_transport(DirectTransportOptions::default()).await;
    let encodings = (0..3).map(|n| RtpEncodingParameters {
        ssrc: Some(2000 + n),
        scalability_mode: "L1T3".parse().expect("a mode"),
        ..RtpEncodingParameters::default()
    });
    let parameters = RtpParameters {
        codecs: vec![RtpCodecParameters::Video {
            mime_type: MimeTypeVideo::Vp8,
            payload_type: 96,
            clock_rate: NonZeroU32::new(90_000).expect("a rate"),
            parameters: RtpCodecParametersParameters::default(),
            rtcp_feedback: vec![],
        }],
        encodings: encodings.collect(),
        ..RtpParameters::default()
    };
    let direct = direct.expect("a transport");
    let camera = direct.produce(ProducerOptions::new(MediaKind::Video, parameters));
    let camera = camera.await.expect("a producer");
    let listen = transports::listen_info(Protocol::Udp, Ipv4Addr::LOCALHOST.into());
    let plain = router.create_plain_transport(PlainTransportOptions::new(listen)).await;
    let capabilities = codecs::ffmpeg_capabilities(router);
    let plain = plain.expect("a transport");
    let consumer = plain.consume(ConsumerOptions::new(camera.id(), capabilities));
    let consumer = consumer.await.expect("a consumer");
    for (shown, layer) in [
        (Shown::Camera { height: 46 }, 0),
        (Shown::Camera { height: 144 }, 1),
        (Shown::Camera { height: 46 }, 0),
        (Shown::Screen, 0),
    ] {
        layers::prefer(&consumer, shown).await;
        let preferred = consumer.preferred_layers().map(|layers| layers.spatial_layer);
        assert_eq!(preferred, Some(layer), "{shown:?}");
    }
}
