//! Reads playlists strictly: what is not in the grammar of RFC 8216bis, section 4, is an error.

use std::collections::BTreeMap;

/// Tags this product uses, with whether one may stand more than once in a playlist.
const TAGS: &[(&str, bool)] = &[
    ("EXTM3U", false),
    ("EXT-X-VERSION", false),
    ("EXT-X-INDEPENDENT-SEGMENTS", false),
    ("EXT-X-STREAM-INF", true),
    ("EXT-X-TARGETDURATION", false),
    ("EXT-X-PLAYLIST-TYPE", false),
    ("EXT-X-SERVER-CONTROL", false),
    ("EXT-X-PART-INF", false),
    ("EXT-X-MEDIA-SEQUENCE", false),
    ("EXT-X-DISCONTINUITY-SEQUENCE", false),
    ("EXT-X-ENDLIST", false),
    ("EXT-X-DISCONTINUITY", true),
    ("EXT-X-MAP", true),
    ("EXT-X-PROGRAM-DATE-TIME", true),
    ("EXT-X-PART", true),
    ("EXT-X-PRELOAD-HINT", false),
    ("EXTINF", true),
];

pub type Attributes = BTreeMap<String, String>;

/// A playlist, as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Playlist {
    pub text: String,
    /// Name and value of every tag, in order.
    pub tags: Vec<(String, String)>,
    /// Attributes and URI of each variant.
    pub variants: Vec<(Attributes, String)>,
    pub segments: Vec<Segment>,
}

/// A segment: whole, or at the end of a list the one that is being written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Segment {
    pub msn: u64,
    /// How many discontinuities lie at or before it, by the playlist's own account.
    pub discontinuity_sequence: u64,
    pub discontinuity: bool,
    /// The initialization section in force.
    pub map: String,
    /// Milliseconds since 1970.
    pub starts_at: Option<i64>,
    pub parts: Vec<Part>,
    /// EXTINF in microseconds; none for the segment that is being written.
    pub duration: Option<i64>,
    pub uri: String,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Part {
    pub uri: String,
    /// In microseconds.
    pub duration: i64,
    pub independent: bool,
}

impl Playlist {
    pub fn parse(text: &str) -> Result<Self, String> {
        if !text.starts_with("#EXTM3U\n") {
            return Err("4.4.1.1: EXTM3U is not the first line".to_owned());
        }
        if text.starts_with('\u{feff}') || text.contains('\r') || !text.ends_with('\n') {
            return Err(
                "4.1: a byte order mark, a carriage return or an unfinished line".to_owned()
            );
        }
        let mut playlist =
            Self { text: text.to_owned(), tags: vec![], variants: vec![], segments: vec![] };
        let mut next = Segment::default();
        let mut variant: Option<Attributes> = None;
        for line in text.lines() {
            match line.strip_prefix('#') {
                Some(tag) => {
                    let (name, value) = tag.split_once(':').unwrap_or((tag, ""));
                    let known = TAGS.iter().find(|(known, _)| *known == name);
                    let (_, again) = known.ok_or_else(|| format!("unknown tag {line}"))?;
                    if !again && playlist.tags.iter().any(|(before, _)| before == name) {
                        return Err(format!("4.4: {name} stands twice"));
                    }
                    playlist.tags.push((name.to_owned(), value.to_owned()));
                    match name {
                        "EXT-X-STREAM-INF" => variant = Some(attributes(value)?),
                        _ => next.take(name, value)?,
                    }
                }
                None if line.is_empty() || line.contains([' ', '\t']) => {
                    return Err(format!("4.1: a line {line:?}"));
                }
                None => match variant.take() {
                    Some(variant) => playlist.variants.push((variant, line.to_owned())),
                    None => {
                        next.uri = line.to_owned();
                        next.duration.ok_or_else(|| format!("4.4.4.1: {line} without EXTINF"))?;
                        playlist.segments.push(next.clone());
                        next = Segment { map: next.map, ..Segment::default() };
                    }
                },
            }
        }
        if next.duration.is_some() {
            return Err("4.4.4.1: EXTINF without a URI".to_owned());
        }
        if next.starts_at.is_some() || next.discontinuity || !next.parts.is_empty() {
            playlist.segments.push(next);
        }
        playlist.number()?;
        Ok(playlist)
    }

    /// Gives segments their numbers (RFC 8216bis, 3 and 4.4.4.3).
    fn number(&mut self) -> Result<(), String> {
        let first = self.whole("EXT-X-MEDIA-SEQUENCE")?.unwrap_or(0);
        let mut discontinuities = self.whole("EXT-X-DISCONTINUITY-SEQUENCE")?.unwrap_or(0);
        for (msn, segment) in (first..).zip(&mut self.segments) {
            discontinuities += u64::from(segment.discontinuity);
            (segment.msn, segment.discontinuity_sequence) = (msn, discontinuities);
        }
        Ok(())
    }

