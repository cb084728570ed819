//! Every segment a live playlist ever named, collected by a client that reloads it with blocking requests.

use std::{collections::BTreeMap, net::SocketAddr, process::Command};

use tokio::{sync::watch, task::JoinHandle, time::timeout};

use super::daemon::{PATIENCE, ROOM, get, get_bytes};

/// One complete segment.
#[derive(Clone, Debug)]
pub struct Segment {
    /// Its media sequence number.
    pub number: u64,
    /// Its URI.
    pub uri: String,
    /// When it starts, in seconds since the Unix epoch.
    pub starts: f64,
    /// In seconds.
    pub duration: f64,
    /// Whether it has a DISCONTINUITY before it.
    pub discontinuous: bool,
}

impl Segment {
    /// When the next one should start.
    pub fn ends(&self) -> f64 {
        self.starts + self.duration
    }
}

/// What has been seen so far.
#[derive(Default)]
struct Seen {
    segments: BTreeMap<u64, Segment>,
    /// Bodies by URI, if they are kept.
    media: BTreeMap<String, Vec<u8>>,
}

/// See the module; stops when dropped.
pub struct Timeline {
    seen: watch::Receiver<Seen>,
    follower: JoinHandle<()>,
}

impl Drop for Timeline {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

impl Timeline {
    /// From now on.
    pub fn follow(daemon: &super::daemon::Daemon) -> Self {
        Self::begin(daemon, false)
    }

    /// From now on, with the media itself.
    pub fn record(daemon: &super::daemon::Daemon) -> Self {
        Self::begin(daemon, true)
    }

    fn begin(daemon: &super::daemon::Daemon, keeps: bool) -> Self {
        let (publisher, seen) = watch::channel(Seen::default());
        let follower = tokio::spawn(follow(daemon.http, keeps, publisher));
        Self { seen, follower }
    }

    /// The recorded segments behind each other, after `init`.
    pub fn recording(&self, init: Vec<u8>) -> Vec<u8> {
        let seen = self.seen.borrow();
        let bodies = seen.segments.values().map(|segment| seen.media[&segment.uri].clone());
        [init].into_iter().chain(bodies).flatten().collect()
    }

    /// All of them so far, in order.
    pub fn segments(&self) -> Vec<Segment> {
        self.seen.borrow().segments.values().cloned().collect()
    }

    /// Waits for a segment behind so many DISCONTINUITYs.
    pub async fn until_segments_of(&self, breaks: usize) {
        let mut seen = self.seen.clone();
        let enough = seen.wait_for(|seen| {
            seen.segments.values().filter(|segment| segment.discontinuous).count() >= breaks
        });
        let waited = timeout(PATIENCE, enough).await;
        drop(waited.expect("a segment of the next encoder").expect("a follower"));
    }
}

async fn follow(http: SocketAddr, keeps: bool, publisher: watch::Sender<Seen>) {
    let mut query = String::new();
    loop {
        let answer = get(http, &format!("/hls/{ROOM}/live.m3u8{query}")).await;
        if !answer.starts_with("HTTP/1.1 200") {
            query.clear();
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            continue;
        }
        let found = parse(&answer);
        let Some(last) = found.last().map(|segment| segment.number) else { continue };
        let mut bodies = vec![];
        for segment in found.iter().filter(|_| keeps) {
            if !publisher.borrow().media.contains_key(&segment.uri) {
                let body = get_bytes(http, &format!("/hls/{ROOM}/{}", segment.uri)).await;
                bodies.push((segment.uri.clone(), body));
            }
        }
        publisher.send_modify(|seen| {
            seen.media.extend(bodies);
            seen.segments.extend(found.into_iter().map(|segment| (segment.number, segment)));
        });
        query = format!("?_HLS_msn={}", last + 1);
    }
}

/// The complete segments of a media playlist.
pub fn parse(playlist: &str) -> Vec<Segment> {
    let value = |line: &str, tag: &str| line.strip_prefix(tag).map(str::to_owned);
    let mut number = 0;
    let (mut starts, mut duration, mut discontinuous) = (0.0, None, false);
    let mut segments = vec![];
    for line in playlist.lines() {
        if let Some(first) = value(line, "#EXT-X-MEDIA-SEQUENCE:") {
            number = first.parse().expect("a number");
        } else if let Some(time) = value(line, "#EXT-X-PROGRAM-DATE-TIME:") {
            starts = unix_seconds(&time);
        } else if let Some(extinf) = value(line, "#EXTINF:") {
            duration = extinf.trim_end_matches(',').parse().ok();
        } else if line == "#EXT-X-DISCONTINUITY" {
            discontinuous = true;
        } else if !line.starts_with('#')
            && let Some(duration) = duration.take()
        {
            let uri = line.to_owned();
            segments.push(Segment { number, uri, starts, duration, discontinuous });
            number += 1;
            starts += duration;
            discontinuous = false;
        }
    }
    segments
}

/// `2026-11-23T17:03:18.123Z` as seconds since the Unix epoch.
fn unix_seconds(time: &str) -> f64 {
    let output = Command::new("date").args(["+%s.%N", "-d", time]).output().expect("date");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("seconds")
}
