//! The rules one playlist can break: RFC 8216bis (draft 16) by section, and Apple's HLS authoring specification by number.

use super::playlist::{Playlist, Segment};

/// One rule.
pub struct Rule {
    /// Where it is written.
    pub source: &'static str,
    /// What it says.
    pub says: &'static str,
    /// Whether a playlist keeps it; true where it does not apply.
    pub kept: fn(&Playlist) -> bool,
}

const fn rule(source: &'static str, says: &'static str, kept: fn(&Playlist) -> bool) -> Rule {
    Rule { source, says, kept }
}

/// Rounding of times in a playlist: durations have five decimals, dates milliseconds.
pub const ROUNDING: i64 = 1_000;

/// What a variant may need at its peak, in bits per second, after an encoder is replaced as well.
pub const MOST_BITS: u64 = 192_000;

/// For every playlist.
pub const EVERY: &[Rule] = &[
    rule("8216bis 4.1", "every URI is plain ASCII without white space", |it| {
        it.text.is_ascii() && uris(it).iter().all(|uri| !uri.is_empty() && !uri.contains("//"))
    }),
    rule(
        "8216bis 4.4.1.2 and 8",
        "EXT-X-VERSION says 6, which EXT-X-MAP asks for, and no more",
        |it| it.tag("EXT-X-VERSION") == Some("6"),
    ),
    rule(
        "8216bis 4.4",
        "no tag of a media playlist in a multivariant one, nor the reverse",
        |it| it.is_multivariant() == it.tag("EXT-X-TARGETDURATION").is_none(),
    ),
];

/// For the multivariant playlist.
pub const MULTIVARIANT: &[Rule] = &[
    rule("8216bis 4.4.6.2", "BANDWIDTH is there, a whole number", |it| {
        variants(it, |attributes| {
            attributes.get("BANDWIDTH").is_some_and(|it| it.parse::<u64>().is_ok())
        })
    }),
    rule("Apple 9.14", "AVERAGE-BANDWIDTH is there, and no more than BANDWIDTH", |it| {
        variants(it, |attributes| {
            let rate = |name| attributes.get(name).and_then(|it| it.parse::<u64>().ok());
            rate("AVERAGE-BANDWIDTH").is_some() && rate("AVERAGE-BANDWIDTH") <= rate("BANDWIDTH")
        })
    }),
    rule("Apple 9.1", "CODECS names the codecs as RFC 6381 writes them", |it| {
        variants(it, |attributes| {
            attributes
                .get("CODECS")
                .is_some_and(|it| it.starts_with("avc1.") && it.ends_with(",mp4a.40.2"))
        })
    }),
    rule("Apple 9.2", "RESOLUTION is there", |it| {
        variants(it, |attributes| attributes.get("RESOLUTION").is_some_and(|it| it == "256x144"))
    }),
    rule("Apple 9.15", "FRAME-RATE is there, with three decimals", |it| {
        variants(it, |attributes| {
            let rate = attributes.get("FRAME-RATE").and_then(|rate| rate.split_once('.'));
            rate.is_some_and(|(_, decimals)| decimals.len() == 3)
        })
    }),
    rule("Apple 9.11", "EXT-X-INDEPENDENT-SEGMENTS is there", |it| {
        it.tag("EXT-X-INDEPENDENT-SEGMENTS").is_some()
    }),
    rule("Apple 9.21", "a variant has a peak of 192 kbit/s at most", |it| {
        let peaks = it.variants.iter().filter_map(|(attributes, _)| attributes.get("BANDWIDTH"));
        peaks.filter_map(|peak| peak.parse().ok()).any(|peak: u64| peak <= MOST_BITS)
    }),
];

