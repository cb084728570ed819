//! What viewers are served from: a snapshot that never changes, published whenever a part is
//! complete. Publishing copies no media; segments are shared.

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::names::{LIVE_PLAYLIST, PLAIN_PLAYLIST, VOD_PLAYLIST};
use super::playlist;
use super::timeline::{Position, Timeline};

/// One state of a broadcast: the media that can be fetched, and the lists that name it.
///
/// Lists can be older than the media. Between two encoders there is nothing to hint, and a list with
/// parts that ends without a hint is legal but rare: hls.js 1.7 takes its last segment for the one to
/// come, and fails when that turns out to begin with a discontinuity. So no such list is ever shown;
/// viewers keep the one they have until the next encoder's first hint, or the end. The one list without
/// a hint is the last before the end, whose newest segment is still open.
#[derive(Debug, Clone)]
pub struct View {
    timeline: Timeline,
    lists: Arc<Lists>,
    degraded: bool,
    dir: Arc<Path>,
    poster: Option<Bytes>,
}

/// Everything that playlists say, of one moment.
#[derive(Debug)]
struct Lists {
    timeline: Timeline,
    playlist: Option<Bytes>,
    multivariant: Option<[Bytes; 2]>,
    hint: Option<String>,
    asked_for: AskedFor,
}

/// Playlists that are rendered when somebody asks for them first.
#[derive(Debug, Default)]
struct AskedFor {
    plain: OnceLock<Bytes>,
    dvr: OnceLock<Bytes>,
    on_demand: OnceLock<Bytes>,
}

impl Lists {
    fn of(timeline: Timeline) -> Self {
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
        let hint = timeline.hint();
        Self { timeline, playlist, multivariant, hint, asked_for: AskedFor::default() }
    }
}

impl View {
    /// Renders `timeline`. `degraded` says that it is not on disk.
    #[must_use]
    pub fn new(timeline: Timeline, degraded: bool) -> Self {
        let lists = Arc::new(Lists::of(timeline.clone()));
        Self { timeline, lists, degraded, dir: Path::new("").into(), poster: None }
    }

    /// The media of `timeline` under the lists as they are in this view.
    #[must_use]
    pub fn with_media(&self, timeline: Timeline, degraded: bool) -> Self {
        Self { timeline, degraded, ..self.clone() }
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
        let mut lists = Lists::of(timeline.clone());
        lists.playlist = lists.playlist.filter(|_| timeline.ended_at().is_some());
        Self { lists: Arc::new(lists), ..Self::new(timeline, false) }
    }

    /// The media playlist, `live.m3u8`. There is none before the first segment is closed, because
    /// players refuse a list without a segment.
    #[must_use]
    pub fn playlist(&self) -> Option<&Bytes> {
        self.lists.playlist.as_ref()
    }

    /// The same segments without the low-latency tags, `plain.m3u8`.
    #[must_use]
    pub fn plain(&self) -> Option<&Bytes> {
        let Lists { timeline, playlist, asked_for, .. } = self.lists.as_ref();
        playlist.as_ref()?;
        Some(asked_for.plain.get_or_init(|| playlist::plain(timeline).into()))
    }

    /// The media playlist of the DVR window, `dvr.m3u8`, if there is a window.
    #[must_use]
    pub fn dvr(&self) -> Option<&Bytes> {
        let Lists { timeline, playlist, asked_for, .. } = self.lists.as_ref();
        if !timeline.window().is_open() {
            return None;
        }
        playlist.as_ref()?;
        Some(asked_for.dvr.get_or_init(|| playlist::dvr(timeline).into()))
    }

    /// What is left of a broadcast that is over, `vod.m3u8`.
    #[must_use]
    pub fn on_demand(&self) -> Option<&Bytes> {
        if !self.is_ended() || self.newest_closed().is_none() {
            return None;
        }
        let render = || playlist::on_demand(&self.lists.timeline).into();
        Some(self.lists.asked_for.on_demand.get_or_init(render))
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
        let [live, plain] = self.lists.multivariant.as_ref()?;
        Some(if low_latency { live } else { plain })
    }

    /// The newest part that is listed.
    #[must_use]
    pub fn newest(&self) -> Option<Position> {
        self.lists.timeline.newest()
    }

    /// The Media Sequence Number of the newest closed segment that is listed.
    #[must_use]
    pub fn newest_closed(&self) -> Option<u64> {
        self.lists.timeline.newest_closed()
    }

    /// The number of the first segment in the list, or of the first to come.
    #[must_use]
    pub fn media_sequence(&self) -> u64 {
        self.lists.timeline.media_sequence()
    }

    /// The file name of the part that comes next.
    #[must_use]
    pub fn hint(&self) -> Option<&str> {
        self.lists.hint.as_deref()
    }

    /// Whether the playlist ends here for ever.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.lists.timeline.ended_at().is_some()
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

    /// The media that can be fetched.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }
}
