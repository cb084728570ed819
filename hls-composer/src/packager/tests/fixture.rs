//! What tests are made of: synthetic timelines, and a real encoder's output.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use crate::packager::cmaf::{Event, Fragment, FragmentReader, Init};
use crate::packager::timeline::{Map, Part, Timeline};
use crate::packager::{Config, Input, View};

/// Ticks per second of every test.
pub const FPS: u32 = 15;

/// 2026-01-01T00:00:00.000Z.
pub fn anchor() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

/// An initialization section by name, without bytes worth reading.
pub fn map(name: &str) -> Arc<Map> {
    Arc::new(Map { name: name.to_owned(), init: Init::named(name) })
}

/// A part whose bytes are `text`.
pub fn part(ticks: u32, independent: bool, text: String) -> Part {
    Part { ticks, independent, data: Bytes::from(text) }
}

/// A timeline of one run with `parts` parts of full length.
pub fn timeline(parts: u32) -> Timeline {
    let mut timeline = Timeline::new("k3f9", FPS);
    timeline.begin_run(map("init-k3f9-0.mp4"), anchor());
    push_parts(&mut timeline, parts);
    timeline
}

/// Appends parts of full length.
pub fn push_parts(timeline: &mut Timeline, parts: u32) {
    for _ in 0..parts {
        let independent = timeline.open().is_none();
        let text = format!("{:?} {:?}", timeline.newest(), timeline.next());
        timeline.push_part(part(3, independent, text));
    }
}

/// A packager's configuration for `dir`.
pub fn config(dir: &Path, incarnation: &str) -> Config {
    Config {
        address: None,
        room_id: "room".to_owned(),
        dir: dir.to_path_buf(),
        fps: FPS,
        incarnation: incarnation.to_owned(),
        window: Duration::ZERO,
    }
}

/// One encoder generation: its initialization section and its fragments.
#[derive(Debug, Clone)]
pub struct Encoded {
    pub stream: Vec<u8>,
    pub init: Bytes,
    pub fragments: Vec<Fragment>,
}

/// Encodes `frames` pictures and as much sound with the product's encoder settings.
pub fn encode(frames: u32) -> Encoded {
    let seconds = format!("{:.6}", f64::from(frames) / f64::from(FPS));
    let mut encoder = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error", "-f", "lavfi"])
        .args(["-i", "testsrc2=s=256x144:r=15", "-f", "lavfi", "-i", "sine=f=440:r=48000"])
        .args(["-t", &seconds, "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-threads", "1"])
        .args(["-preset", "veryfast", "-tune", "zerolatency", "-g", "15", "-keyint_min", "15"])
        .args(["-sc_threshold", "0", "-b:v", "120k", "-maxrate", "120k", "-bufsize", "60k"])
        .args(["-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "48k", "-ar", "48000", "-ac", "2"])
        .args(["-f", "mp4", "-movflags"])
        .arg("+frag_every_frame+empty_moov+default_base_moof+cmaf+delay_moov+skip_trailer")
        .args(["-flush_packets", "1", "pipe:1"])
        .stdout(Stdio::piped())
        .spawn()
        .expect("ffmpeg is installed");
    let mut stream = Vec::new();
    encoder.stdout.take().expect("a pipe").read_to_end(&mut stream).expect("readable");
    assert!(encoder.wait().expect("an exit status").success());
    let (init, fragments) = read(&stream, &[4096]);
    Encoded { stream, init, fragments }
}

/// Reads a stream, pushed in pieces of the given sizes in turn.
pub fn read(stream: &[u8], sizes: &[usize]) -> (Bytes, Vec<Fragment>) {
    let mut reader = FragmentReader::new();
    let mut init = None;
    let mut fragments = Vec::new();
    let mut sizes = sizes.iter().cycle();
    let mut rest = stream;
    while !rest.is_empty() {
        let (piece, later) = rest.split_at(rest.len().min(*sizes.next().expect("a cycle")));
        rest = later;
        reader.push(piece);
        while let Some(event) = reader.next().expect("a sound stream") {
            match event {
                Event::Init(bytes) => assert!(init.replace(bytes).is_none(), "one init"),
                Event::Fragment(fragment) => fragments.push(fragment),
            }
        }
    }
    (init.expect("an init"), fragments)
}

/// Begins generation `number`, `at` after the anchor, and sends its first `frames` frames with
/// the sound between them.
pub async fn feed(
    input: &mpsc::Sender<Input>,
    number: u32,
    at: Duration,
    media: &Encoded,
    frames: usize,
) {
    let anchor = anchor() + at;
    let init = media.init.clone();
    send(input, Input::Generation { number, init, anchor, first_tick: 0 }).await;
    let mut sent = 0;
    for fragment in &media.fragments {
        if sent + fragment.video.len() > frames {
            break;
        }
        sent += fragment.video.len();
        send(input, Input::Fragment(fragment.clone())).await;
    }
}

/// Sends one input.
pub async fn send(input: &mpsc::Sender<Input>, value: Input) {
    input.send(value).await.expect("the packager runs");
}

/// The first view that satisfies `condition`.
pub async fn wait_until(
    views: &mut watch::Receiver<Arc<View>>,
    condition: impl Fn(&View) -> bool,
) -> Arc<View> {
    let found =
        tokio::time::timeout(Duration::from_secs(20), views.wait_for(|view| condition(view)));
    Arc::clone(&found.await.expect("in time").expect("the packager runs"))
}

/// The file names in a playlist, without parts and hints.
pub fn uris(playlist: &str) -> Vec<String> {
    let map = |line: &str| {
        line.strip_prefix("#EXT-X-MAP:URI=\"").map(|rest| rest.trim_end_matches('"').to_owned())
    };
    let uri = |line: &str| (!line.starts_with('#')).then(|| line.to_owned());
    playlist.lines().filter_map(|line| map(line).or_else(|| uri(line))).collect()
}

/// The playlist of a view as text.
pub fn text(view: &View) -> String {
    String::from_utf8(view.playlist().expect("a playlist").to_vec()).expect("UTF-8")
}

/// What ffprobe says of `file`, one field of one stream's packets or of the stream.
pub fn probe(file: &Path, stream: &str, arguments: &[&str]) -> Vec<String> {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-allowed_extensions", "ALL", "-select_streams", stream])
        .args(arguments)
        .args(["-of", "csv=p=0"])
        .arg(file)
        .output()
        .expect("ffprobe is installed");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).expect("UTF-8");
    lines.lines().map(|line| line.trim_end_matches(',').to_owned()).collect()
}

/// How many pictures of `file` decode.
pub fn decoded_frames(file: &Path) -> usize {
    let entries = ["-count_frames", "-show_entries", "stream=nb_read_frames"];
    let lines = probe(file, "v:0", &entries);
    lines.first().expect("a video stream").parse().expect("a count")
}
