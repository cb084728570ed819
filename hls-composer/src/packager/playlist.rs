//! Playlists (RFC 8216bis), rendered from a timeline: a pure function of the value.

use std::fmt::{self, Write};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::bitrate::Bitrate;
use super::names;
use super::segment::{Map, Segment, duration};
use super::timeline::{PARTS_PER_SEGMENT, TARGET, Timeline};
use super::wall_time::WallTime;
use super::window::Outline;

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
            let line = Line::from(segment);
            segment_head(out, line, &mut map)?;
            if to_end <= PARTS_LISTED {
                parts(out, segment)?;
            }
            segment_uri(out, line)?;
            to_end = to_end.saturating_sub(segment.duration());
        }
        if let Some(open) = timeline.open() {
            segment_head(out, open.into(), &mut map)?;
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
        segments(out, timeline.listed().map(Line::from))?;
        footer(out, timeline)
    })
}

/// The DVR playlist: every closed segment of the window, for going back. Not low-latency.
#[must_use]
pub fn dvr(timeline: &Timeline) -> String {
    render(|out| {
        let outlines = timeline.windowed();
        whole(out, None, &outlines)?;
        footer(out, timeline)
    })
}

/// What is left when a broadcast is over: the DVR window, or without one what the live playlist lists. It never changes.
#[must_use]
pub fn on_demand(timeline: &Timeline) -> String {
    render(|out| {
        whole(out, Some("VOD"), &left(timeline))?;
        writeln!(out, "#EXT-X-ENDLIST")
    })
}

fn left(timeline: &Timeline) -> Vec<Arc<Outline>> {
    match timeline.window().is_open() {
        true => timeline.windowed(),
        false => timeline.listed().map(|segment| Outline::from(segment).into()).collect(),
    }
}

/// A media playlist of these segments, all but its end.
fn whole(out: &mut String, kind: Option<&str>, outlines: &[Arc<Outline>]) -> fmt::Result {
    writeln!(out, "#EXTM3U")?;
    writeln!(out, "#EXT-X-VERSION:{VERSION}")?;
    writeln!(out, "#EXT-X-TARGETDURATION:{}", TARGET.as_secs())?;
    if let Some(kind) = kind {
        writeln!(out, "#EXT-X-PLAYLIST-TYPE:{kind}")?;
    }
    let first = outlines.first();
    let discontinuities = first.map_or(0, |first| {
        first.discontinuity_sequence.saturating_sub(u64::from(first.discontinuity))
    });
    writeln!(out, "#EXT-X-MEDIA-SEQUENCE:{}", first.map_or(0, |first| first.msn))?;
    writeln!(out, "#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}")?;
    if outlines.iter().all(|outline| outline.independent) {
        writeln!(out, "#EXT-X-INDEPENDENT-SEGMENTS")?;
    }
    segments(out, outlines.iter().map(|outline| Line::from(outline.as_ref())))
}

/// The multivariant playlist: the one rendition under the name `playlist`, described by the initialization section it
/// is encoded with. While a broadcast goes on its peak is promised; of one that is over, the rates of what is left are
/// known.
#[must_use]
pub fn multivariant(timeline: &Timeline, map: &Map, playlist: &str) -> String {
    let so_far = timeline.bitrate();
    let (peak, average) = match timeline.ended_at() {
        None => (so_far.promised(), so_far.average()),
        Some(_) => {
            let mut rate = Bitrate::default();
            for outline in left(timeline) {
                rate.count(outline.bytes, outline.duration());
            }
            (rate.peak().max(rate.average()), rate.average())
        }
    };
    render(|out| {
        writeln!(out, "#EXTM3U")?;
        writeln!(out, "#EXT-X-VERSION:{VERSION}")?;
        writeln!(out, "#EXT-X-INDEPENDENT-SEGMENTS")?;
        writeln!(
            out,
            "#EXT-X-STREAM-INF:BANDWIDTH={},AVERAGE-BANDWIDTH={},CODECS=\"{}\",\
             RESOLUTION={}x{},FRAME-RATE={}.000",
            peak,
            average.min(peak),
            map.init.codecs,
            map.init.width,
            map.init.height,
            timeline.fps(),
        )?;
        writeln!(out, "{playlist}")
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

/// What a media playlist says of a segment besides its parts.
#[derive(Debug, Clone, Copy)]
struct Line<'a> {
    stem: &'a str,
    discontinuity: bool,
    map: &'a str,
    starts_at: SystemTime,
    duration: Duration,
}

impl<'a> From<&'a Segment> for Line<'a> {
    fn from(segment: &'a Segment) -> Self {
        Self {
            stem: &segment.stem,
            discontinuity: segment.discontinuity,
            map: &segment.map.name,
            starts_at: segment.starts_at,
            duration: segment.duration(),
        }
    }
}

impl<'a> From<&'a Outline> for Line<'a> {
    fn from(outline: &'a Outline) -> Self {
        Self {
            stem: &outline.stem,
            discontinuity: outline.discontinuity,
            map: &outline.init,
            starts_at: outline.starts_at,
            duration: outline.duration(),
        }
    }
}

fn segments<'a>(out: &mut String, lines: impl Iterator<Item = Line<'a>>) -> fmt::Result {
    let mut map = None;
    for line in lines {
        segment_head(out, line, &mut map)?;
        segment_uri(out, line)?;
    }
    Ok(())
}

fn segment_head<'a>(out: &mut String, line: Line<'a>, map: &mut Option<&'a str>) -> fmt::Result {
    if line.discontinuity {
        writeln!(out, "#EXT-X-DISCONTINUITY")?;
    }
    if *map != Some(line.map) {
        *map = Some(line.map);
        writeln!(out, "#EXT-X-MAP:URI=\"{}\"", line.map)?;
    }
    writeln!(out, "#EXT-X-PROGRAM-DATE-TIME:{}", WallTime(line.starts_at))
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

fn segment_uri(out: &mut String, line: Line<'_>) -> fmt::Result {
    writeln!(out, "#EXTINF:{:.5},", line.duration.as_secs_f64())?;
    writeln!(out, "{}", names::segment(line.stem))
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
