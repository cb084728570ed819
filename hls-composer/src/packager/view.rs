//! What viewers are served from: a snapshot that never changes, published whenever a part is
//! complete. Publishing copies no media; segments are shared.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::names::{LIVE_PLAYLIST, PLAIN_PLAYLIST, VOD_PLAYLIST};
use super::playlist;
use super::timeline::{Position, Timeline};

/// One state of a broadcast.
#[derive(Debug, Clone)]
pub struct View {
    timeline: Timeline,
    playlist: Option<Bytes>,
    multivariant: Option<[Bytes; 2]>,
    hint: Option<String>,
    degraded: bool,
    dir: Arc<Path>,
    poster: Option<Bytes>,
    asked_for: AskedFor,
}

/// Playlists that are rendered when somebody asks for them first.
#[derive(Debug, Clone, Default)]
struct AskedFor {
    plain: OnceLock<Bytes>,
    dvr: OnceLock<Bytes>,
    on_demand: OnceLock<Bytes>,
}

impl View {
    /// Renders `timeline`. `degraded` says that it is not on disk.
    #[must_use]
    pub fn new(timeline: Timeline, degraded: bool) -> Self {
        let ended = timeline.ended_at().is_some();
        let listed = timeline.newest_closed().is_some() || ended;
        let playlist = listed.then(|| Bytes::from(playlist::low_latency(&timeline)));
        let map = timeline.maps().last();
        let has_media = timeline.newest_closed().is_some();
        let names = match ended && has_media {
            true => [VOD_PLAYLIST; 2],
            false => [LIVE_PLAYLIST, PLAIN_PLAYLIST],
        };
        let multivariant = map
            .map(|map| names.map(|name| Bytes::from(playlist::multivariant(&timeline, map, name))));
        Self {
            hint: timeline.hint(),
            timeline,
            playlist,
            multivariant,
            degraded,
            dir: Path::new("").into(),
            poster: None,
            asked_for: AskedFor::default(),
        }
    }

    /// With what lies in the broadcast's directory, and the newest poster.
    #[must_use]
    pub fn with_files(self, dir: &Path, poster: Option<Bytes>) -> Self {
        Self { dir: dir.into(), poster, ..self }
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

    /// The same segments without the low-latency tags, `plain.m3u8`.
    #[must_use]
    pub fn plain(&self) -> Option<&Bytes> {
        self.playlist.as_ref()?;
        Some(self.asked_for.plain.get_or_init(|| playlist::plain(&self.timeline).into()))
    }

    /// The media playlist of the DVR window, `dvr.m3u8`, if there is a window.
    #[must_use]
    pub fn dvr(&self) -> Option<&Bytes> {
        if !self.timeline.window().is_open() {
            return None;
        }
        self.playlist.as_ref()?;
        Some(self.asked_for.dvr.get_or_init(|| playlist::dvr(&self.timeline).into()))
    }

    /// What is left of a broadcast that is over, `vod.m3u8`.
    #[must_use]
    pub fn on_demand(&self) -> Option<&Bytes> {
        if !self.is_ended() || self.newest_closed().is_none() {
            return None;
        }
        let render = || playlist::on_demand(&self.timeline).into();
        Some(self.asked_for.on_demand.get_or_init(render))
    }

    /// A picture of the broadcast, as JPEG.
    #[must_use]
    pub fn poster(&self) -> Option<&Bytes> {
        self.poster.as_ref()
    }

    /// The multivariant playlist, `index.m3u8`. There is none before the first encoder's
    /// initialization section, because it names the codecs. It leads to the low-latency playlist or
    /// to the plain one, and when the broadcast is over to what is left of it.
    #[must_use]
    pub fn multivariant(&self, low_latency: bool) -> Option<&Bytes> {
        let [live, plain] = self.multivariant.as_ref()?;
        Some(if low_latency { live } else { plain })
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

    /// The newest part that was hinted and will never exist.
    #[must_use]
    pub fn broken_hint(&self) -> Option<&str> {
        self.timeline.broken_hint()
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

    /// Where a file lies on disk that is no longer in memory: a segment of the DVR window, or its
    /// initialization section.
    #[must_use]
    pub fn stored(&self, name: &str) -> Option<PathBuf> {
        self.timeline.window().has_file(name).then(|| self.dir.join(name))
    }

    /// The media behind a file name that is in memory, as pieces in order: an initialization
    /// section, a part, or a closed segment.
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
