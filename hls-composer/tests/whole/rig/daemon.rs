//! A running hls-composer, and a client that calls it as an SFU does.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    process::{Child, Command, Stdio},
    sync::{
        LazyLock,
        atomic::{AtomicU16, Ordering},
    },
    time::Duration,
};

use proto::v1::{self, composer_client::ComposerClient};
use tempfile::TempDir;
use tokio::{net::UnixDatagram, time::timeout};
use tonic::{Status, Streaming, transport::Channel};
use tonic_types::StatusExt as _;

pub const ROOM: &str = "contract";
/// Far beyond what anything takes: only a hanging test waits so long.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// The states of one broadcast, as its claim's holder sees them.
pub type Statuses = Streaming<v1::BroadcastStatus>;

/// The daemon on ports and in a directory of its own; killed when dropped, and its FFmpegs with it.
pub struct Daemon {
    pub client: ComposerClient<Channel>,
    pub http: SocketAddr,
    pub data: TempDir,
    process: Child,
    command: Command,
    told: UnixDatagram,
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ended = self.process.kill().and_then(|()| self.process.wait());
    }
}

/// Runs what is given ahead of other processes, as the systemd unit does; where that is not allowed, as any other.
pub fn ahead_of_others() -> Command {
    let mut command = Command::new("nice");
    command.args(["-n", "-10"]);
    command
}

/// The next of this process's ports. They lie below those the system gives to outgoing connections, so that none is
/// taken between being chosen and being bound, and begin anywhere, so that two processes seldom meet.
fn next_ports(count: u16) -> u16 {
    static FIRST: LazyLock<u16> = LazyLock::new(|| rand::random_range(0..200) * 50);
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let taken = TAKEN.fetch_add(count + count % 2, Ordering::Relaxed);
    10_000 + (*FIRST + taken) % 20_000
}

fn free_tcp() -> SocketAddr {
    let candidates =
        std::iter::repeat_with(|| SocketAddr::from((Ipv4Addr::LOCALHOST, next_ports(1))));
    let mut free = candidates.filter(|address| TcpListener::bind(address).is_ok());
    free.next().expect("a free port")
}

/// Enough UDP ports for nine participants; the pool probes each once more.
fn free_udp_range() -> String {
    let first = next_ports(48);
    format!("{first}-{}", first + 47)
}

impl Daemon {
    /// Returns when it serves.
    pub async fn start(extra: &[&str]) -> Self {
        Self::start_by(ahead_of_others(), extra).await
    }

    /// The same, run by a program that is given the daemon's command as its arguments.
    pub async fn start_by(mut command: Command, extra: &[&str]) -> Self {
        let data = TempDir::new().expect("a directory");
        let (grpc, http, ops) = (free_tcp(), free_tcp(), free_tcp());
        // It tells when it serves as it tells systemd.
        let notify = data.path().join("notify");
        let told = UnixDatagram::bind(&notify).expect("a socket");
        let hls = data.path().join("hls");
        command.arg(env!("CARGO_BIN_EXE_hls-composer"));
        for (flag, value) in [
            ("--grpc-listen", grpc.to_string()),
            ("--http-listen", http.to_string()),
            ("--ops-listen", ops.to_string()),
            ("--rtp-ports", free_udp_range()),
            ("--data-dir", hls.display().to_string()),
        ] {
            if !extra.contains(&flag) {
                command.args([flag, &value]);
            }
        }
        command.args(extra).env("NOTIFY_SOCKET", &notify).env("RUST_LOG", "warn");
        let process = command.stdin(Stdio::null()).spawn().expect("a process");
        serves(&told).await;
        let channel = Channel::from_shared(format!("http://{grpc}")).expect("an address");
        let channel = channel.connect().await.expect("a bound listener");
        Self { client: ComposerClient::new(channel), http, data, process, command, told }
    }