    /// The value of a tag that stands once.
    pub fn tag(&self, name: &str) -> Option<&str> {
        let found = self.tags.iter().find(|(found, _)| found == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The attributes of a tag that stands once; none if it does not.
    pub fn attributes(&self, name: &str) -> Attributes {
        self.tag(name).and_then(|value| attributes(value).ok()).unwrap_or_default()
    }

    /// A decimal integer (4.2).
    pub fn whole(&self, name: &str) -> Result<Option<u64>, String> {
        let Some(value) = self.tag(name) else { return Ok(None) };
        let digits = value.bytes().all(|byte| byte.is_ascii_digit());
        let number = value.parse().ok().filter(|_| digits && value.len() <= 20);
        number.map(Some).ok_or_else(|| format!("4.2: {name}:{value} is no decimal integer"))
    }

    pub fn is_multivariant(&self) -> bool {
        !self.variants.is_empty()
    }

    pub fn is_ended(&self) -> bool {
        self.tag("EXT-X-ENDLIST").is_some()
    }

    pub fn is_low_latency(&self) -> bool {
        self.tag("EXT-X-PART-INF").is_some()
    }

    /// Segments that are whole.
    pub fn closed(&self) -> impl DoubleEndedIterator<Item = &Segment> {
        self.segments.iter().filter(|segment| segment.duration.is_some())
    }

    /// The segment that is being written.
    pub fn open(&self) -> Option<&Segment> {
        self.segments.last().filter(|segment| segment.duration.is_none())
    }

    pub fn parts(&self) -> impl Iterator<Item = &Part> {
        self.segments.iter().flat_map(|segment| &segment.parts)
    }

    /// EXT-X-TARGETDURATION in microseconds.
    pub fn target(&self) -> i64 {
        let seconds = self.tag("EXT-X-TARGETDURATION").and_then(|value| value.parse::<i64>().ok());
        seconds.unwrap_or(0) * 1_000_000
    }

    /// PART-TARGET in microseconds.
    pub fn part_target(&self) -> i64 {
        self.attribute("EXT-X-PART-INF", "PART-TARGET").unwrap_or(0)
    }

    /// A decimal number of seconds, in microseconds.
    pub fn attribute(&self, tag: &str, name: &str) -> Option<i64> {
        self.attributes(tag).get(name).and_then(|value| micros(value))
    }

    pub fn hint(&self) -> Option<String> {
        self.attributes("EXT-X-PRELOAD-HINT").get("URI").cloned()
    }

    /// How long the whole segments last, in microseconds.
    pub fn duration(&self) -> i64 {
        self.closed().filter_map(|segment| segment.duration).sum()
    }
}

impl Segment {
    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let quoted = |attributes: &Attributes, name: &str| {
            attributes.get(name).cloned().ok_or_else(|| format!("{name} is missing in {value}"))
        };
        match name {
            "EXT-X-DISCONTINUITY" => {
                if !self.parts.is_empty() {
                    return Err("4.4.4.3: a discontinuity amid a segment".to_owned());
                }
                self.discontinuity = true;
            }
            "EXT-X-MAP" => self.map = quoted(&attributes(value)?, "URI")?,
            "EXT-X-PROGRAM-DATE-TIME" => self.starts_at = Some(millis(value)?),
            "EXT-X-PART" => {
                let attributes = attributes(value)?;
                let duration = quoted(&attributes, "DURATION")?;
                self.parts.push(Part {
                    uri: quoted(&attributes, "URI")?,
                    duration: micros(&duration).ok_or_else(|| format!("4.2: {duration}"))?,
                    independent: attributes.get("INDEPENDENT").is_some_and(|it| it == "YES"),
                });
            }
            "EXTINF" => {
                let (seconds, _) = value.split_once(',').ok_or("4.4.4.1: EXTINF has no comma")?;
                self.duration = Some(micros(seconds).ok_or_else(|| format!("4.2: {value}"))?);
            }
            _ => {}
        }
        Ok(())
    }
}

/// An attribute list (4.2): names once each, quotes around strings.
fn attributes(list: &str) -> Result<Attributes, String> {
    let mut attributes = Attributes::new();
    let mut rest = list;
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or_else(|| format!("4.2: {list}"))?;
        let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || !name.bytes().all(plain) {
            return Err(format!("4.2: an attribute {name:?}"));
        }
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').ok_or_else(|| format!("4.2: {list}"))?,
            None => after.split_at(after.find(',').unwrap_or(after.len())),
        };
        if attributes.insert(name.to_owned(), value.to_owned()).is_some() {
            return Err(format!("4.2: {name} stands twice"));
        }
        rest = match after.strip_prefix(',') {
            Some(more) if !more.is_empty() => more,
            None if after.is_empty() => after,
            _ => return Err(format!("4.2: {list}")),
        };
    }
    Ok(attributes)
}

/// A decimal floating point number of seconds, in microseconds.
fn micros(seconds: &str) -> Option<i64> {
    let plain = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    let number: f64 = seconds.bytes().all(plain).then(|| seconds.parse().ok())??;
    Some((number * 1e6).round() as i64)
}

/// `2026-01-31T23:59:59.999Z` in milliseconds since 1970.
fn millis(time: &str) -> Result<i64, String> {
    let bad = || format!("4.4.4.6: {time} is no ISO 8601 date and time in UTC");
    let digits = |range: std::ops::Range<usize>| {
        time.get(range).and_then(|digits| digits.parse::<i64>().ok()).ok_or_else(bad)
    };
    let shape: String = time.chars().map(|it| if it.is_ascii_digit() { '0' } else { it }).collect();
    if shape != "0000-00-00T00:00:00.000Z" {
        return Err(bad());
    }
    let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let years: i64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let months: i64 = lengths.iter().take(month as usize - 1).sum();
    let seconds = (years + months + day - 1) * 86_400
        + digits(11..13)? * 3_600
        + digits(14..16)? * 60
        + digits(17..19)?;
    Ok(seconds * 1_000 + digits(20..23)?)
}
