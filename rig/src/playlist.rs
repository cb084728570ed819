//! A live media playlist, as far as a viewer's patience depends on it.

/// What one version says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Playlist {
    /// `EXT-X-MEDIA-SEQUENCE`: the number of the first segment listed.
    pub first: u64,
    /// Whole segments listed.
    pub segments: u64,
    /// `EXT-X-TARGETDURATION`, in seconds.
    pub target: u64,
    /// `EXT-X-DISCONTINUITY` and what has left the list of it.
    pub discontinuities: u64,
    /// `EXT-X-ENDLIST`.
    pub has_ended: bool,
}

impl Playlist {
    /// None of what is no media playlist.
    pub fn parse(text: &str) -> Option<Self> {
        let value = |tag: &str| text.lines().find_map(|line| line.strip_prefix(tag)?.parse().ok());
        let count = |tag: &str| text.lines().filter(|line| line.starts_with(tag)).count() as u64;
        let gone: u64 = value("#EXT-X-DISCONTINUITY-SEQUENCE:").unwrap_or_default();
        let here = text.lines().filter(|line| *line == "#EXT-X-DISCONTINUITY").count() as u64;
        Some(Self {
            target: value("#EXT-X-TARGETDURATION:")?,
            first: value("#EXT-X-MEDIA-SEQUENCE:").unwrap_or_default(),
            segments: count("#EXTINF:"),
            discontinuities: gone + here,
            has_ended: count("#EXT-X-ENDLIST") > 0,
        })
    }

    /// The number of the segment that is written now.
    pub fn next(&self) -> u64 {
        self.first + self.segments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_playlist_says_what_is_next() {
        let text = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXT-X-MEDIA-SEQUENCE:7\n#EXTINF:2.0,\na\n\
                    #EXT-X-DISCONTINUITY\n#EXTINF:2.0,\nb\n#EXT-X-PART:DURATION=0.2,URI=\"c\"\n";
        let playlist = Playlist::parse(text).expect("a media playlist");
        assert_eq!((playlist.next(), playlist.target, playlist.discontinuities), (9, 2, 1));
        assert!(!playlist.has_ended);
        let ended = Playlist::parse(&format!("{text}#EXT-X-ENDLIST\n")).expect("a media playlist");
        assert!(ended.has_ended);
        assert_eq!(Playlist::parse("#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nlive.m3u8\n"), None);
    }
}
