//! What the picture shows: tiles in order, each with the input it takes its media from.

use crate::ingest::InputId;

/// The picture as it should be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// In reading order.
    pub tiles: Vec<Tile>,
    /// What stands in for tiles when there are none.
    pub slate: Slate,
    /// Every live input, so that one that is on its way in is buffered already.
    pub inputs: Vec<InputId>,
}

/// One participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tile {
    /// Who.
    pub participant: String,
    /// The name shown.
    pub label: String,
    /// Where picture and sound come from.
    pub input: Option<InputId>,
    /// The avatar is shown instead of the picture.
    pub camera_off: bool,
    /// The microphone is muted.
    pub muted: bool,
    /// It speaks.
    pub speaking: bool,
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

impl Slate {
    /// The words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Starting => "Starting…",
            Self::Reconnecting => "Reconnecting…",
            Self::NobodyHere => "Nobody is here",
        }
    }
}

impl Scene {
    /// Whether media of this input is wanted.
    pub fn names(&self, input: &InputId) -> bool {
        self.inputs.contains(input)
    }
}
