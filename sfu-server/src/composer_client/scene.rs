//! The picture, as the composer is told.

use proto::v1;

/// The whole picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// How tiles are arranged.
    pub layout: Layout,
    /// The participant shown large, in layouts that have one; none: the first.
    pub featured: Option<String>,
    /// In reading order.
    pub tiles: Vec<Tile>,
}

/// How tiles are arranged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layout {
    /// Equal tiles.
    #[default]
    Grid,
    /// The featured tile large, the others in a strip.
    Speaker,
    /// The featured tile alone.
    Spotlight,
    /// The featured tile, a shared screen, as large as can be, the others in a narrow strip.
    ScreenShare,
}

/// One participant of the picture.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tile {
    /// Who.
    pub participant: String,
    /// The name shown.
    pub label: String,
    /// Live inputs, the one to show first.
    pub inputs: Vec<String>,
    /// The avatar is shown instead of the picture.
    pub camera_off: bool,
    /// The microphone is muted.
    pub muted: bool,
    /// It speaks.
    pub speaking: bool,
    /// Its connection is lost and may come back.
    pub reconnecting: bool,
    /// It is a shared screen.
    pub screen: bool,
}

impl Scene {
    pub(super) fn to_wire(
        &self,
        room_id: String,
        epoch: u64,
        version: u64,
    ) -> v1::UpdateSceneRequest {
        let layout = match self.layout {
            Layout::Grid => v1::Layout::Grid,
            Layout::Speaker => v1::Layout::Speaker,
            Layout::Spotlight => v1::Layout::Spotlight,
            Layout::ScreenShare => v1::Layout::ScreenShare,
        };
        let tiles = self.tiles.iter().cloned().map(|tile| v1::Tile {
            participant_id: tile.participant,
            label: tile.label,
            input_ids: tile.inputs,
            camera_off: tile.camera_off,
            muted: tile.muted,
            speaking: tile.speaking,
            reconnecting: tile.reconnecting,
            screen: tile.screen,
        });
        v1::UpdateSceneRequest {
            room_id,
            epoch,
            version,
            layout: layout.into(),
            featured: self.featured.clone().unwrap_or_default(),
            tiles: tiles.collect(),
        }
    }
}
