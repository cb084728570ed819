//! Any number of viewers behind nginx: what the origin is asked, and what they see of a stream that is interrupted.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    process::Command,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::hls::playlist::Playlist;
use crate::rig::{
    self,
    daemon::{Daemon, PATIENCE, ROOM},
    http::Http,
    nginx::Nginx,
};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::{sync::watch, task::JoinSet, time::timeout};
use tonic::codegen::http::Version;

/// Requests a second that reach the origin, whatever the number of viewers.
const MOST: f64 = 30.0;

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_viewers_cost_the_origin_as_much_as_one() {
    crowd(200, 6).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes two cores for half a minute; make rig runs it"]
async fn two_thousand_viewers_cost_the_origin_as_much_as_one() {
    crowd(2_000, 20).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_may_speak_http_2_without_tls() {
    let mut daemon = Daemon::start(&[]).await;
    let _claim = daemon.open(1).await.expect("a claim");
    let proxy = Http::two(daemon.http);
    let live = timeout(PATIENCE, async {
        loop {
            let answer = proxy.get(&path("live.m3u8")).await.expect("an answer");
            if answer.status == 200 {
                return answer;
            }
        }
    });
    let live = live.await.expect("a playlist");
    assert_eq!(live.version, Version::HTTP_2);
    let playlist = Playlist::parse(live.text()).expect("a playlist");
    // Many at once over the one connection: reloads that wait do not keep media from coming.
    let next = playlist.segments.last().expect("a segment").msn + 2;
    let reload = path(&format!("live.m3u8?_HLS_msn={next}&_HLS_part=0"));
    let segment = path(&playlist.segments[0].uri);
    tokio::pin! {
        let reloading = proxy.get(&reload);
    }
    tokio::select! {
        biased;
        segment = proxy.get(&segment) => assert_eq!(segment.expect("an answer").status, 200),
        _ = &mut reloading => panic!("the segment comes before the reload that waits for the next part"),
    }
    assert_eq!(reloading.await.expect("an answer").status, 200);
}

fn path(file: &str) -> String {
    format!("/hls/{ROOM}/{file}")
}

/// Lets `count` viewers watch for `seconds`, kill the encoder under them half-way, and holds what reached the origin and
/// what they saw to the promises.
async fn crowd(count: usize, seconds: u64) {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).expect("a limit");
    setrlimit(Resource::RLIMIT_NOFILE, most, most).expect("as many files as there may be");
    let mut daemon = Daemon::start(&[]).await;
    let mut claim = daemon.open(1).await.expect("a claim");
    let origin = Http::new(daemon.http);
    wait_for(&origin, 3).await;
    let status =
        rig::daemon::until(&mut claim, |it| it.encoder.as_ref().is_some_and(|it| it.pid > 0));
    let encoder = status.await.encoder.expect("an encoder").pid;

    let nginx = Nginx::before(daemon.http);
    let (stop, stopping) = watch::channel(false);
    let mut viewers = JoinSet::new();
    for n in 0..count {
        let http = Http::new(nginx.address);
        let stopping = stopping.clone();
        // Of ten viewers two play without low latency, and one of the others does not know gzip.
        viewers.spawn(async move {
            match n % 10 {
                0 | 1 => plain(http, stopping).await,
                n => low_latency(http, n != 2, stopping).await,
            }
        });
    }
    let began = newest(&origin).await;
    wait_for(&origin, began + seconds / 2).await;
    let killed = Command::new("kill").args(["-9", &encoder.to_string()]).status();
    assert!(killed.expect("kill").success());
    wait_for(&origin, began + seconds).await;
    stop.send_replace(true);
    let seen = timeout(3 * PATIENCE, viewers.join_all()).await.expect("viewers that stop");

    let low_latency: Vec<&Seen> = seen.iter().filter(|it| it.low_latency).collect();
    let mut ages: Vec<i64> = low_latency.iter().flat_map(|it| it.ages.clone()).collect();
    ages.sort_unstable();
    let at = |percent: usize| ages.get(ages.len() * percent / 100).copied().unwrap_or(0);
    let requests: usize = seen.iter().map(|it| it.requests).sum();
    println!(
        "{requests} requests of viewers; newest media in their lists: {} ms old at the median, {} ms at p95",
        at(50),
        at(95)
    );
    report(count, &nginx);
    judge(&seen);
}

async fn newest(origin: &Http) -> u64 {
    let answer = origin.get(&path("live.m3u8")).await.expect("an answer");
    let playlist = Playlist::parse(answer.text()).expect("a playlist");
    playlist.segments.last().expect("a segment").msn
}

async fn wait_for(origin: &Http, msn: u64) {
    let reached = async {
        loop {
            let reload = path(&format!("live.m3u8?_HLS_msn={msn}"));
            if origin.get(&reload).await.is_some_and(|answer| answer.status == 200) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(3 * PATIENCE, reached).await.expect("a stream that goes on");
}

/// What one viewer saw.
#[derive(Default)]
struct Seen {
    low_latency: bool,
    requests: usize,
    /// Every segment: its number, whether a discontinuity stands before it, its Discontinuity Sequence Number.
    segments: BTreeMap<u64, (bool, u64)>,
    /// Every file: a hash of its bytes.
    files: HashMap<String, u64>,
    /// Files that were listed and not there.
    missing: BTreeSet<String>,
    /// Milliseconds from when the newest part of a list ended to when the list was there.
    ages: Vec<i64>,
    refused: Vec<u16>,
}

impl Seen {
    fn list(&mut self, playlist: &Playlist) {
        for it in &playlist.segments {
            let said = (it.discontinuity, it.discontinuity_sequence);
            let first = *self.segments.entry(it.msn).or_insert(said);
            assert_eq!(first, said, "segment {} changes\n{}", it.msn, playlist.text);
        }
    }

    fn file(&mut self, uri: &str, answer: Option<rig::http::Answer>) {
        self.requests += 1;
        match answer {
            Some(answer) if answer.status == 200 => {
                let mut hasher = DefaultHasher::new();
                answer.body.hash(&mut hasher);
                self.files.insert(uri.to_owned(), hasher.finish());
            }
            _ => drop(self.missing.insert(uri.to_owned())),
        }
    }
}

/// Plays with low latency, as Safari does: the reload for the next part and the hinted part itself at once.
async fn low_latency(http: Http, gzip: bool, stopping: watch::Receiver<bool>) -> Seen {
    let mut seen = Seen { low_latency: true, ..Seen::default() };
    let encoding = [("accept-encoding", if gzip { "gzip, br" } else { "br" })];
    let mut directives = String::new();
    let mut hint: Option<String> = None;
    while !*stopping.borrow() {
        let reload = path(&format!("live.m3u8{directives}"));
        let (reload, hinted) = tokio::join!(http.get_with(&reload, &encoding), async {
            match &hint {
                Some(hint) => Some((hint.clone(), http.get(&path(hint)).await)),
                None => None,
            }
        });
        seen.requests += 1;
        let answer = reload.expect("an answer");
        if answer.status != 200 {
            seen.refused.push(answer.status);
            directives.clear();
            continue;
        }
        let text = match answer.header("content-encoding") {
            "gzip" => gunzip(&answer.body).await,
            _ => answer.text().to_owned(),
        };
        let playlist = Playlist::parse(&text).expect("a playlist");
        let end = playlist.segments.last().expect("a segment");
        let lasts: i64 = end.parts.iter().map(|part| part.duration).sum();
        seen.ages.push(now() - end.starts_at.expect("a date") - lasts / 1_000);
        seen.list(&playlist);
        if let Some((uri, answer)) = hinted {
            // What is hinted comes, also when the encoder dies.
            seen.file(&uri, answer);
        }
        let first = seen.files.is_empty();
        let parts: Vec<String> = playlist.parts().map(|part| part.uri.clone()).collect();
        let recent = if first { parts.len().saturating_sub(3) } else { 0 };
        for uri in &parts[recent..] {
            // A list holds parts of three seconds; those before the first that was played are not wanted.
            let begun = seen.files.keys().any(|known| known < uri && same_length(known, uri));
            if !seen.files.contains_key(uri)
                && (first || begun || end.parts.iter().any(|it| it.uri == *uri))
            {
                let answer = http.get(&path(uri)).await;
                seen.file(uri, answer);
            }
        }
        hint = playlist.hint();
        let (msn, part) = match end.duration {
            Some(_) => (end.msn + 1, 0),
            None => (end.msn, end.parts.len()),
        };
        directives = format!("?_HLS_msn={msn}&_HLS_part={part}");
    }
    seen
}

fn same_length(one: &str, other: &str) -> bool {
    one.len() == other.len()
}

/// Plays whole segments: the list every second, and what is new in it.
async fn plain(http: Http, stopping: watch::Receiver<bool>) -> Seen {
    let mut seen = Seen::default();
    let mut reloads = tokio::time::interval(Duration::from_secs(1));
    while !*stopping.borrow() {
        reloads.tick().await;
        seen.requests += 1;
        let answer = http.get(&path("live.m3u8")).await.expect("an answer");
        if answer.status != 200 {
            seen.refused.push(answer.status);
            continue;
        }
        let playlist = Playlist::parse(answer.text()).expect("a playlist");
        seen.list(&playlist);
        let closed: Vec<String> = playlist.closed().map(|it| it.uri.clone()).collect();
        for uri in closed.iter().rev().take(3).rev() {
            if !seen.files.contains_key(uri) {
                let answer = http.get(&path(uri)).await;
                seen.file(uri, answer);
            }
        }
    }
    seen
}

/// Inflates, by the program that everybody has.
async fn gunzip(bytes: &[u8]) -> String {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(bytes), &mut text)
        .expect("gzip");
    text
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("some years")
}

/// What reached the origin.
fn report(count: usize, nginx: &Nginx) {
    let asked = nginx.asked();
    let mut by_second: BTreeMap<i64, usize> = BTreeMap::new();
    for it in &asked {
        *by_second.entry(it.at as i64).or_default() += 1;
    }
    // The first and the last second are not whole.
    let whole: Vec<usize> = by_second.values().copied().collect();
    let whole = &whole[1..whole.len() - 1];
    let mean = whole.iter().sum::<usize>() as f64 / whole.len() as f64;
    let refused = asked.iter().filter(|it| it.status != "200").count();
    println!(
        "{count} viewers: {} requests reached the origin in {} s, {mean:.1} a second, {whole:?}; {refused} not 200",
        asked.len(),
        whole.len()
    );
    let of = |kept: &dyn Fn(&str) -> bool| asked.iter().filter(|it| kept(&it.uri)).count();
    println!(
        "of these {} reloads, {} playlists as they were, {} parts, {} segments",
        of(&|uri| uri.contains("_HLS_")),
        of(&|uri| uri.ends_with(".m3u8")),
        of(&|uri| uri.matches('.').count() == 2 && !uri.contains("m3u8")),
        of(&|uri| uri.matches('.').count() == 1 && uri.ends_with(".m4s"))
    );
    let mut often: BTreeMap<&str, usize> = BTreeMap::new();
    for it in &asked {
        *often.entry(&it.uri).or_default() += 1;
    }
    let mut often: Vec<_> = often
        .into_iter()
        .filter(|(uri, count)| *count > 3 && !uri.ends_with("live.m3u8"))
        .collect();
    often.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    println!("asked more than three times: {:?}", &often[..often.len().min(5)]);
    assert!(mean <= MOST, "{mean} requests a second");
    // Where the machine holds everybody up for a moment, they all ask in the next.
    if rig::is_full() {
        assert!(whole.iter().all(|count| (*count as f64) <= 1.5 * MOST), "{whole:?}");
    }
    let errors = nginx.errors();
    assert!(!errors.contains("[alert]") && !errors.contains("[crit]"), "{errors}");
}

/// What everybody must have seen.
fn judge(seen: &[Seen]) {
    let refused: Vec<u16> = seen.iter().flat_map(|it| it.refused.clone()).collect();
    assert_eq!(refused, [0; 0], "nobody is refused");
    let mut files: HashMap<&str, u64> = HashMap::new();
    let mut segments: BTreeMap<u64, (bool, u64)> = BTreeMap::new();
    for viewer in seen {
        assert!(viewer.missing.is_empty(), "listed and not there: {:?}", viewer.missing);
        for (uri, hash) in &viewer.files {
            assert_eq!(
                files.entry(uri).or_insert(*hash),
                hash,
                "{uri} is not the same for everybody"
            );
        }
        for (msn, said) in &viewer.segments {
            assert_eq!(segments.entry(*msn).or_insert(*said), said, "segment {msn} for everybody");
        }
        let numbers: Vec<u64> = viewer.segments.keys().copied().collect();
        assert!(
            numbers.windows(2).all(|it| it[0] + 1 == it[1]),
            "a viewer lost a segment: {numbers:?}"
        );
        let breaks = viewer.segments.values().filter(|(discontinuity, _)| *discontinuity).count();
        assert_eq!(breaks, 1, "each sees the discontinuity, once");
    }
    let sequences: BTreeSet<u64> = segments.values().map(|(_, sequence)| *sequence).collect();
    assert_eq!(sequences, BTreeSet::from([0, 1]));
}
