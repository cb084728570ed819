//! The composer against a scripted client: the promises of `composer.v1`, with real FFmpegs and real RTP.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    process::{Child, Command, Stdio},
    time::Duration,
};

use clap::Parser as _;
use hls_composer::{Composer, Config};
use proto::v1::{self, composer_client::ComposerClient};
use tempfile::TempDir;
use tokio::{task::JoinHandle, time::timeout};
use tonic::{Code, Status, Streaming, transport::Channel};
use tonic_types::StatusExt as _;

const ROOM: &str = "contract";
const PATIENCE: Duration = Duration::from_secs(20);

struct Daemon {
    client: ComposerClient<Channel>,
    http: SocketAddr,
    data: TempDir,
    task: JoinHandle<()>,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn free_tcp() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("its address")
}

/// Sixteen UDP ports nobody holds right now; the pool probes each once more.
fn free_udp_range() -> String {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let first = socket.local_addr().expect("its address").port().min(65_000) & !1;
    format!("{first}-{}", first + 15)
}

async fn daemon_with(extra: &[&str]) -> Daemon {
    let data = TempDir::new().expect("a directory");
    let (grpc, http, ops) = (free_tcp(), free_tcp(), free_tcp());
    let mut args: Vec<String> = vec!["hls-composer".into()];
    for (flag, value) in [
        ("--grpc-listen", grpc.to_string()),
        ("--http-listen", http.to_string()),
        ("--ops-listen", ops.to_string()),
        ("--rtp-ports", free_udp_range()),
        ("--data-dir", data.path().display().to_string()),
    ] {
        args.extend([flag.to_owned(), value]);
    }
    args.extend(extra.iter().map(ToString::to_string));
    let composer = Composer::start(Config::parse_from(args)).await.expect("a composer");
    let task = tokio::spawn(async move { composer.run().await.expect("an orderly end") });
    let channel = Channel::from_shared(format!("http://{grpc}")).expect("an address");
    let channel = channel.connect().await.expect("a bound listener");
    Daemon { client: ComposerClient::new(channel), http, data, task }
}

async fn daemon() -> Daemon {
    daemon_with(&[]).await
}

type Statuses = Streaming<v1::BroadcastStatus>;

impl Daemon {
    async fn open(&mut self, epoch: u64) -> Result<Statuses, Status> {
        let request = v1::OpenBroadcastRequest { room_id: ROOM.into(), epoch };
        Ok(self.client.open_broadcast(request).await?.into_inner())
    }

    async fn scene(&mut self, epoch: u64, version: u64, inputs: &[&str]) {
        let input_ids = inputs.iter().map(ToString::to_string).collect();
        let tile = v1::Tile { participant_id: "ada".into(), input_ids, ..v1::Tile::default() };
        let request = v1::UpdateSceneRequest {
            room_id: ROOM.into(),
            epoch,
            version,
            layout: v1::Layout::Grid.into(),
            tiles: vec![tile],
        };
        self.client.update_scene(request).await.expect("a scene");
    }

    async fn reserve(&mut self, epoch: u64, input: &str) -> Result<Vec<v1::ReservedPorts>, Status> {
        let request = v1::ReservePortsRequest {
            room_id: ROOM.into(),
            epoch,
            input_id: input.into(),
            tracks: vec![v1::MediaKind::Video.into(), v1::MediaKind::Audio.into()],
            climb: 0,
            participant_id: "ada".into(),
        };
        Ok(self.client.reserve_ports(request).await?.into_inner().ports)
    }

    async fn start(&mut self, epoch: u64, input: &str) -> Result<u32, Status> {
        let track = |kind: v1::MediaKind, codec: v1::Codec, payload_type, clock_rate, ssrc| {
            v1::TrackParameters {
                kind: kind.into(),
                codec: codec.into(),
                payload_type,
                clock_rate,
                channels: 2,
                ssrc,
                cname: "ada".into(),
                fmtp: String::new(),
                paused: false,
            }
        };
        let request = v1::StartInputRequest {
            room_id: ROOM.into(),
            epoch,
            input_id: input.into(),
            tracks: vec![
                track(v1::MediaKind::Video, v1::Codec::Vp8, 101, 90_000, 4097),
                track(v1::MediaKind::Audio, v1::Codec::Opus, 100, 48_000, 4098),
            ],
        };
        Ok(self.client.start_input(request).await?.into_inner().generation)
    }

    async fn confirm(&mut self, epoch: u64, input: &str, generation: u32) {
        let step = |number| v1::Step {
            number,
            name: format!("step {number}"),
            outcome: "ok".into(),
            ..v1::Step::default()
        };
        let request = v1::ConfirmResumedRequest {
            room_id: ROOM.into(),
            epoch,
            input_id: input.into(),
            generation,
            steps: vec![step(1), step(3), step(4), step(7)],
        };
        self.client.confirm_resumed(request).await.expect("a confirmation");
    }

