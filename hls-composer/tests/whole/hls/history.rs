//! The rules for how playlists change: what one version says holds for all later ones, and for the other playlists of
//! the same broadcast.

use std::collections::{BTreeMap, HashMap};

use super::playlist::{Playlist, Segment};
use super::rules::{self, ROUNDING};

/// The name of `live.m3u8` as it is served to who asks for each next part, and so sees every version.
pub const RELOAD: &str = "reload";

/// The rules this holds versions to, by where they are written.
pub const RULES: &[(&str, &str)] = &[
    ("8216bis 6.2.1", "EXT-X-MEDIA-SEQUENCE never goes back"),
    ("8216bis 6.2.1", "segments are added at the end and taken from the beginning only"),
    (
        "8216bis 6.2.1",
        "the line of a whole segment never changes: URI, duration, date, discontinuity, map",
    ),
    (
        "8216bis 4.4.3.3",
        "a segment's Discontinuity Sequence Number never changes, though tags leave the list",
    ),
    ("8216bis 4.4.3.3", "EXT-X-DISCONTINUITY-SEQUENCE never goes back"),
    (
        "8216bis 6.2.1",
        "EXT-X-TARGETDURATION, EXT-X-VERSION, EXT-X-PART-INF, EXT-X-SERVER-CONTROL never change",
    ),
    ("8216bis 6.2.1", "nothing changes behind EXT-X-ENDLIST"),
    ("8216bis 4.4.4.9", "a part that was listed keeps its URI, duration and place"),
    ("8216bis 6.2.1", "a URI stands for one segment or part for ever"),
    ("8216bis 6.2.1", "all playlists of a broadcast say the same of a segment"),
    (
        "8216bis 4.4.5.3",
        "a hinted part always comes, as the next one, before a discontinuity and before the end",
    ),
    ("8216bis 4.4.4.6", "the newest date never goes back"),
    (
        "8216bis B.1",
        "what follows a low-latency list without a hint is the end, which lists no new part",
    ),
];

/// What has been seen of a broadcast.
#[derive(Debug, Default)]
pub struct History {
    /// Whole segments by number, as first listed.
    pub segments: BTreeMap<u64, Segment>,
    /// Parts by segment and index, as first listed.
    parts: BTreeMap<(u64, usize), (String, i64, bool)>,
    /// What each URI stands for.
    meanings: HashMap<String, (u64, Option<usize>)>,
    /// The newest version of each playlist.
    newest: HashMap<String, Playlist>,
    /// How many versions were examined, by playlist.
    pub versions: BTreeMap<String, usize>,
    /// How often a rule was held against a version.
    pub checks: usize,
}

impl History {
    /// Takes the version of the playlist `name` that was served now. Versions of one name come in order.
    pub fn take(&mut self, name: &str, text: &str) -> Playlist {
        let playlist = match Playlist::parse(text) {
            Ok(playlist) => playlist,
            Err(error) => panic!("{name}: {error}\n{text}"),
        };
        let before = self.newest.get(name);
        if before.is_some_and(|before| before.text == text) {
            return playlist;
        }
        self.checks += rules::check(&playlist);
        *self.versions.entry(name.to_owned()).or_default() += 1;
        if !playlist.is_multivariant() {
            if let Some(before) = before {
                follows(before, &playlist);
                if name == RELOAD && before.is_low_latency() {
                    end_follows(before, &playlist);
                }
            }
            self.remember(name, &playlist);
            self.checks += RULES.len();
        }
        self.newest.insert(name.to_owned(), playlist.clone());
        playlist
    }

    fn remember(&mut self, name: &str, playlist: &Playlist) {
        for segment in &playlist.segments {
            for (index, part) in segment.parts.iter().enumerate() {
                self.means(&part.uri, (segment.msn, Some(index)));
                let said = (part.uri.clone(), part.duration, part.independent);
                let first = self.parts.entry((segment.msn, index)).or_insert_with(|| said.clone());
                assert_eq!(*first, said, "{name}: a part has changed\n{}", playlist.text);
            }
            if segment.duration.is_none() {
                continue;
            }
            self.means(&segment.uri, (segment.msn, None));
            let line = Segment { parts: vec![], ..segment.clone() };
            let first = self.segments.entry(segment.msn).or_insert_with(|| line.clone());
            assert_eq!(*first, line, "{name}: a segment has changed\n{}", playlist.text);
        }
    }

