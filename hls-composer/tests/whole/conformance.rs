//! Every playlist of a broadcast, held to every rule that applies: RFC 8216bis and Apple's authoring specification.
//!
//! The rules are listed in `hls/rules.rs` (of one playlist), `hls/history.rs` (of versions and playlists among each
//! other) and `hls/media.rs` (of what URIs lead to), each with where it is written.

use std::{
    collections::{BTreeMap, HashMap},
    process::Command,
    time::Duration,
};

use crate::hls::{
    history::{self, History},
    media,
    playlist::Playlist,
    rules,
};
use crate::rig::{
    busy::Busy,
    daemon::{Daemon, PATIENCE, ROOM, input, until},
    http::{Answer, Http},
    sender::Ssrcs,
};
use tokio::{sync::mpsc, time::timeout};

/// Long enough for segments to leave the live list, memory and the DVR window, around what is done to the stream.
const WINDOW: &str = "30s";

/// What a viewer has received.
enum Seen {
    Playlist { name: &'static str, text: String },
    Media { uri: String, bytes: Vec<u8> },
    NotFound { uri: String },
}

#[tokio::test(flavor = "multi_thread")]
async fn every_playlist_keeps_every_rule_through_restarts_and_to_the_end() {
    let mut daemon = Daemon::start(&["--dvr", WINDOW, "--keep", "120s"]).await;
    let mut statuses = daemon.open(1).await.expect("a claim");
    daemon.scene(1, 1, &["ada"]).await;
    let ports = daemon.reserve(1, "ada").await.expect("ports");
    let generation = daemon.start_input(1, "ada", Ssrcs::of(0)).await.expect("a listening FFmpeg");
    let _ada = Busy::to(&ports, Ssrcs::of(0));
    daemon.confirm(1, "ada", generation).await;
    let active = until(&mut statuses, |status| {
        input(status, "ada").is_some_and(|it| it.state() == proto::v1::InputState::Active)
    })
    .await;

    let (seen, mut received) = mpsc::unbounded_channel();
    let http = Http::new(daemon.http);
    let viewers = [
        tokio::spawn(play(http.clone(), seen.clone())),
        tokio::spawn(poll(http.clone(), "live.m3u8", seen.clone())),
        tokio::spawn(poll(http.clone(), "plain.m3u8", seen.clone())),
        tokio::spawn(poll(http.clone(), "dvr.m3u8", seen.clone())),
        tokio::spawn(poll(http.clone(), "index.m3u8", seen)),
    ];

    reach(&http, 12).await;
    daemon.scene(1, 2, &["ada", "ben"]).await;
    reach(&http, 18).await;
    let encoder = active.encoder.as_ref().expect("an encoder").pid;
    let killed = Command::new("kill").args(["-9", &encoder.to_string()]).status();
    assert!(killed.expect("kill").success());
    reach(&http, 26).await;
    daemon.kill_and_restart().await;
    reach(&http, 50).await;
    let _claim = daemon.open(2).await.expect("a claim");
    daemon.close(2).await;
    for viewer in viewers {
        timeout(PATIENCE, viewer).await.expect("the end is seen").expect("a viewer");
    }
    // A broadcast that is over survives a restart too, and what is left of it never changes.
    let left = http.get(&path("vod.m3u8")).await.expect("an answer");
    daemon.kill_and_restart().await;
    let kept = http.get(&path("vod.m3u8")).await.expect("an answer");
    assert_eq!(kept.text(), left.text());

    let mut history = History::default();
    let mut files = Files::default();
    while let Ok(seen) = received.try_recv() {
        match seen {
            Seen::Playlist { name, text } => drop(history.take(name, &text)),
            Seen::Media { uri, bytes } => files.take(uri, bytes),
            Seen::NotFound { uri } => files.missing.push(uri),
        }
    }
    let vod = history.take("vod.m3u8", kept.text());
    for uri in uris(&vod) {
        let answer = http.get(&path(&uri)).await.expect("an answer");
        assert_eq!(answer.status, 200, "{uri} is left");
        files.take(uri, answer.body.to_vec());
    }
    let index = history.take("index.m3u8", http.get(&path("index.m3u8")).await.expect("it").text());
    headers(&http, &vod).await;

    let boxes = files.check(&history, &index, &vod);
    let versions: usize = history.versions.values().sum();
    let rules = rules::all().count() + history::RULES.len() + media::RULES.len();
    println!("{versions} versions examined: {:?}", history.versions);
    println!(
        "{rules} rules, held {} times against playlists; {boxes} parts and segments opened",
        history.checks
    );
    println!("{}", files.report);
    assert!(history.is_gapless(), "every segment is listed somewhere");
    let first = history.segments.keys().next();
    assert!(first.is_some_and(|msn| *msn < 12), "from the beginning: {first:?}");
    let breaks: Vec<u64> =
        history.segments.values().filter(|it| it.discontinuity).map(|it| it.msn).collect();
    assert_eq!(breaks.len(), 2, "one discontinuity for each process that died: {breaks:?}");
    assert!(
        history.segments.last_key_value().is_some_and(|(_, last)| last.discontinuity_sequence == 2)
    );
    let least = [
        ("live.m3u8", 40),
        ("plain.m3u8", 30),
        ("dvr.m3u8", 30),
        ("vod.m3u8", 1),
        ("reload", 150),
        ("index.m3u8", 2),
    ];
    for (name, least) in least {
        let versions = history.versions.get(name).copied().unwrap_or(0);
        assert!(versions >= least, "{versions} versions of {name}");
    }
    let window = vod.duration();
    assert!((30_000_000..32_000_000).contains(&window), "what is left is the window: {window} us");
}

/// A list that keeps every rule, shortened.
const GOOD: &str = "#EXTM3U
#EXT-X-VERSION:6
#EXT-X-TARGETDURATION:1
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.65,HOLD-BACK=3.0
#EXT-X-PART-INF:PART-TARGET=0.2
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-DISCONTINUITY-SEQUENCE:0
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI=\"init-0.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
#EXT-X-PART:DURATION=0.20000,URI=\"0.0.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.13333,URI=\"0.1.m4s\"
#EXTINF:0.33333,
0.m4s
#EXT-X-DISCONTINUITY
#EXT-X-MAP:URI=\"init-1.mp4\"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.400Z
#EXT-X-PART:DURATION=0.20000,URI=\"1.0.m4s\",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.20000,URI=\"1.1.m4s\"
#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1.2.m4s\"
";

#[test]
fn a_list_that_breaks_a_rule_is_found_out() {
    rules::check(&Playlist::parse(GOOD).expect("a list"));
    for (right, wrong) in [
        ("VERSION:6", "VERSION:9"),
        ("TARGETDURATION:1", "TARGETDURATION:0"),
        ("CAN-BLOCK-RELOAD=YES,", ""),
        ("PART-HOLD-BACK=0.65", "PART-HOLD-BACK=0.6"),
        ("HOLD-BACK=3.0", "HOLD-BACK=2.9"),
        ("PART-TARGET=0.2", "PART-TARGET=1.0"),
        ("#EXT-X-MEDIA-SEQUENCE:0\n", ""),
        ("#EXT-X-MEDIA-SEQUENCE:0", "#EXT-X-MEDIA-SEQUENCE:4"),
        ("#EXT-X-DISCONTINUITY-SEQUENCE:0\n", ""),
        ("#EXT-X-INDEPENDENT-SEGMENTS\n", ""),
        ("#EXT-X-MAP:URI=\"init-0.mp4\"\n", ""),
        ("#EXT-X-DISCONTINUITY\n", ""),
        ("#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z\n", ""),
        ("00:00:00.400Z", "00:00:00.100Z"),
        ("DURATION=0.20000,URI=\"0.0.m4s\"", "DURATION=0.10000,URI=\"0.0.m4s\""),
        ("DURATION=0.20000,URI=\"1.1.m4s\"", "DURATION=0.30000,URI=\"1.1.m4s\""),
        ("DURATION=0.20000,URI=\"1.1.m4s\"", "DURATION=0.06667,URI=\"1.1.m4s\""),
        ("EXTINF:0.33333", "EXTINF:0.40000"),
        ("1.0.m4s\",INDEPENDENT=YES", "1.0.m4s\""),
        ("1.1.m4s", "0.1.m4s"),
        ("URI=\"1.2.m4s\"", "URI=\"1.1.m4s\""),
        // What hls.js takes for another list: the newest segment is closed, and nothing is hinted.
        ("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1.2.m4s\"\n", "#EXTINF:0.40000,\n1.m4s\n"),
        ("#EXT-X-VERSION:6\n", "#EXT-X-VERSION:6\n#EXT-X-PLAYLIST-TYPE:VOD\n"),
        ("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1.2.m4s\"", "#EXT-X-ENDLIST"),
        ("#EXTINF:0.33333,\n", ""),
        ("#EXTM3U\n", ""),
        ("#EXT-X-VERSION:6\n", "#EXT-X-VERSION:6\n#EXT-X-VERSION:6\n"),
    ] {
        let text = GOOD.replacen(right, wrong, 1);
        assert_ne!(text, GOOD, "{right:?}");
        let found = match Playlist::parse(&text) {
            Ok(list) => rules::applying(&list).any(|rule| !(rule.kept)(&list)),
            Err(_) => true,
        };
        assert!(found, "{right:?} became {wrong:?}, and nobody minds");
    }
}

#[test]
fn a_version_that_contradicts_an_earlier_one_is_found_out() {
    for (right, wrong) in [
        ("TARGETDURATION:1", "TARGETDURATION:2"),
        ("URI=\"0.1.m4s\"", "URI=\"0.9.m4s\""),
        ("\n0.m4s\n", "\n7.m4s\n"),
        ("00:00:00.000Z", "00:00:00.001Z"),
        ("init-0.mp4", "init-7.mp4"),
        ("#EXT-X-DISCONTINUITY-SEQUENCE:0", "#EXT-X-DISCONTINUITY-SEQUENCE:1"),
        (
            "#EXT-X-PART:DURATION=0.20000,URI=\"1.1.m4s\"\n",
            "#EXT-X-PART:DURATION=0.20000,URI=\"1.1.m4s\"\n#EXT-X-PART:DURATION=0.20000,URI=\"1.7.m4s\"\n",
        ),
        // The hinted part never came: its segment was closed without it, as when an encoder dies.
        (
            "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1.2.m4s\"\n",
            "#EXTINF:0.40000,\n1.m4s\n#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"init-2.mp4\"\n\
             #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.900Z\n\
             #EXT-X-PART:DURATION=0.20000,URI=\"2.0.m4s\",INDEPENDENT=YES\n\
             #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"2.1.m4s\"\n",
        ),
    ] {
        let later = GOOD.replacen(right, wrong, 1);
        assert_ne!(later, GOOD, "{right:?}");
        let contradicted = std::panic::catch_unwind(|| {
            let mut history = History::default();
            history.take("live.m3u8", GOOD);
            history.take("live.m3u8", &later);
        });
        assert!(contradicted.is_err(), "{right:?} became {wrong:?}, and nobody minds");
    }
}

#[test]
fn a_hint_that_ends_in_a_discontinuity_or_in_the_end_is_found_out() {
    let whole = GOOD
        .replace("#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1.2.m4s\"\n", "#EXTINF:0.40000,\n1.m4s\n");
    let before = format!("{whole}#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"2.0.m4s\"\n");
    let part = "#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.800Z\n\
                #EXT-X-PART:DURATION=0.20000,URI=\"2.0.m4s\",INDEPENDENT=YES\n";
    let hint = "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"2.1.m4s\"\n";
    for (later, kept) in [
        (format!("{whole}{part}{hint}"), true),
        (format!("{whole}{part}"), true),
        (format!("{whole}{part}#EXTINF:0.20000,\n2.m4s\n#EXT-X-ENDLIST\n"), true),
        (format!("{whole}#EXT-X-ENDLIST\n"), false),
        (format!("{whole}#EXT-X-DISCONTINUITY\n{part}{hint}"), false),
    ] {
        let taken = std::panic::catch_unwind(|| {
            let mut history = History::default();
            history.take("live.m3u8", &before);
            history.take("live.m3u8", &later);
        });
        assert_eq!(taken.is_ok(), kept, "{later}");
    }
}

#[test]
fn an_end_that_brings_a_part_and_a_part_behind_the_last_list_are_found_out() {
    let hint = "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1.2.m4s\"\n";
    let part = "#EXT-X-PART:DURATION=0.20000,URI=\"1.2.m4s\"\n";
    let last = GOOD.replace(hint, part);
    let end = last.clone() + "#EXTINF:0.60000,\n1.m4s\n#EXT-X-ENDLIST\n";
    let more = last.clone() + "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"1.3.m4s\"\n";
    for (versions, kept) in
        [([GOOD, &last, &end], true), ([GOOD, GOOD, &end], false), ([GOOD, &last, &more], false)]
    {
        let taken = std::panic::catch_unwind(|| {
            let mut history = History::default();
            for text in versions {
                history.take(history::RELOAD, text);
            }
        });
        assert_eq!(taken.is_ok(), kept, "{versions:?}");
    }
}

fn path(file: &str) -> String {
    format!("/hls/{ROOM}/{file}")
}

/// Waits until a segment is whole; daemons that are away are asked again.
async fn reach(http: &Http, msn: u64) {
    let reached = async {
        loop {
            match http.get(&path(&format!("live.m3u8?_HLS_msn={msn}"))).await {
                Some(answer) if answer.status == 200 => return,
                // Too far in the future, paused or away: the segments between are waited for.
                _ => pause().await,
            }
        }
    };
    timeout(3 * PATIENCE, reached).await.expect("a stream that goes on");
}

async fn pause() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Fetches a playlist again and again to its end, as players without low latency do.
async fn poll(http: Http, name: &'static str, seen: mpsc::UnboundedSender<Seen>) {
    loop {
        if let Some(answer) = http.get(&path(name)).await
            && answer.status == 200
        {
            let text = answer.text().to_owned();
            let ended = text.contains("#EXT-X-ENDLIST") || text.contains("vod.m3u8");
            let _gone = seen.send(Seen::Playlist { name, text });
            if ended {
                return;
            }
        }
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
}

/// Plays with low latency: a reload that blocks for the next part, and every file that is named, once; what has left
/// the list a little ago once more.
async fn play(http: Http, seen: mpsc::UnboundedSender<Seen>) {
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut directives = String::new();
    let mut round = 0;
    loop {
        round += 1;
        let answer = http.get(&path(&format!("live.m3u8{directives}"))).await;
        let Some(answer) = answer.filter(|answer| answer.status == 200) else {
            directives.clear();
            pause().await;
            continue;
        };
        let text = answer.text().to_owned();
        let Ok(playlist) = Playlist::parse(&text) else {
            let _gone = seen.send(Seen::Playlist { name: history::RELOAD, text });
            return;
        };
        let _gone = seen.send(Seen::Playlist { name: history::RELOAD, text });
        for uri in uris(&playlist) {
            let fetched = known.entry(uri.clone()).or_insert(0);
            // The second time is long after the first: some 20 versions, or four seconds.
            if *fetched == 0 || *fetched + 20 == round {
                *fetched = round;
                fetch(&http, uri, &seen).await;
            }
        }
        // 26 seconds later it has left the live list and memory; the DVR window has it.
        let old: Vec<String> = known
            .iter()
            .filter(|(_, at)| **at + 130 == round)
            .map(|(uri, _)| uri.clone())
            .collect();
        for uri in old.into_iter().filter(|uri| !is_part(uri)) {
            fetch(&http, uri, &seen).await;
        }
        if playlist.is_ended() {
            return;
        }
        let newest = playlist.segments.last().expect("a segment");
        let (msn, part) = match newest.duration {
            Some(_) => (newest.msn + 1, 0),
            None => (newest.msn, newest.parts.len()),
        };
        directives = format!("?_HLS_msn={msn}&_HLS_part={part}");
    }
}

async fn fetch(http: &Http, uri: String, seen: &mpsc::UnboundedSender<Seen>) {
    let Some(answer) = http.get(&path(&uri)).await else { return };
    let bytes = answer.body.to_vec();
    let _gone = seen.send(match answer.status {
        200 => Seen::Media { uri, bytes },
        _ => Seen::NotFound { uri },
    });
}

fn is_part(uri: &str) -> bool {
    uri.matches('.').count() == 2
}

/// Initialization sections, parts and whole segments.
fn uris(playlist: &Playlist) -> Vec<String> {
    let mut maps: Vec<String> = playlist.segments.iter().map(|it| it.map.clone()).collect();
    maps.dedup();
    let parts = playlist.parts().map(|part| part.uri.clone());
    let closed = playlist.closed().map(|segment| segment.uri.clone());
    maps.into_iter().chain(parts).chain(closed).collect()
}

/// What answers look like on the wire, by kind.
async fn headers(http: &Http, vod: &Playlist) {
    let gzip = [("accept-encoding", "gzip, deflate, br")];
    let segment = &vod.segments[0];
    let immutable = "public, max-age=31536000, immutable";
    for (file, kind, encoding, cache) in [
        (
            "index.m3u8",
            "application/vnd.apple.mpegurl",
            "gzip",
            "public, max-age=0, s-maxage=1, stale-while-revalidate=1",
        ),
        (
            "live.m3u8",
            "application/vnd.apple.mpegurl",
            "gzip",
            "public, max-age=0, s-maxage=1, stale-while-revalidate=1",
        ),
        (
            "dvr.m3u8",
            "application/vnd.apple.mpegurl",
            "gzip",
            "public, max-age=0, s-maxage=1, stale-while-revalidate=1",
        ),
        (
            "vod.m3u8",
            "application/vnd.apple.mpegurl",
            "gzip",
            "public, max-age=0, s-maxage=1, stale-while-revalidate=1",
        ),
        (segment.uri.as_str(), "video/mp4", "", immutable),
        (segment.map.as_str(), "video/mp4", "", immutable),
        ("poster.jpg", "image/jpeg", "", "public, max-age=5"),
    ] {
        let answer: Answer = http.get_with(&path(file), &gzip).await.expect("an answer");
        let header = |name| answer.header(name).to_owned();
        assert_eq!((answer.status, header("content-type")), (200, kind.to_owned()), "{file}");
        assert_eq!(header("content-encoding"), encoding, "{file}");
        assert_eq!(header("cache-control"), cache, "{file}");
        assert_eq!(header("access-control-allow-origin"), "*", "{file}");
        if encoding == "gzip" {
            assert_eq!(header("vary"), "accept-encoding", "{file}");
        }
    }
}

/// Every file that was fetched.
#[derive(Default)]
struct Files {
    files: BTreeMap<String, Vec<u8>>,
    missing: Vec<String>,
    report: String,
}

impl Files {
    fn take(&mut self, uri: String, bytes: Vec<u8>) {
        match self.files.get(&uri) {
            Some(before) => assert_eq!(*before, bytes, "{uri} has changed"),
            None => drop(self.files.insert(uri, bytes)),
        }
    }

    fn get(&self, uri: &str) -> &[u8] {
        self.files.get(uri).unwrap_or_else(|| panic!("{uri} was never fetched"))
    }

    /// Holds all media to the rules in `media.rs`; says how many chunks that were.
    fn check(&mut self, history: &History, index: &Playlist, left: &Playlist) -> usize {
        assert_eq!(
            self.missing, [""; 0],
            "what is listed, or was until a little ago, can be fetched"
        );
        let mut count = 0;
        let mut map = String::new();
        let mut scales = vec![];
        let mut ends: BTreeMap<u32, u64> = BTreeMap::new();
        let mut rates = BTreeMap::new();
        for segment in history.segments.values() {
            if segment.map != map {
                map.clone_from(&segment.map);
                scales = media::timescales(self.get(&map));
                ends.clear();
            }
            let (picture, scale) = scales[0];
            let bytes = self.get(&segment.uri);
            let chunks = media::chunks(bytes, picture);
            assert!(chunks[0].key, "{} begins with a key frame", segment.uri);
            let mut offset = 0;
            let mut length = 0;
            for (index, chunk) in chunks.iter().enumerate() {
                count += 1;
                for (track, (begin, lasts)) in &chunk.tracks {
                    let before = ends.insert(*track, begin + lasts);
                    assert!(
                        before.is_none_or(|end| end == *begin),
                        "{}: track {track}: {before:?}, then {begin}",
                        segment.uri
                    );
                }
                let (_, lasts) = chunk.tracks[&picture];
                length += lasts;
                let part = segment.uri.replace(".m4s", &format!(".{index}.m4s"));
                if let Some(part_bytes) = self.files.get(&part) {
                    let end = offset + part_bytes.len();
                    assert!(
                        bytes[offset..].starts_with(part_bytes),
                        "{part} is no piece of its segment"
                    );
                    assert_eq!(media::chunks(part_bytes, picture).len(), 1, "{part} is one chunk");
                    offset = end;
                }
                if let Some((said, independent)) = history.part(segment.msn, index) {
                    assert_eq!(independent, chunk.key, "{part}");
                    let real = lasts as f64 / f64::from(scale) * 1e6;
                    assert!(
                        (real - said as f64).abs() < 1_000.0,
                        "{part} lasts {real}, says {said}"
                    );
                }
            }
            let real = length as f64 / f64::from(scale) * 1e6;
            let said = segment.duration.expect("it is whole");
            assert!(
                (real - said as f64).abs() < 1_000.0,
                "{} lasts {real}, says {said}",
                segment.uri
            );
            rates.insert(segment.msn, (bytes.len() as f64 * 8.0, real / 1e6));
        }
        let some = |wanted: &dyn Fn(u64) -> bool| -> Vec<(f64, f64)> {
            rates.iter().filter(|(msn, _)| wanted(**msn)).map(|(_, rate)| *rate).collect()
        };
        let busy = |msn| (2..12).contains(&msn);
        let (average, peak) = measure(&some(&busy));
        let (_, highest) = measure(&some(&|_| true));
        let first = left.segments[0].msn;
        let (left_average, left_peak) = measure(&some(&|msn| msn >= first));
        let declared = |name: &str| -> f64 { index.variants[0].0[name].parse().expect("a number") };
        self.report = format!(
            "busy picture: {:.1} kbit/s on average, {:.1} at the peak; all: {:.1} at the peak; left on demand: {:.1} and {:.1}, declared {:.1} and {:.1}",
            average / 1e3,
            peak / 1e3,
            highest / 1e3,
            left_average / 1e3,
            left_peak / 1e3,
            declared("AVERAGE-BANDWIDTH") / 1e3,
            declared("BANDWIDTH") / 1e3
        );
        assert!(highest <= rules::MOST_BITS as f64, "{}", self.report);
        assert!(left_peak <= declared("BANDWIDTH") + 1.0, "{}", self.report);
        // Apple allows a tenth. A process that takes over has found more than what is listed.
        assert!(
            (left_average / declared("AVERAGE-BANDWIDTH") - 1.0).abs() < 0.1,
            "{}",
            self.report
        );
        count
    }
}

/// Average and peak of segments in bits a second; a peak is that of any group that lasts 0.5 to 1.5 targets
/// (8216bis 4.4.6.2).
fn measure(segments: &[(f64, f64)]) -> (f64, f64) {
    let mut peak: f64 = 0.0;
    for first in 0..segments.len() {
        let (mut bits, mut time) = (0.0, 0.0);
        for (more, lasts) in &segments[first..] {
            (bits, time) = (bits + more, time + lasts);
            if (0.4999..=1.5001).contains(&time) {
                peak = peak.max(bits / time);
            }
        }
    }
    let (bits, time) = segments.iter().fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
    (bits / time, peak)
}
