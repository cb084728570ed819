//! Playlists (RFC 8216bis), rendered from a timeline: a pure function of the value.

use std::fmt::{self, Write};
use std::time::Duration;

use super::names;
use super::segment::{Map, Segment, duration};
use super::timeline::{PARTS_PER_SEGMENT, TARGET, Timeline};
use super::wall_time::WallTime;

/// EXT-X-VERSION: the lowest that allows EXT-X-MAP in a playlist with sound. Parts, hints and
/// blocking reload ask for no more (RFC 8216bis, 8), and a player that knows only version 6 can
/// then play the whole segments.
const VERSION: u32 = 6;
/// EXT-X-PART-INF PART-TARGET, in seconds.
const PART_TARGET: &str = "0.2";
/// PART-HOLD-BACK, in seconds: three parts and the round trip of a request. Not exactly 0.6,
/// because three times 0.2 is more than 0.6 in floating point and a strict player refuses it.
const PART_HOLD_BACK: &str = "0.65";
/// HOLD-BACK, in seconds: three target durations.
const HOLD_BACK: &str = "3.0";
/// EXT-X-PART is written for segments that begin within this much of the end of the list.
const PARTS_LISTED: Duration = Duration::from_secs(3);

/// The low-latency media playlist: segments, parts of the last three target durations, and the
/// hint of the part to come.
#[must_use]
pub fn low_latency(timeline: &Timeline) -> String {
    render(|out| {
        header(out, timeline, true)?;
        let open = timeline.open().map(Segment::duration).unwrap_or_default();
        let closed: Duration = timeline.listed().map(Segment::duration).sum();
        let mut to_end = closed + open;
        let mut map = None;
        for segment in timeline.listed() {
            segment_head(out, segment, &mut map)?;
            if to_end <= PARTS_LISTED {
                parts(out, segment)?;
            }
            segment_uri(out, segment)?;
            to_end = to_end.saturating_sub(segment.duration());
        }
        if let Some(open) = timeline.open() {
            segment_head(out, open, &mut map)?;
            parts(out, open)?;
        }
        if let Some(hint) = timeline.hint() {
            writeln!(out, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{hint}\"")?;
        }
        footer(out, timeline)
    })
}

/// The same closed segments without the low-latency tags.
#[must_use]
pub fn plain(timeline: &Timeline) -> String {
    render(|out| {
        header(out, timeline, false)?;
        let mut map = None;
        for segment in timeline.listed() {
            segment_head(out, segment, &mut map)?;
            segment_uri(out, segment)?;
        }
        footer(out, timeline)
    })
}

/// The multivariant playlist: the one rendition, described by the initialization section it is
/// encoded with.
#[must_use]
pub fn multivariant(timeline: &Timeline, map: &Map) -> String {
    let bitrate = timeline.bitrate();
    render(|out| {
        writeln!(out, "#EXTM3U")?;
        writeln!(out, "#EXT-X-VERSION:{VERSION}")?;
        writeln!(out, "#EXT-X-INDEPENDENT-SEGMENTS")?;
        writeln!(
            out,
            "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\",\
             RESOLUTION={}x{},FRAME-RATE={}.000",
            bitrate.peak(),
            bitrate.average(),
            map.init.codecs,
            map.init.width,
            map.init.height,
            timeline.fps(),
        )?;
        writeln!(out, "{}", names::LIVE_PLAYLIST)
    })
}

fn header(out: &mut String, timeline: &Timeline, low_latency: bool) -> fmt::Result {
    writeln!(out, "#EXTM3U")?;
    writeln!(out, "#EXT-X-VERSION:{VERSION}")?;
    writeln!(out, "#EXT-X-TARGETDURATION:{}", TARGET.as_secs())?;
    if low_latency {
        writeln!(
            out,
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK={PART_HOLD_BACK},\
             HOLD-BACK={HOLD_BACK}"
        )?;
        writeln!(out, "#EXT-X-PART-INF:PART-TARGET={PART_TARGET}")?;
    }
    writeln!(out, "#EXT-X-MEDIA-SEQUENCE:{}", timeline.media_sequence())?;
    writeln!(out, "#EXT-X-DISCONTINUITY-SEQUENCE:{}", timeline.discontinuity_sequence())?;
    // A promise about every segment, so it is made only while every segment keeps it.
    if timeline.listed().chain(timeline.open()).all(Segment::is_independent) {
        writeln!(out, "#EXT-X-INDEPENDENT-SEGMENTS")?;
    }
    Ok(())
}

fn footer(out: &mut String, timeline: &Timeline) -> fmt::Result {
    if timeline.ended_at().is_some() {
        writeln!(out, "#EXT-X-ENDLIST")?;
    }
    Ok(())
}

fn segment_head<'a>(
    out: &mut String,
    segment: &'a Segment,
    map: &mut Option<&'a str>,
) -> fmt::Result {
    if segment.discontinuity {
        writeln!(out, "#EXT-X-DISCONTINUITY")?;
    }
    if *map != Some(&segment.map.name) {
        *map = Some(&segment.map.name);
        writeln!(out, "#EXT-X-MAP:URI=\"{}\"", segment.map.name)?;
    }
    writeln!(out, "#EXT-X-PROGRAM-DATE-TIME:{}", WallTime(segment.starts_at))
}

fn parts(out: &mut String, segment: &Segment) -> fmt::Result {
    for (index, part) in segment.parts.iter().enumerate() {
        let seconds = duration(u64::from(part.ticks), segment.fps).as_secs_f64();
        let uri = names::part(&segment.stem, index);
        write!(out, "#EXT-X-PART:DURATION={seconds:.5},URI=\"{uri}\"")?;
        writeln!(out, "{}", if part.independent { ",INDEPENDENT=YES" } else { "" })?;
    }
    Ok(())
}

fn segment_uri(out: &mut String, segment: &Segment) -> fmt::Result {
    writeln!(out, "#EXTINF:{:.5},", segment.duration().as_secs_f64())?;
    writeln!(out, "{}", names::segment(&segment.stem))
}

/// Text written by `write`. Writing to a `String` cannot fail.
fn render(write: impl FnOnce(&mut String) -> fmt::Result) -> String {
    let mut out = String::with_capacity(4096);
    let written = write(&mut out);
    debug_assert!(written.is_ok(), "a String takes all that is written to it");
    out
}

/// How many ticks a part of full length lasts at `fps`.
#[must_use]
pub fn part_ticks(fps: u32) -> u32 {
    (fps / PARTS_PER_SEGMENT).max(1)
}
