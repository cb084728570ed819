//! What viewers are served from: a snapshot that never changes, published whenever a part is
//! complete. Publishing copies no media; segments are shared.

use bytes::Bytes;

use super::playlist;
use super::timeline::{Position, Timeline};

/// One state of a broadcast.
#[derive(Debug, Clone)]
pub struct View {
    timeline: Timeline,
    playlist: Option<Bytes>,
    multivariant: Option<Bytes>,
    hint: Option<String>,
    degraded: bool,
}

impl View {
    /// Renders `timeline`. `degraded` says that it is not on disk.
    #[must_use]
    pub fn new(timeline: Timeline, degraded: bool) -> Self {
        let ended = timeline.ended_at().is_some();
        let listed = timeline.newest_closed().is_some() || ended;
        let playlist = listed.then(|| Bytes::from(playlist::low_latency(&timeline)));
        let map = timeline.maps().last();
        let multivariant = map.map(|map| playlist::multivariant(&timeline, map).into());
        Self { hint: timeline.hint(), timeline, playlist, multivariant, degraded }
    }

    /// What is known of `timeline` before its next encoder is. The playlist waits for it, because one that hints
    /// nothing makes players guess the next name; segments are served.
    #[must_use]
    pub fn before_encoder(timeline: Timeline) -> Self {
        let view = Self::new(timeline, false);
        let playlist = view.playlist.clone().filter(|_| view.is_ended());
        Self { playlist, ..view }
    }

    /// The media playlist, `live.m3u8`. There is none before the first segment is closed, because
    /// players refuse a list without a segment.
    #[must_use]
    pub fn playlist(&self) -> Option<&Bytes> {
        self.playlist.as_ref()
    }

    /// The multivariant playlist, `index.m3u8`. There is none before the first encoder's
    /// initialization section, because it names the codecs.
    #[must_use]
    pub fn multivariant(&self) -> Option<&Bytes> {
        self.multivariant.as_ref()
    }

    /// The newest part.
    #[must_use]
    pub fn newest(&self) -> Option<Position> {
        self.timeline.newest()
    }

    /// The newest closed segment's Media Sequence Number.
    #[must_use]
    pub fn newest_closed(&self) -> Option<u64> {
        self.timeline.newest_closed()
    }

    /// The number of the first segment in the list, or of the first to come.
    #[must_use]
    pub fn media_sequence(&self) -> u64 {
        self.timeline.media_sequence()
    }

    /// The file name of the part that comes next.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Whether the playlist ends here for ever.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.timeline.ended_at().is_some()
    }

    /// Whether the newest media is only in memory, because the disk fails.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        self.degraded
    }

    /// The media behind a file name, as pieces in order: an initialization section, a part, or a
    /// closed segment.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Vec<Bytes>> {
        self.timeline.find(name)
    }

    /// The timeline it was rendered from.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }
}
