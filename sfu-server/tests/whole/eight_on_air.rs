//! Eight peers in a room, and their broadcast: each receives the other seven and nothing is lost, viewers see all eight in
//! one playlist that goes on. What that takes of the machine, both daemons and the FFmpegs together.
//!
//! For 60 s with `RIG=full`, otherwise for 8 s.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use crate::eight::{CONSUMERS, PEERS, nothing_was_lost, window};
use proto::v1::{BroadcastStatus, InputState};
use rig::{
    Composer, Server, http,
    media::{Clip, Room},
    playlist::Playlist,
    until,
    usage::{self, Usage},
};

/// Pictures a second that each input shows at least; peers send 15.
const SHOWN: u64 = 13;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn eight_publishing_peers_lose_nothing_while_viewers_see_all_of_them_without_a_break() {
    let binary = env!("CARGO_BIN_EXE_sfu-server");
    let clip = Arc::new(Clip::encode().await);
    let composer = Composer::start(Composer::binary_beside(binary), &[]).await;
    let [grpc, hls] = [composer.grpc, composer.http].map(|address| format!("http://{address}"));
    let flags = ["--broadcast", "auto", "--composer", &grpc, "--hls-upstream", &hls];
    let server = Server::start(binary, &flags).await;
    let mut room = Room::of(PEERS, server.http, clip).await;
    assert_eq!(room.consume_each_other().await, CONSUMERS, "consumers");
    let on_air = everybody_is_on_air(&composer, &room).await;
    let mut viewer = Viewer::of(server.http, &on_air.playlist_url).await;

    let taken = || {
        [
            server.usage(),
            composer.usage(),
            Usage::of_tree(composer.pid()),
            Usage::of(std::process::id()),
        ]
    };
    let (start, before) = (Instant::now(), taken());
    let at_first = viewer.newest.next();
    viewer.watch(window()).await;
    let (took, after) = (start.elapsed().as_secs_f64(), taken());
    let shared = usage::shared_megabytes(composer.pid());
    let still = composer.broadcast(&room.id).await.expect("a broadcast");

    let segments = viewer.newest.next() - at_first;
    println!(
        "viewers: {segments} segments of {} s in {took:.1} s, no discontinuity",
        viewer.newest.target
    );
    let names =
        ["sfu-server", "hls-composer", "hls-composer and its FFmpegs", "the peers and this test"];
    for (name, (before, after)) in names.iter().zip(before.iter().zip(&after)) {
        let cores = after.cores_since(before, took);
        println!("{name}: {cores:.3} of a core, {:.1} MB", after.megabytes());
    }
    println!("hls-composer and its FFmpegs, shared memory counted once: {shared:.1} MB");

    nothing_was_lost(&room, took).await;
    let seconds = took as u64;
    assert!(segments > 0, "no new segment in {took} s");
    if rig::is_full() {
        assert!(
            (segments + 1) * viewer.newest.target >= seconds,
            "{segments} segments in {took} s"
        );
    }
    the_same_inputs_went_on(&on_air, &still, seconds);
    assert_eq!([server.panics(), composer.panics()].concat(), Vec::<String>::new(), "panics");
    composer.kill().await;
}

/// Waits until every peer has an input of its own that shows pictures, and viewers have a playlist.
async fn everybody_is_on_air(composer: &Composer, room: &Room) -> BroadcastStatus {
    until("all eight are on the air", async || {
        let status = composer.broadcast(&room.id).await?;
        let active = active(&status);
        let all = room.peers.iter().all(|peer| active.contains_key(peer.id.as_str()));
        // An input that takes another's place is there beside it for a moment.
        if all && status.inputs.len() == PEERS { Ok(status) } else { Err(format!("{active:?}")) }
    })
    .await
}

/// Inputs that show pictures, by participant: id, generation, pictures so far.
fn active(status: &BroadcastStatus) -> BTreeMap<&str, (&str, u32, u64)> {
    let active = status.inputs.iter().filter(|input| input.state() == InputState::Active);
    active
        .map(|it| (it.participant_id.as_str(), (it.input_id.as_str(), it.generation, it.frames)))
        .collect()
}

/// No FFmpeg was replaced, and pictures came from every input all the time.
fn the_same_inputs_went_on(before: &BroadcastStatus, after: &BroadcastStatus, seconds: u64) {
    let encoders = [before, after].map(|status| status.encoder.as_ref().map(|it| it.generation));
    assert_eq!(encoders[0], encoders[1], "the encoder");
    let (before, after) = (active(before), active(after));
    assert_eq!(after.len(), PEERS, "inputs that show pictures: {after:?}");
    for (participant, (input, generation, frames)) in &after {
        let (earlier, first, shown) = before[participant];
        assert_eq!((earlier, first), (*input, *generation), "the input of {participant}");
        let new = frames - shown;
        // A tenth of what is usual is what only a picture that stands falls short of.
        let least = if rig::is_full() { SHOWN * seconds } else { SHOWN * seconds / 10 };
        assert!(new >= least, "{new} pictures of {participant} in {seconds} s");
    }
    println!(
        "inputs: {PEERS} active, pictures {:?}",
        after.values().map(|it| it.2).collect::<Vec<_>>()
    );
    assert_eq!(after.keys().collect::<Vec<_>>(), before.keys().collect::<Vec<_>>());
}

/// Somebody who reads the playlist as a player does, through the SFU.
struct Viewer {
    server: SocketAddr,
    path: String,
    newest: Playlist,
}

impl Viewer {
    /// Returns when there is a playlist.
    async fn of(server: SocketAddr, multivariant: &str) -> Self {
        let path = multivariant.replace("index.m3u8", "live.m3u8");
        let newest = until("a playlist", async || {
            let answer = http::get(server, &path).await;
            Playlist::parse(&answer.body).ok_or(format!("{path}: {answer:?}"))
        })
        .await;
        Self { server, path, newest }
    }

    /// Asks for each next segment, and gets it. The list never goes back, breaks or ends.
    async fn watch(&mut self, window: Duration) {
        let start = Instant::now();
        while start.elapsed() < window {
            let before = self.newest;
            let next = format!("{}?_HLS_msn={}", self.path, before.next());
            let answer = http::get(self.server, &next).await;
            assert_eq!(answer.status, 200, "{next}: {answer:?}");
            let newest = Playlist::parse(&answer.body).expect("a media playlist");
            assert!(newest.next() > before.next(), "{next} is answered with {newest:?}");
            assert!(newest.first >= before.first, "{before:?} becomes {newest:?}");
            assert_eq!((newest.discontinuities, newest.has_ended), (0, false), "{}", answer.body);
            self.newest = newest;
        }
    }
}
