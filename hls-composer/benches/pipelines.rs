//! What the picture costs: one FFmpeg with a filter graph, and this composer, fed by the same senders (VP8 and Opus, as
//! the low simulcast layer and as a whole camera), both with the same x264 and AAC settings, each with everything it has
//! on one core. What a viewer of each gets in the ten seconds after one microphone falls silent. And what scaling to the
//! whole picture at ingress costs over scaling to a tile, and resampling quiet microphones as floats over whole numbers.
//!
//! `make bench`. Times are the machine's; read the lines of one run against each other.

#[path = "../tests/whole/rig/mod.rs"]
mod rig;

use std::{
    fmt::Write as _,
    fs,
    net::{Ipv4Addr, UdpSocket},
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::Duration,
};

use daemon::cpus::CpuList;
use procfs::process::Process;
use proto::v1;
use rig::{
    daemon::{Daemon, ROOM, until},
    sender::{Clip, Sender, Ssrcs},
};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

/// How long CPU time is counted.
const WINDOW: Duration = Duration::from_secs(20);
/// How long a silent microphone is watched.
const SILENCE: Duration = Duration::from_secs(10);
/// Until FFmpegs and the playout have settled.
const SETTLE: Duration = Duration::from_secs(5);
/// What participants send (width, height, frames a second), and how many of them.
const ROOMS: [((u32, u32, u32), u32); 4] =
    [((320, 180, 15), 1), ((320, 180, 15), 4), ((320, 180, 15), 8), ((640, 360, 30), 8)];

/// What the composer's ingests resample sound as.
const SOUND_FORMAT: &str = "s16p";

#[tokio::main]
async fn main() {
    println!(
        "participants    | pipeline     | CPU, % of a core | not FFmpeg | memory, MB | processes | picture in the 10 s after a mute | one tick in 100 is late by more than"
    );
    for ((width, height, fps), count) in ROOMS {
        let clip = Clip::test_picture(width, height, fps);
        let room = format!("{count} at {height}p{fps}");
        let one = one_ffmpeg(count, &clip).await;
        println!("{room:15} | one FFmpeg   | {one}");
        let composer = composer(count, &clip).await;
        println!("{room:15} | hls-composer | {composer}");
        println!("{room:15} | ratio        | {:16.2}", composer.cpu_percent / one.cpu_percent);
    }
    let clip = Clip::test_picture(320, 180, 15);
    println!("\nscaled at ingress to | CPU of 8 ingests, % of a core");
    for size in ["128:72", "256:144"] {
        println!("{size:20} | {:.1}", ingests(size, SOUND_FORMAT, &clip).await);
    }
    let clip = Clip::pausing_voice(320, 180, 15);
    println!("\npauses resampled as  | CPU of 8 ingests, % of a core");
    for format in ["fltp", SOUND_FORMAT] {
        println!("{format:20} | {:.1}", ingests("256:144", format, &clip).await);
    }
}

struct Cost {
    cpu_percent: f64,
    /// What the composer's own process has of it: clock, canvas, mix, packager.
    own_percent: f64,
    megabytes: u64,
    processes: usize,
    /// Seconds of playlist that were added in [`SILENCE`].
    after_mute: u64,
    /// The composer's clock.
    late_p99: Option<Duration>,
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { cpu_percent, own_percent, megabytes, processes, after_mute, late_p99 } = self;
        let late = late_p99.map_or(String::new(), |late| format!("{late:?}"));
        write!(
            f,
            "{cpu_percent:16.1} | {own_percent:10.1} | {megabytes:10} | {processes:9} | {after_mute:2} s | {late}"
        )
    }
}

/// A participant that sends; the microphone is a process of its own, so that it can fall silent alone.
struct Participant {
    _camera: Sender,
    microphone: Option<Sender>,
}

impl Participant {
    fn start(n: u32, ports: &[v1::ReservedPorts], clip: &Clip) -> Self {
        let ssrcs = Ssrcs::of(n);
        Self {
            _camera: Sender::camera(ports, ssrcs, clip),
            microphone: Some(Sender::microphone(ports, ssrcs, clip)),
        }
    }
}