/// For every media playlist.
pub const MEDIA: &[Rule] = &[
    rule("8216bis 4.4.3.1", "EXT-X-TARGETDURATION is there, above zero", |it| it.target() > 0),
    rule("8216bis 4.4.3.1", "no EXTINF, rounded to whole seconds, exceeds the target", |it| {
        closed(it, |segment| (duration(segment) + 500_000) / 1_000_000 * 1_000_000 <= it.target())
    }),
    rule("Apple 7.7", "no segment exceeds the target by more than half a second", |it| {
        closed(it, |segment| duration(segment) <= it.target() + 500_000)
    }),
    rule("8216bis 4.4.3.2", "EXT-X-MEDIA-SEQUENCE is there, before the first segment", |it| {
        before_segments(it, "EXT-X-MEDIA-SEQUENCE")
    }),
    rule("Apple 8.17", "EXT-X-DISCONTINUITY-SEQUENCE is always there", |it| {
        it.tag("EXT-X-DISCONTINUITY-SEQUENCE").is_some()
    }),
    rule(
        "8216bis 4.4.3.3",
        "EXT-X-DISCONTINUITY-SEQUENCE stands before segments and EXT-X-DISCONTINUITY",
        |it| before_segments(it, "EXT-X-DISCONTINUITY-SEQUENCE"),
    ),
    rule("8216bis 4.4.3", "header tags stand before the first segment", |it| {
        ["EXT-X-TARGETDURATION", "EXT-X-PLAYLIST-TYPE", "EXT-X-SERVER-CONTROL", "EXT-X-PART-INF"]
            .iter()
            .all(|name| it.tag(name).is_none() || before_segments(it, name))
    }),
    rule("8216bis 4.4.4.1", "every EXTINF is above zero", |it| {
        closed(it, |segment| duration(segment) > 0)
    }),
    rule("Apple 8.20", "every segment has an EXT-X-MAP in force", |it| {
        it.segments.iter().all(|segment| !segment.map.is_empty())
    }),
    rule("8216bis 4.4.4.5", "a new EXT-X-MAP stands behind a discontinuity", |it| {
        pairs(it, |before, after| before.map == after.map || after.discontinuity)
    }),
    rule("Apple 8.4", "every segment has an EXT-X-PROGRAM-DATE-TIME", |it| {
        it.segments.iter().all(|segment| segment.starts_at.is_some())
    }),
    rule(
        "8216bis 4.4.4.6",
        "dates go on by each segment's duration where there is no discontinuity",
        |it| {
            pairs(it, |before, after| {
                let gap = after.starts_at.unwrap_or(0) - before.starts_at.unwrap_or(0);
                after.discontinuity || (gap * 1_000 - duration(before)).abs() <= 2 * ROUNDING
            })
        },
    ),
    rule("8216bis 4.4.4.6", "dates never go back, over discontinuities neither", |it| {
        pairs(it, |before, after| {
            let gap = after.starts_at.unwrap_or(0) - before.starts_at.unwrap_or(0);
            gap * 1_000 >= duration(before) - 2 * ROUNDING
        })
    }),
    rule(
        "8216bis 6.2.2",
        "a list from which segments were taken lasts three targets or more",
        |it| it.tag("EXT-X-MEDIA-SEQUENCE") == Some("0") || it.duration() >= 3 * it.target(),
    ),
    rule("Apple 8.11", "a live list from which segments were taken has six or more", |it| {
        it.tag("EXT-X-MEDIA-SEQUENCE") == Some("0") || it.closed().count() >= 6
    }),
    rule("Apple 9.12", "EXT-X-INDEPENDENT-SEGMENTS is there", |it| {
        it.tag("EXT-X-INDEPENDENT-SEGMENTS").is_some()
    }),
    rule(
        "8216bis 4.4.3.4",
        "EXT-X-ENDLIST stands at the end, with nothing hinted or begun",
        |it| {
            !it.is_ended()
                || (it.text.ends_with("#EXT-X-ENDLIST\n")
                    && it.hint().is_none()
                    && it.open().is_none())
        },
    ),
    rule("8216bis 3", "no URI stands twice", |it| {
        let mut uris = uris(it);
        let count = uris.len();
        uris.sort_unstable();
        uris.dedup();
        uris.len() == count
    }),
];

