//! The file names of a broadcast. A name is used for one content for ever: the incarnation never
//! comes back, a discontinuity changes the stem, and numbers only grow.

use super::timeline::SegmentId;

/// The multivariant playlist of a room.
pub const MASTER_PLAYLIST: &str = "index.m3u8";
/// The media playlist of a room.
pub const LIVE_PLAYLIST: &str = "live.m3u8";
/// The same without the low-latency tags.
pub const PLAIN_PLAYLIST: &str = "plain.m3u8";
/// The media playlist of a room's DVR window.
pub const DVR_PLAYLIST: &str = "dvr.m3u8";
/// What is left of a broadcast that is over.
pub const VOD_PLAYLIST: &str = "vod.m3u8";
/// A picture of the broadcast.
pub const POSTER: &str = "poster.jpg";
/// What recovery reads; never served.
pub const TIMELINE: &str = "timeline.json";
/// The segments of the DVR window, a line each; never served.
pub const WINDOW: &str = "window.jsonl";
/// The part that is hinted, as far as it has come; never served under this name.
pub const BEGUN: &str = "begun.part";
/// No file of a broadcast holds more, in bytes: its segments are some hundred kilobytes, and a day of [`WINDOW`] is 10 MB.
pub const MOST_BYTES: u64 = 64 << 20;

/// Whether `name` is a room id or an incarnation: `^[A-Za-z0-9_-]{1,64}$`. Such a name is safe in
/// a path and in a URI without escaping.
#[must_use]
pub fn is_plain(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&name.len()) && name.bytes().all(plain)
}

/// Whether `name` can be the stem or the name of a stored file: no path leads out of a directory
/// by it.
#[must_use]
pub fn is_file(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=200).contains(&name.len()) && !name.starts_with('.') && name.bytes().all(plain)
}

/// The initialization section of an encoder generation.
#[must_use]
pub fn init(incarnation: &str, generation: u32) -> String {
    format!("init-{incarnation}-{generation}.mp4")
}

/// The directory of what an incarnation found, and could not read.
#[must_use]
pub fn unread(incarnation: &str) -> String {
    format!("unread-{incarnation}")
}

/// What the names of a segment and of its parts begin with: incarnation, discontinuity sequence
/// and media sequence. With the discontinuity in it, a part hinted before an encoder died is never
/// answered with a part of the next encoder.
#[must_use]
pub fn stem(incarnation: &str, id: SegmentId) -> String {
    format!("{incarnation}-{}-{}", id.discontinuity_sequence, id.msn)
}

/// A whole segment.
#[must_use]
pub fn segment(stem: &str) -> String {
    format!("{stem}.m4s")
}

/// One part of a segment, counted from 0.
#[must_use]
pub fn part(stem: &str, index: usize) -> String {
    format!("{stem}.{index}.m4s")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_hold() {
        let stem = stem("k3f9", SegmentId { discontinuity_sequence: 2, msn: 41 });
        assert_eq!(init("k3f9", 3), "init-k3f9-3.mp4");
        assert_eq!(segment(&stem), "k3f9-2-41.m4s");
        assert_eq!(part(&stem, 4), "k3f9-2-41.4.m4s");
    }

    #[test]
    fn only_plain_names_are_room_ids() {
        assert!(is_plain("a") && is_plain("Room_7-x") && is_plain(&"x".repeat(64)));
        for name in ["", "..", "a/b", "ä", "a b", "a%2e", &"x".repeat(65)] {
            assert!(!is_plain(name), "{name}");
        }
    }
}