/// Settles, measures, mutes the first participant, and looks how far the playlist comes.
async fn measure<F: Future<Output = u64>>(
    participants: &mut [Participant],
    processes: impl Fn() -> Vec<u32>,
    played: impl Fn() -> F,
) -> Cost {
    sleep(SETTLE).await;
    let pids = processes();
    let (cpu_percent, first_percent) = tokio::join!(busy(&pids), busy(&pids[..1]));
    let own_percent = if pids.len() > 1 { first_percent } else { 0.0 };
    let megabytes = pids.iter().map(|pid| proportional_kilobytes(*pid)).sum::<u64>() / 1000;
    drop(participants[0].microphone.take());
    let at_mute = played().await;
    sleep(SILENCE).await;
    Cost {
        cpu_percent,
        own_percent,
        megabytes,
        processes: pids.len(),
        after_mute: played().await - at_mute,
        late_p99: None,
    }
}

/// CPU time per time, in percent of a core.
async fn busy(pids: &[u32]) -> f64 {
    let (before, started) = (cpu_seconds(pids), Instant::now());
    sleep(WINDOW).await;
    (cpu_seconds(pids) - before) / started.elapsed().as_secs_f64() * 100.0
}

async fn composer(count: u32, clip: &Clip) -> Cost {
    let mut daemon = Daemon::start(&[]).await;
    let mut statuses = daemon.open(1).await.expect("a claim");
    let ids: Vec<String> = (0..count).map(|n| format!("p{n}")).collect();
    daemon.scene(1, 1, &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let mut participants = Vec::new();
    for (n, id) in (0..).zip(&ids) {
        let ports = daemon.reserve(1, id).await.expect("ports");
        let generation = daemon.start_input(1, id, Ssrcs::of(n)).await.expect("an FFmpeg");
        daemon.confirm(1, id, generation).await;
        participants.push(Participant::start(n, &ports, clip));
    }
    until(&mut statuses, |status| {
        let active = |input: &&v1::InputStatus| input.state() == v1::InputState::Active;
        status.inputs.iter().filter(active).count() == ids.len()
            && status.phase() == v1::BroadcastPhase::Live
    })
    .await;
    let pid = daemon.pid();
    // The daemon's own threads share the core with its FFmpegs.
    let cpu = CpuList::allowed().expect("the allowed cores").last().expect("at least one");
    let pinned = Command::new("taskset")
        .args(["-a", "-c", "-p", &cpu.to_string(), &pid.to_string()])
        .stdout(Stdio::null())
        .status();
    assert!(pinned.expect("taskset").success());
    let live = format!("/hls/{ROOM}/live.m3u8");
    let played = || async { segments(&daemon.get(&live).await) };
    let cost = measure(&mut participants, || with_children(pid), played).await;
    let request = v1::GetBroadcastRequest { room_id: ROOM.into() };
    let status = daemon.client.clone().get_broadcast(request).await.expect("a status");
    let clock = status.into_inner().clock.expect("a clock");
    Cost { late_p99: Some(Duration::from_micros(clock.late_p99_us.into())), ..cost }
}

/// Eight ingest FFmpegs as the composer starts them, but for the size of their pictures and the format sound is resampled in.
async fn ingests(size: &str, sound_format: &str, clip: &Clip) -> f64 {
    let dir = TempDir::new().expect("a directory");
    let mut running = Vec::new();
    for n in 0..8 {
        let ports = free_ports();
        let sdp = dir.path().join(format!("{n}.sdp"));
        fs::write(&sdp, room_sdp(std::slice::from_ref(&ports))).expect("an SDP");
        let mut command = pinned_ffmpeg();
        command.args(words(RECEIVE)).arg(&sdp).args(["-map", "0:v", "-vf"]).arg(format!(
            "fps=15:start_time=0,scale={size}:force_original_aspect_ratio=decrease:eval=frame:flags=area,\
             pad={size}:(ow-iw)/2:(oh-ih)/2:eval=frame,format=yuv420p"
        ));
        command.args(words(&format!(
            "-f rawvideo /dev/null -map 0:a \
             -af aresample=async=480:min_comp=0.003:min_hard_comp=0.1:first_pts=0:flags=res:internal_sample_fmt={sound_format} \
             -ac 2 -ar 48000 -f s16le /dev/null",
        )));
        let ffmpeg = Running(command.spawn().expect("ffmpeg"));
        wait_until_bound(&ports).await;
        running.push((ffmpeg, Participant::start(n, &ports, clip)));
    }
    sleep(SETTLE).await;
    let pids: Vec<u32> = running.iter().map(|(ffmpeg, _)| ffmpeg.0.id()).collect();
    busy(&pids).await
}

/// How an FFmpeg receives RTP without waiting for it.
const RECEIVE: &str = "-hide_banner -nostdin -loglevel error -y -nostats -filter_threads 1 \
     -filter_complex_threads 1 -threads 1 -protocol_whitelist file,udp,rtp \
     -nofind_stream_info -reinit_filter 0 -buffer_size 4194304 -localaddr 127.0.0.1 -i";

/// On the core that the composer takes as well: the last allowed one.
fn pinned_ffmpeg() -> Command {
    let cpus = CpuList::allowed().expect("the allowed cores");
    let cpu = cpus.last().expect("at least one");
    let mut command = Command::new("taskset");
    command.args(["-c", &cpu.to_string(), "ffmpeg"]).stdin(Stdio::null());
    command
}

async fn wait_until_bound(ports: &[v1::ReservedPorts]) {
    let bound = |port: u32| UdpSocket::bind((Ipv4Addr::LOCALHOST, port as u16)).is_err();
    while !ports.iter().all(|pair| bound(pair.rtp_port) && bound(pair.rtcp_port)) {
        sleep(Duration::from_millis(20)).await;
    }
}

/// Killed when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

/// One FFmpeg: every participant in one SDP, a filter graph, the HLS muxer.
struct OneFfmpeg {
    process: Running,
    dir: TempDir,
}

impl OneFfmpeg {
    fn start(ports: &[Vec<v1::ReservedPorts>]) -> Self {
        let dir = TempDir::new().expect("a directory");
        let sdp = dir.path().join("room.sdp");
        fs::write(&sdp, room_sdp(ports)).expect("an SDP");
        let mut command = pinned_ffmpeg();
        command.args(words(RECEIVE));
        command.arg(&sdp).args(["-filter_complex", &graph(ports.len())]);
        command.args(words(
            "-map [vo] -map [ao] -c:v libx264 -threads 1 -preset veryfast -tune zerolatency \
             -profile:v high -g 15 -keyint_min 15 -sc_threshold 0 -b:v 110k -maxrate 120k \
             -bufsize 60k -pix_fmt yuv420p -c:a aac -b:a 40k -ar 48000 -ac 2 \
             -f hls -hls_time 1 -hls_list_size 6 -hls_segment_type fmp4 \
             -hls_flags omit_endlist+program_date_time+independent_segments+temp_file+delete_segments",
        ));
        command.arg(dir.path().join("live.m3u8")).current_dir(dir.path());
        let process = Running(command.spawn().expect("ffmpeg"));
        Self { process, dir }
    }

    fn playlist(&self) -> PathBuf {
        self.dir.path().join("live.m3u8")
    }
}

async fn one_ffmpeg(count: u32, clip: &Clip) -> Cost {
    let ports: Vec<_> = (0..count).map(|_| free_ports()).collect();
    let ffmpeg = OneFfmpeg::start(&ports);
    wait_until_bound(&ports.concat()).await;
    let mut participants: Vec<_> =
        (0..).zip(&ports).map(|(n, ports)| Participant::start(n, ports, clip)).collect();
    let playlist = ffmpeg.playlist();
    while !playlist.exists() {
        sleep(Duration::from_millis(20)).await;
    }
    let pid = ffmpeg.process.0.id();
    let played = || async { segments(&fs::read_to_string(&playlist).unwrap_or_default()) };
    measure(&mut participants, || vec![pid], played).await
}

fn free_ports() -> Vec<v1::ReservedPorts> {
    let even_pair = || loop {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = socket.local_addr().expect("its address").port();
        if port.is_multiple_of(2) && UdpSocket::bind((Ipv4Addr::LOCALHOST, port + 1)).is_ok() {
            return u32::from(port);
        }
    };
    [v1::MediaKind::Video, v1::MediaKind::Audio]
        .map(|kind| {
            let rtp_port = even_pair();
            let ip = Ipv4Addr::LOCALHOST.to_string();
            v1::ReservedPorts { kind: kind.into(), ip, rtp_port, rtcp_port: rtp_port + 1 }
        })
        .into()
}

fn room_sdp(ports: &[Vec<v1::ReservedPorts>]) -> String {
    let mut sdp = String::from("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\n");
    for pair in ports.iter().flatten() {
        let line = match pair.kind() {
            v1::MediaKind::Video => {
                format!("m=video {} RTP/AVP 101\na=rtpmap:101 VP8/90000\n", pair.rtp_port)
            }
            _ => format!("m=audio {} RTP/AVP 100\na=rtpmap:100 opus/48000/2\n", pair.rtp_port),
        };
        sdp.push_str(&line);
    }
    sdp
}

/// Scales every picture to a tile at ingress, stacks the tiles, mixes the sound.
fn graph(count: usize) -> String {
    let columns = (1..).find(|columns| columns * columns >= count).unwrap_or(1);
    let (width, height) = ((256 / columns) & !1, (144 / columns) & !1);
    let mut graph = String::new();
    for n in 0..count {
        let (video, audio) = (2 * n, 2 * n + 1);
        let _written = write!(
            graph,
            "[0:{video}]fps=15,scale={width}:{height}:flags=area,setsar=1,format=yuv420p[v{n}];\
             [0:{audio}]aresample=async=1000:first_pts=0[a{n}];"
        );
    }
    let inputs = |kind: char| (0..count).map(|n| format!("[{kind}{n}]")).collect::<String>();
    let places: Vec<_> =
        (0..count).map(|n| format!("{}_{}", n % columns * width, n / columns * height)).collect();
    let stack = match count {
        1 => "null".to_owned(),
        _ => format!("xstack=inputs={count}:layout={}:fill=black", places.join("|")),
    };
    let _written = write!(
        graph,
        "{}{stack},pad=256:144:0:0[vo];{}amix=inputs={count}:normalize=0:dropout_transition=0,aresample=48000[ao]",
        inputs('v'),
        inputs('a')
    );
    graph
}

/// How many segments a playlist has named so far.
fn segments(playlist: &str) -> u64 {
    let first = playlist.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
    let first: u64 = first.and_then(|number| number.trim().parse().ok()).unwrap_or_default();
    first + playlist.matches("#EXTINF").count() as u64
}

/// A process and the ones it has started.
fn with_children(pid: u32) -> Vec<u32> {
    let tasks = proc(pid).tasks().expect("a running process").flatten();
    std::iter::once(pid).chain(tasks.flat_map(|task| task.children().unwrap_or_default())).collect()
}

/// User and system time so far, in seconds.
fn cpu_seconds(pids: &[u32]) -> f64 {
    let stats = pids.iter().map(|pid| proc(*pid).stat().expect("its times"));
    let ticks: u64 = stats.map(|stat| stat.utime + stat.stime).sum();
    ticks as f64 / procfs::ticks_per_second() as f64
}

/// Memory of its own and its share of what several use, in kB.
fn proportional_kilobytes(pid: u32) -> u64 {
    let rollup = proc(pid).smaps_rollup().expect("its memory").memory_map_rollup;
    rollup.iter().filter_map(|map| map.extension.map.get("Pss")).sum::<u64>() / 1024
}

fn proc(pid: u32) -> Process {
    Process::new(pid.cast_signed()).expect("a running process")
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split_whitespace()
}