    /// `kill -9`, and the same again on the same directory and addresses, as a supervisor does it. Returns when it serves.
    pub async fn kill_and_restart(&mut self) {
        self.process.kill().and_then(|()| self.process.wait()).expect("a process that ends");
        self.process = self.command.spawn().expect("a process");
        serves(&self.told).await;
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    pub async fn open(&mut self, epoch: u64) -> Result<Statuses, Status> {
        let request =
            v1::OpenBroadcastRequest { room_id: ROOM.into(), epoch, ..Default::default() };
        Ok(self.client.open_broadcast(request).await?.into_inner())
    }

    /// Everybody in the picture, each with the one input of the same name.
    pub async fn scene(&mut self, epoch: u64, version: u64, participants: &[&str]) {
        let tile = |participant: &&str| v1::Tile {
            participant_id: (*participant).into(),
            input_ids: vec![(*participant).into()],
            ..v1::Tile::default()
        };
        let request = v1::UpdateSceneRequest {
            room_id: ROOM.into(),
            epoch,
            version,
            layout: v1::Layout::Grid.into(),
            featured: String::new(),
            tiles: participants.iter().map(tile).collect(),
        };
        self.client.update_scene(request).await.expect("a scene");
    }

    /// For a camera and a microphone.
    pub async fn reserve(
        &mut self,
        epoch: u64,
        input: &str,
    ) -> Result<Vec<v1::ReservedPorts>, Status> {
        self.reserve_tracks(epoch, input, &[v1::MediaKind::Video, v1::MediaKind::Audio]).await
    }

    pub async fn reserve_tracks(
        &mut self,
        epoch: u64,
        input: &str,
        tracks: &[v1::MediaKind],
    ) -> Result<Vec<v1::ReservedPorts>, Status> {
        let request = v1::ReservePortsRequest {
            room_id: ROOM.into(),
            epoch,
            input_id: input.into(),
            tracks: tracks.iter().map(|kind| i32::from(*kind)).collect(),
            climb: 0,
            participant_id: input.into(),
        };
        Ok(self.client.reserve_ports(request).await?.into_inner().ports)
    }

    /// Returns when the process is dead and its ports are in quarantine.
    pub async fn stop(&mut self, epoch: u64, input: &str) {
        let request = v1::StopInputRequest { room_id: ROOM.into(), epoch, input_id: input.into() };
        self.client.stop_input(request).await.expect("a stopped input");
    }

    /// A VP8 camera and an Opus microphone.
    pub async fn start_input(
        &mut self,
        epoch: u64,
        input: &str,
        ssrcs: super::sender::Ssrcs,
    ) -> Result<u32, Status> {
        self.start_camera(epoch, input, ssrcs, v1::Codec::Vp8).await
    }

    /// A camera of this codec and an Opus microphone.
    pub async fn start_camera(
        &mut self,
        epoch: u64,
        input: &str,
        ssrcs: super::sender::Ssrcs,
        camera: v1::Codec,
    ) -> Result<u32, Status> {
        let track = |kind: v1::MediaKind, codec: v1::Codec, payload_type, clock_rate, ssrc| {
            let fmtp = match codec {
                v1::Codec::H264 => "packetization-mode=1;profile-level-id=42e01f",
                _ => "",
            };
            v1::TrackParameters {
                kind: kind.into(),
                codec: codec.into(),
                payload_type,
                clock_rate,
                channels: 2,
                ssrc,
                cname: input.into(),
                fmtp: fmtp.into(),
                paused: false,
            }
        };
        let request = v1::StartInputRequest {
            room_id: ROOM.into(),
            epoch,
            input_id: input.into(),
            tracks: vec![
                track(v1::MediaKind::Video, camera, 101, 90_000, ssrcs.video),
                track(v1::MediaKind::Audio, v1::Codec::Opus, 100, 48_000, ssrcs.audio),
            ],
        };
        Ok(self.client.start_input(request).await?.into_inner().generation)
    }

    pub async fn confirm(&mut self, epoch: u64, input: &str, generation: u32) {
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

    /// Port pairs leased and in quarantine.
    pub async fn usage(&mut self) -> (u32, u32) {
        let list = self.client.list_broadcasts(v1::ListBroadcastsRequest {}).await;
        let list = list.expect("a list").into_inner();
        (list.ports_leased, list.ports_quarantined)
    }

    pub async fn close(&mut self, epoch: u64) {
        let request = v1::CloseBroadcastRequest { room_id: ROOM.into(), epoch };
        self.client.close_broadcast(request).await.expect("the end");
    }

    /// Head and body of what its HTTP listener answers.
    pub async fn get(&self, path: &str) -> String {
        get(self.http, path).await
    }
}

/// Head and body of what an HTTP listener answers; nothing when nobody listens.
pub async fn get(http: SocketAddr, path: &str) -> String {
    String::from_utf8_lossy(&ask(http, path).await.unwrap_or_default()).into_owned()
}

/// The body of what an HTTP listener answers.
pub async fn get_bytes(http: SocketAddr, path: &str) -> Vec<u8> {
    let answer = ask(http, path).await.expect("an answer");
    let head = answer.windows(4).position(|w| w == b"\r\n\r\n").expect("a head");
    answer[head + 4..].into()
}

async fn ask(http: SocketAddr, path: &str) -> std::io::Result<Vec<u8>> {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(http).await?;
    let request = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = vec![];
    stream.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Waits until a daemon says that it serves.
async fn serves(told: &UnixDatagram) {
    let waiting = async {
        let mut message = [0; 512];
        loop {
            let length = told.recv(&mut message).await.expect("a notification");
            if message[..length].starts_with(b"READY=1") {
                return;
            }
        }
    };
    timeout(PATIENCE, waiting).await.expect("a daemon that serves");
}

/// The first status that fits.
pub async fn until(
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

pub fn input<'a>(status: &'a v1::BroadcastStatus, id: &str) -> Option<&'a v1::InputStatus> {
    status.inputs.iter().find(|input| input.input_id == id)
}

/// The `reason` of a refusal.
pub fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}