    async fn usage(&mut self) -> (u32, u32) {
        let list = self.client.list_broadcasts(v1::ListBroadcastsRequest {}).await;
        let list = list.expect("a list").into_inner();
        (list.ports_leased, list.ports_quarantined)
    }

    async fn get(&self, path: &str) -> String {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        let mut stream = tokio::net::TcpStream::connect(self.http).await.expect("a listener");
        let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("a request");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("an answer");
        answer
    }
}

/// The first status that fits.
async fn until(
    statuses: &mut Statuses,
    fits: impl Fn(&v1::BroadcastStatus) -> bool,
) -> v1::BroadcastStatus {
    let waiting = async {
        loop {
            let status = statuses.message().await.expect("a status").expect("an open stream");
            if fits(&status) {
                return status;
            }
        }
    };
    timeout(PATIENCE, waiting).await.expect("the status in time")
}

fn input<'a>(status: &'a v1::BroadcastStatus, id: &str) -> Option<&'a v1::InputStatus> {
    status.inputs.iter().find(|input| input.input_id == id)
}

fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// An FFmpeg that sends a test picture and a tone; killed when dropped.
struct Sender(Child);

impl Sender {
    fn to(ports: &[v1::ReservedPorts]) -> Self {
        let port = |kind: v1::MediaKind| {
            ports.iter().find(|p| p.kind() == kind).expect("a reserved track").rtp_port
        };
        let (video, audio) = (port(v1::MediaKind::Video), port(v1::MediaKind::Audio));
        let line = format!(
            "-nostdin -loglevel error -re -f lavfi -i color=red:size=320x180:rate=15 \
             -re -f lavfi -i sine=frequency=440:sample_rate=48000 \
             -map 0:v -c:v libvpx -deadline realtime -cpu-used 8 -g 15 -b:v 200k \
             -payload_type 101 -ssrc 4097 -f rtp rtp://127.0.0.1:{video}?rtcpport={} \
             -map 1:a -c:a libopus -b:a 32k -ac 2 \
             -payload_type 100 -ssrc 4098 -f rtp rtp://127.0.0.1:{audio}?rtcpport={}",
            video + 1,
            audio + 1
        );
        let child = Command::new("ffmpeg")
            .args(line.split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        Self(child.expect("ffmpeg"))
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_climbs_in_order_and_its_picture_becomes_a_playlist() {
    let mut daemon = daemon().await;
    let mut statuses = daemon.open(1).await.expect("a claim");
    daemon.scene(1, 1, &["one"]).await;
    let ports = daemon.reserve(1, "one").await.expect("ports");
    assert!(ports.iter().all(|p| p.rtp_port % 2 == 0 && p.rtcp_port == p.rtp_port + 1));
    let again = daemon.reserve(1, "one").await.expect("the same ports");
    assert_eq!(ports, again, "reserving is idempotent");

    let generation = daemon.start(1, "one").await.expect("a listening FFmpeg");
    assert_eq!(generation, 1);
    let listening = until(&mut statuses, |s| {
        input(s, "one").is_some_and(|i| i.state() == v1::InputState::Listening)
    })
    .await;
    assert_eq!(input(&listening, "one").map(|i| i.resume_wanted), Some(1));

    let _sender = Sender::to(&ports);
    daemon.confirm(1, "one", 1).await;
    let active = until(&mut statuses, |s| {
        let active = input(s, "one").is_some_and(|i| i.state() == v1::InputState::Active);
        active && s.phase() == v1::BroadcastPhase::Live
    })
    .await;
    let climbed = input(&active, "one").expect("the input");
    let numbers: Vec<u32> = climbed.trace.iter().map(|step| step.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(climbed.trace.iter().all(|step| step.outcome == "ok"));

    let playlist = timeout(PATIENCE, async {
        loop {
            let answer = daemon.get(&format!("/hls/{ROOM}/live.m3u8")).await;
            if answer.starts_with("HTTP/1.1 200") {
                return answer;
            }
        }
    })
    .await
    .expect("a playlist");
    assert!(playlist.contains("#EXT-X-PART:"), "{playlist}");
    assert!(!playlist.contains("DISCONTINUITY\n"), "{playlist}");

    let close = v1::CloseBroadcastRequest { room_id: ROOM.into(), epoch: 1 };
    daemon.client.close_broadcast(close).await.expect("the end");
    assert!(daemon.get(&format!("/hls/{ROOM}/live.m3u8")).await.contains("#EXT-X-ENDLIST"));
    assert_eq!(daemon.usage().await.0, 0, "no port stays leased");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_out_of_order_are_refused_and_change_nothing() {
    let mut daemon = daemon().await;
    let early = daemon.reserve(1, "one").await.expect_err("no broadcast");
    assert_eq!((early.code(), reason(&early).as_str()), (Code::NotFound, "UNKNOWN_BROADCAST"));

    let _claim = daemon.open(5).await.expect("a claim");
    let unreserved = daemon.start(5, "one").await.expect_err("no ports");
    assert_eq!(
        (unreserved.code(), reason(&unreserved).as_str()),
        (Code::NotFound, "UNKNOWN_INPUT")
    );
    let ahead = daemon.reserve(6, "one").await.expect_err("never opened");
    assert_eq!((ahead.code(), reason(&ahead).as_str()), (Code::FailedPrecondition, "WRONG_STATE"));
    let bad = daemon.reserve(5, "../etc").await.expect_err("no id");
    assert_eq!((bad.code(), reason(&bad).as_str()), (Code::InvalidArgument, "INVALID_FIELD"));
    assert_eq!(daemon.usage().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_epoch_takes_over_and_the_older_one_is_told() {
    let mut daemon = daemon().await;
    let mut first = daemon.open(1).await.expect("a claim");
    daemon.scene(1, 1, &["one"]).await;
    daemon.reserve(1, "one").await.expect("ports");
    let mut second = daemon.open(2).await.expect("a newer claim");
    let status = second.message().await.expect("a status").expect("the current one");
    assert_eq!((status.epoch, status.inputs.len()), (2, 0), "old inputs are stopped");

    let farewell = timeout(PATIENCE, async {
        loop {
            if let Err(status) = first.message().await {
                return status;
            }
        }
    })
    .await
    .expect("the end of the old claim");
    assert_eq!(farewell.code(), Code::Aborted);
    let stale = daemon.open(1).await.expect_err("too old");
    let info = stale.get_details_error_info().expect("details");
    assert_eq!(info.reason, "STALE_EPOCH");
    assert_eq!(info.metadata.get("current_epoch").map(String::as_str), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_not_renewed_ends_the_playlist_and_releases_everything() {
    let mut daemon = daemon_with(&["--claim-grace", "300ms", "--keep", "200ms"]).await;
    let mut watch = {
        let claim = daemon.open(1).await.expect("a claim");
        daemon.scene(1, 1, &["one"]).await;
        daemon.reserve(1, "one").await.expect("ports");
        let request = v1::WatchBroadcastRequest { room_id: ROOM.into() };
        let watch = daemon.client.watch_broadcast(request).await.expect("a watch");
        drop(claim);
        watch.into_inner()
    };
    until(&mut watch, |s| s.phase() == v1::BroadcastPhase::Orphaned).await;
    until(&mut watch, |s| s.phase() == v1::BroadcastPhase::Ended).await;
    assert_eq!(daemon.usage().await.0, 0);
    let dir = daemon.data.path().join(ROOM);
    timeout(PATIENCE, async {
        while dir.exists() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the directory is removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_no_scene_names_any_more_is_stopped() {
    let mut daemon = daemon().await;
    let mut statuses = daemon.open(1).await.expect("a claim");
    daemon.scene(1, 1, &["one"]).await;
    daemon.reserve(1, "one").await.expect("ports");
    until(&mut statuses, |s| input(s, "one").is_some()).await;
    daemon.scene(1, 2, &["two"]).await;
    until(&mut statuses, |s| s.inputs.is_empty()).await;
    assert_eq!(daemon.usage().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_claim_a_restart_says_that_nobody_can_climb() {
    let mut daemon = daemon().await;
    drop(daemon.open(1).await.expect("a claim"));
    let request = v1::WatchBroadcastRequest { room_id: ROOM.into() };
    let watch = daemon.client.watch_broadcast(request).await.expect("a watch");
    until(&mut watch.into_inner(), |s| s.phase() == v1::BroadcastPhase::Orphaned).await;
    let request = v1::RestartPipelineRequest { room_id: ROOM.into(), ..Default::default() };
    let refused = daemon.client.restart_pipeline(request).await.expect_err("no claim");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "NO_CLAIM"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_ingest_is_replaced_and_asks_to_be_resumed_again() {
    let mut daemon = daemon().await;
    let mut statuses = daemon.open(1).await.expect("a claim");
    daemon.scene(1, 1, &["one"]).await;
    let ports = daemon.reserve(1, "one").await.expect("ports");
    daemon.start(1, "one").await.expect("a listening FFmpeg");
    let _sender = Sender::to(&ports);
    daemon.confirm(1, "one", 1).await;
    let is_active = |generation| {
        move |s: &v1::BroadcastStatus| {
            input(s, "one")
                .is_some_and(|i| i.state() == v1::InputState::Active && i.generation == generation)
        }
    };
    let active = until(&mut statuses, is_active(1)).await;
    let pid = input(&active, "one").expect("the input").pid;
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill");
    assert!(killed.success());
    let wanting =
        until(&mut statuses, |s| input(s, "one").is_some_and(|i| i.resume_wanted == 2)).await;
    assert_eq!(input(&wanting, "one").map(|i| i.ports.clone()), Some(ports.clone()));
    daemon.confirm(1, "one", 2).await;
    until(&mut statuses, is_active(2)).await;
}
