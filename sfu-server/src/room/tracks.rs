//! What one peer sends: at most one producer per slot.

use mediasoup::prelude::{MediaKind, ProducerId};

use crate::signaling::messages::{TrackName, TrackSource};

/// A place for one producer of a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Slot {
    /// Video of the camera.
    Camera,
    /// Audio of the microphone.
    Microphone,
    /// Video of the shared screen.
    Screen,
    /// Audio of the shared screen.
    ScreenAudio,
}

impl Slot {
    /// Where a track of this kind and source belongs.
    pub fn of(kind: MediaKind, source: TrackSource) -> Self {
        match (kind, source) {
            (MediaKind::Video, TrackSource::Camera) => Self::Camera,
            (MediaKind::Audio, TrackSource::Camera) => Self::Microphone,
            (MediaKind::Video, TrackSource::Screen) => Self::Screen,
            (MediaKind::Audio, TrackSource::Screen) => Self::ScreenAudio,
        }
    }

    /// The slot of this name.
    pub fn named(name: TrackName) -> Self {
        match name {
            TrackName::Microphone => Self::Microphone,
            TrackName::Camera => Self::Camera,
            TrackName::Screen => Self::Screen,
            TrackName::ScreenAudio => Self::ScreenAudio,
        }
    }

    /// The slot in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Camera => "camera",
            Self::Microphone => "microphone",
            Self::Screen => "screen",
            Self::ScreenAudio => "screen audio",
        }
    }
}

/// One producer, as everybody else sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Track {
    /// The producer.
    pub producer: ProducerId,
    /// Paused, by its peer or a host.
    pub paused: bool,
    /// Paused by a host, and not resumed by its peer since.
    pub muted_by_host: bool,
}

/// All a peer sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tracks {
    /// Video of the camera.
    pub camera: Option<Track>,
    /// Audio of the microphone.
    pub microphone: Option<Track>,
    /// Video of the shared screen.
    pub screen: Option<Track>,
    /// Audio of the shared screen.
    pub screen_audio: Option<Track>,
}

impl Tracks {
    /// The place of `slot`.
    pub fn slot_mut(&mut self, slot: Slot) -> &mut Option<Track> {
        match slot {
            Slot::Camera => &mut self.camera,
            Slot::Microphone => &mut self.microphone,
            Slot::Screen => &mut self.screen,
            Slot::ScreenAudio => &mut self.screen_audio,
        }
    }

    /// Every track there is.
    pub fn iter(&self) -> impl Iterator<Item = Track> + use<> {
        [self.camera, self.microphone, self.screen, self.screen_audio].into_iter().flatten()
    }

    /// Whether the peer sends nothing.
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }
}