/// For playlists without low latency.
pub const PLAIN: &[Rule] = &[rule("8216bis 4.4.3.8", "no tag of low latency", |it| {
    let tags = ["EXT-X-PART", "EXT-X-PART-INF", "EXT-X-PRELOAD-HINT", "EXT-X-SERVER-CONTROL"];
    tags.iter().all(|name| it.tag(name).is_none()) && it.open().is_none()
})];

/// For playlists with low latency.
pub const LOW_LATENCY: &[Rule] = &[
    rule("8216bis B.1", "CAN-BLOCK-RELOAD=YES", |it| {
        it.attributes("EXT-X-SERVER-CONTROL").get("CAN-BLOCK-RELOAD").is_some_and(|it| it == "YES")
    }),
    rule(
        "8216bis 4.4.3.8",
        "PART-HOLD-BACK is three part targets or more, in floating point too",
        |it| {
            let attributes = it.attributes("EXT-X-SERVER-CONTROL");
            let number = |text: Option<&String>| text.and_then(|it| it.parse::<f64>().ok());
            let part = number(it.attributes("EXT-X-PART-INF").get("PART-TARGET"));
            number(attributes.get("PART-HOLD-BACK")) >= part.map(|part| 3.0 * part)
                && part.is_some()
        },
    ),
    rule("8216bis 4.4.3.8", "HOLD-BACK is three targets or more", |it| {
        it.attribute("EXT-X-SERVER-CONTROL", "HOLD-BACK") >= Some(3 * it.target())
    }),
    rule("8216bis 4.4.3.7", "PART-TARGET is above zero and below the target", |it| {
        it.part_target() > 0 && it.part_target() < it.target()
    }),
    rule("8216bis 4.4.4.9", "no part exceeds the part target", |it| {
        it.parts().all(|part| part.duration > 0 && part.duration <= it.part_target())
    }),
    rule(
        "8216bis 4.4.4.9",
        "a part that is not the last of its segment has 85 % of the target or more",
        |it| {
            it.segments.iter().all(|segment| {
                let but_last = segment.parts.split_last().map_or(&[][..], |(_, rest)| rest);
                // Without a hint it is the last list, and its last part that of its segment.
                let open = segment.duration.is_none() && it.hint().is_some();
                let bound = if open { &segment.parts[..] } else { but_last };
                bound.iter().all(|part| part.duration * 100 >= it.part_target() * 85)
            })
        },
    ),
    rule("8216bis 4.4.4.9", "the parts of a whole segment add up to its EXTINF", |it| {
        closed(it, |segment| {
            let sum: i64 = segment.parts.iter().map(|part| part.duration).sum();
            segment.parts.is_empty() || (sum - duration(segment)).abs() <= ROUNDING
        })
    }),
    rule(
        "8216bis 4.4.4.9",
        "parts are listed for the last three targets and for nothing older",
        |it| {
            let mut to_end: i64 = it.segments.iter().map(length).sum();
            it.segments.iter().all(|segment| {
                let old = to_end > 3 * it.target() + ROUNDING;
                let recent = to_end <= 3 * it.target() - ROUNDING;
                to_end -= length(segment);
                if old { segment.parts.is_empty() } else { !recent || !segment.parts.is_empty() }
            })
        },
    ),
    rule("8216bis 4.4.4.9", "the first part of every segment is independent", |it| {
        it.segments.iter().all(|segment| segment.parts.first().is_none_or(|part| part.independent))
    }),
    // Right before the end there is nothing to hint. hls.js takes a list like that for what it is only while its newest
    // segment is open.
    rule(
        "8216bis B.1",
        "a list that is not at its end hints the next part, or is the last",
        |it| {
            it.is_ended()
                || (it.open().is_some() && it.tag("EXT-X-PRELOAD-HINT").is_none())
                || it.attributes("EXT-X-PRELOAD-HINT").get("TYPE").is_some_and(|it| it == "PART")
        },
    ),
    rule("8216bis 4.4.5.3", "the hinted part is not listed", |it| {
        it.hint().is_none_or(|hint| it.parts().all(|part| part.uri != hint))
    }),
    rule("8216bis 4.4.5.3", "the hint stands at the end", |it| {
        it.hint().is_none() || it.tags.last().is_some_and(|(name, _)| name == "EXT-X-PRELOAD-HINT")
    }),
    rule(
        "8216bis 6.2.2",
        "a live list holds 6 to 12 segments once segments were taken from it",
        |it| it.tag("EXT-X-MEDIA-SEQUENCE") == Some("0") || (6..=12).contains(&it.closed().count()),
    ),
];