    fn means(&mut self, uri: &str, meaning: (u64, Option<usize>)) {
        let first = *self.meanings.entry(uri.to_owned()).or_insert(meaning);
        assert_eq!(first, meaning, "{uri} stands for two things");
    }

    /// What was said of a part: how long it lasts in microseconds, and whether a player can begin there.
    pub fn part(&self, msn: u64, index: usize) -> Option<(i64, bool)> {
        self.parts.get(&(msn, index)).map(|(_, duration, independent)| (*duration, *independent))
    }

    /// Numbers without a hole: every segment between the first and the last was seen.
    pub fn is_gapless(&self) -> bool {
        let numbers: Vec<u64> = self.segments.keys().copied().collect();
        numbers.windows(2).all(|pair| pair[0] + 1 == pair[1])
    }
}

fn follows(before: &Playlist, after: &Playlist) {
    let both = || format!("\n{}\n-- then --\n{}", before.text, after.text);
    assert!(!before.is_ended(), "a list changes behind its end{}", both());
    for name in ["EXT-X-MEDIA-SEQUENCE", "EXT-X-DISCONTINUITY-SEQUENCE"] {
        let number = |playlist: &Playlist| playlist.whole(name).expect("a number");
        assert!(number(before) <= number(after), "{name} goes back{}", both());
    }
    for name in ["EXT-X-TARGETDURATION", "EXT-X-VERSION", "EXT-X-PART-INF", "EXT-X-SERVER-CONTROL"]
    {
        assert_eq!(before.tag(name), after.tag(name), "{name} changes{}", both());
    }
    let newest = |playlist: &Playlist| playlist.segments.last().map(|it| (it.msn, it.parts.len()));
    let end = |playlist: &Playlist| playlist.closed().next_back().map(|it| it.msn);
    assert!(end(before) <= end(after), "segments are taken from the end{}", both());
    assert!(
        newest(before).map(|it| it.0) <= newest(after).map(|it| it.0),
        "a segment is taken back{}",
        both()
    );
    let date = |playlist: &Playlist| playlist.segments.last().and_then(|it| it.starts_at);
    assert!(
        date(before).map(|it| it * 1_000) <= date(after).map(|it| it * 1_000 + ROUNDING),
        "dates go back{}",
        both()
    );
    hint_is_kept(before, after, both);
}

/// How a broadcast ends for who reloads list by list: the last part is listed, and then the end.
fn end_follows(before: &Playlist, after: &Playlist) {
    let both = || format!("\n{}\n-- then --\n{}", before.text, after.text);
    if before.hint().is_none() {
        assert!(after.is_ended(), "nothing was hinted, and more came{}", both());
    }
    // Players that are told of a part and of the end at once do not fetch the part: hls.js 1.7, shaka-player 5.2.
    let newest = |playlist: &Playlist| playlist.segments.last().map(|it| (it.msn, it.parts.len()));
    let same = newest(before).map(|it| it.0) == newest(after).map(|it| it.0);
    if after.is_ended() && same {
        assert_eq!(newest(before), newest(after), "a part comes with the end{}", both());
    }
}

/// The part that was hinted is in the segment it was hinted for. Players fetch a hint before they know what becomes of it:
/// shaka-player shows an error when it is not there, and hls.js before 1.7.4 fails when the hinted segment turns out to stand
/// behind a discontinuity.
fn hint_is_kept(before: &Playlist, after: &Playlist, both: impl Fn() -> String) {
    let Some(hint) = before.hint() else { return };
    let (msn, index) = match before.open() {
        Some(open) => (open.msn, open.parts.len()),
        None => (before.closed().next_back().map_or(0, |last| last.msn + 1), 0),
    };
    let last = after.segments.last().map_or(0, |segment| segment.msn);
    assert!(!after.is_ended() || last >= msn, "{hint} was hinted, and then came the end{}", both());
    let Some(segment) = after.segments.iter().find(|segment| segment.msn == msn) else { return };
    let broken = index == 0 && segment.discontinuity;
    assert!(!broken, "{hint} was hinted before a discontinuity{}", both());
    match segment.parts.get(index) {
        Some(part) => assert_eq!(part.uri, hint, "another part came{}", both()),
        // Parts of segments that are not new are no longer listed.
        None if segment.parts.is_empty() => {}
        None => assert!(segment.duration.is_none(), "{hint} was hinted and did not come{}", both()),
    }
}
