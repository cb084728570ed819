//! What lies behind the URIs: fragments as ISO/IEC 14496-12 and CMAF describe them.

use std::collections::BTreeMap;

use mp4_atom::{Any, Decode as _, DecodeMaybe as _, Moof};

/// The rules for media, by where they are written.
pub const RULES: &[(&str, &str)] = &[
    ("Apple 7.3", "each track's decode times go on from part to part under one EXT-X-MAP"),
    ("Apple 7.4", "every segment begins with a key frame"),
    (
        "8216bis 4.4.4.9",
        "INDEPENDENT=YES stands where a part begins with a key frame, and nowhere else",
    ),
    ("8216bis 3.1.2", "a part is one moof and one mdat, without a moov"),
    ("8216bis 4.4.4.9", "a part lasts as long as it says"),
    ("Apple 8.1", "a segment lasts as long as its EXTINF says, to less than a frame"),
    ("8216bis 3.2", "a segment is its parts in order, byte by byte"),
    ("8216bis 6.2.1", "what a URI stands for never changes, over restarts neither"),
    ("8216bis 4.4.6.2", "no segments that last 0.5 to 1.5 targets exceed BANDWIDTH"),
    (
        "8216bis 6.2.2",
        "a segment that left the list can be fetched for as long as the longest list that named it",
    ),
    ("Apple 10.1", "playlists are compressed with gzip, media is not"),
    ("Apple 10.4", "content types are the recommended ones"),
];

/// A `moof` with its `mdat`.
#[derive(Debug, Clone, PartialEq)]
pub struct Chunk {
    /// Per track: first decode time and how long its samples last, in the track's timescale.
    pub tracks: BTreeMap<u32, (u64, u64)>,
    /// Whether the first picture is a key frame.
    pub key: bool,
}

/// Timescales of an initialization section, by track; the picture's track comes first.
pub fn timescales(init: &[u8]) -> Vec<(u32, u32)> {
    let mut rest = init;
    let mut scales = Vec::new();
    while let Some(atom) = Any::decode_maybe(&mut rest).expect("a sound initialization section") {
        if let Any::Moov(moov) = atom {
            assert!(moov.mvex.is_some(), "it is fragmented");
            scales.extend(moov.trak.iter().map(|trak| {
                let picture = trak.mdia.minf.vmhd.is_some();
                (!picture, trak.tkhd.track_id, trak.mdia.mdhd.timescale)
            }));
        }
    }
    scales.sort_unstable();
    scales.into_iter().map(|(_, track, scale)| (track, scale)).collect()
}

/// The chunks of a part or a segment: nothing but pairs of `moof` and `mdat`.
pub fn chunks(bytes: &[u8], picture: u32) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (kind, size) = header(rest);
        assert_eq!(kind, *b"moof", "a moof is expected, not {}", String::from_utf8_lossy(&kind));
        let mut moof_bytes = &rest[..size];
        let moof = Moof::decode(&mut moof_bytes).expect("a sound moof");
        rest = &rest[size..];
        let (kind, size) = header(rest);
        assert_eq!(kind, *b"mdat", "a mdat is expected behind a moof");
        rest = &rest[size..];
        chunks.push(chunk(&moof, picture));
    }
    chunks
}

fn header(bytes: &[u8]) -> ([u8; 4], usize) {
    let size = u32::from_be_bytes(bytes[..4].try_into().expect("four bytes")) as usize;
    assert!((8..=bytes.len()).contains(&size), "a box of {size} bytes in {}", bytes.len());
    (bytes[4..8].try_into().expect("four bytes"), size)
}

fn chunk(moof: &Moof, picture: u32) -> Chunk {
    let mut tracks = BTreeMap::new();
    let mut key = false;
    for traf in &moof.traf {
        let track = traf.tfhd.track_id;
        let begin = traf.tfdt.as_ref().expect("a tfdt").base_media_decode_time;
        let entries = || traf.trun.iter().flat_map(|trun| trun.samples.iter());
        let length = entries().map(|entry| {
            u64::from(entry.duration.or(traf.tfhd.default_sample_duration).expect("a duration"))
        });
        if track == picture {
            let flags = entries().next().and_then(|entry| entry.flags);
            let flags = flags.or(traf.tfhd.default_sample_flags).expect("flags");
            key = flags & 0x0001_0000 == 0;
        }
        tracks.insert(track, (begin, length.sum()));
    }
    Chunk { tracks, key }
}