/// For what is left of a broadcast.
pub const ON_DEMAND: &[Rule] = &[
    rule("Apple 8.6", "EXT-X-PLAYLIST-TYPE is VOD", |it| {
        it.tag("EXT-X-PLAYLIST-TYPE") == Some("VOD")
    }),
    rule("8216bis 6.2.1", "it has ended", Playlist::is_ended),
];

/// For what still changes: a list whose type is VOD must not.
pub const CHANGING: &[Rule] = &[rule("8216bis 4.4.3.5", "no EXT-X-PLAYLIST-TYPE", |it| {
    it.tag("EXT-X-PLAYLIST-TYPE").is_none()
})];

/// Every rule there is.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    [EVERY, MULTIVARIANT, MEDIA, PLAIN, LOW_LATENCY, ON_DEMAND, CHANGING].into_iter().flatten()
}

/// The rules for this playlist.
pub fn applying(playlist: &Playlist) -> impl Iterator<Item = &'static Rule> {
    let kinds: Vec<&'static [Rule]> = if playlist.is_multivariant() {
        vec![EVERY, MULTIVARIANT]
    } else {
        let latency = if playlist.is_low_latency() { LOW_LATENCY } else { PLAIN };
        let on_demand = playlist.tag("EXT-X-PLAYLIST-TYPE").is_some();
        vec![EVERY, MEDIA, latency, if on_demand { ON_DEMAND } else { CHANGING }]
    };
    kinds.into_iter().flatten()
}

/// Holds `playlist` to every rule for it; says how many there were.
pub fn check(playlist: &Playlist) -> usize {
    let broken: Vec<String> = applying(playlist)
        .filter(|rule| !(rule.kept)(playlist))
        .map(|rule| format!("{}: {}", rule.source, rule.says))
        .collect();
    assert!(broken.is_empty(), "{broken:#?}\n{}", playlist.text);
    applying(playlist).count()
}

fn uris(playlist: &Playlist) -> Vec<&str> {
    let variants = playlist.variants.iter().map(|(_, uri)| uri.as_str());
    let parts = playlist.parts().map(|part| part.uri.as_str());
    let closed = playlist.closed().map(|segment| segment.uri.as_str());
    variants.chain(parts).chain(closed).collect()
}

fn variants(playlist: &Playlist, kept: impl Fn(&super::playlist::Attributes) -> bool) -> bool {
    playlist.variants.iter().all(|(attributes, _)| kept(attributes))
}

fn closed(playlist: &Playlist, kept: impl Fn(&Segment) -> bool) -> bool {
    playlist.closed().all(kept)
}

fn pairs(playlist: &Playlist, kept: impl Fn(&Segment, &Segment) -> bool) -> bool {
    playlist.segments.windows(2).all(|pair| kept(&pair[0], &pair[1]))
}

fn duration(segment: &Segment) -> i64 {
    segment.duration.unwrap_or(0)
}

/// What of a segment is there so far.
fn length(segment: &Segment) -> i64 {
    segment.duration.unwrap_or_else(|| segment.parts.iter().map(|part| part.duration).sum())
}

fn before_segments(playlist: &Playlist, name: &str) -> bool {
    let of_segments =
        ["EXTINF", "EXT-X-PART", "EXT-X-MAP", "EXT-X-DISCONTINUITY", "EXT-X-PROGRAM-DATE-TIME"];
    let first = playlist.tags.iter().position(|(tag, _)| of_segments.contains(&tag.as_str()));
    let own = playlist.tags.iter().position(|(tag, _)| tag == name);
    own.is_some_and(|own| first.is_none_or(|first| own < first))
}
