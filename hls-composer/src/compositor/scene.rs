//! What the picture shows: tiles in order, each with the input it takes its media from.

pub use super::layout::Layout;
use crate::ingest::InputId;

/// The picture as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// How tiles are arranged.
    pub layout: Layout,
    /// The participant shown large, in layouts that have one; unknown or empty: the first.
    pub featured: String,
    /// In reading order.
    pub tiles: Vec<Tile>,
    /// What stands in for tiles when there are none.
    pub slate: Slate,
    /// Every live input, so that one that is on its way in is buffered already.
    pub inputs: Vec<InputId>,
}

/// One participant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tile {
    /// Who.
    pub participant: String,
    /// The name shown.
    pub label: String,
    /// Where picture and sound come from. None: only the avatar.
    pub input: Option<InputId>,
    /// The avatar is shown instead of the picture.
    pub camera_off: bool,
    /// The microphone is muted.
    pub muted: bool,
    /// It speaks.
    pub speaking: bool,
    /// Nothing new is to be expected for now: the last picture stays, marked.
    pub reconnecting: bool,
    /// A shared screen: shown whole, and never framed as speaking.
    pub screen: bool,
}

/// A whole picture of words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slate {
    /// Nothing arrived yet.
    #[default]
    Starting,
    /// The SFU is away.
    Reconnecting,
    /// The room is empty.
    NobodyHere,
}

impl Scene {
    /// Whether media of this input is wanted.
    pub fn names(&self, input: &InputId) -> bool {
        self.inputs.contains(input)
    }

    /// Which tile is featured, counted from 0.
    pub fn featured_tile(&self) -> usize {
        let found = self.tiles.iter().position(|tile| tile.participant == self.featured);
        found.unwrap_or(0)
    }
}
