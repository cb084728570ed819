//! From the SFU's scene to the compositor's: which input each tile takes its media from.

use std::{collections::BTreeMap, sync::Arc};

use super::Phase;
use crate::{
    compositor::scene::{Layout, Scene, Slate, Tile},
    ingest::{InputId, State},
};

/// The scene as the SFU wants it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SceneUpdate {
    /// Grows; older ones are ignored.
    pub version: u64,
    /// How tiles are arranged.
    pub layout: Layout,
    /// The participant shown large, in layouts that have one.
    pub featured: String,
    /// In reading order.
    pub tiles: Vec<SceneTile>,
}

/// One participant of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SceneTile {
    /// Who.
    pub participant: String,
    /// The name shown.
    pub label: String,
    /// Every live input, the one to show first.
    pub input_ids: Vec<String>,
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

/// What the compositor shows. A tile takes the first of its inputs that has media, so an old input stays until the new
/// one is active. An input that was given up holds its last picture, marked as what it is.
pub fn resolve(update: &SceneUpdate, inputs: &BTreeMap<String, State>, phase: Phase) -> Scene {
    let has_media = |id: &&String| matches!(inputs.get(*id), Some(State::Active | State::Silent));
    let tiles = update.tiles.iter().map(|tile| {
        let chosen = tile.input_ids.iter().find(has_media).or(tile.input_ids.first());
        let given_up = chosen.is_some_and(|id| matches!(inputs.get(id), Some(State::Failed(_))));
        Tile {
            participant: tile.participant.clone(),
            label: tile.label.clone(),
            input: chosen.map(|id| Arc::from(id.as_str())),
            camera_off: tile.camera_off,
            muted: tile.muted,
            speaking: tile.speaking,
            reconnecting: tile.reconnecting || given_up,
            screen: tile.screen,
        }
    });
    let named: Vec<InputId> = update
        .tiles
        .iter()
        .flat_map(|tile| &tile.input_ids)
        .map(|id| Arc::from(id.as_str()))
        .collect();
    let slate = match phase {
        Phase::Orphaned => Slate::Reconnecting,
        _ => Slate::Starting,
    };
    let orphaned = phase == Phase::Orphaned;
    Scene {
        layout: update.layout,
        featured: update.featured.clone(),
        // Nobody's picture moves while the SFU is away: better to say so than to show it frozen.
        tiles: if orphaned { vec![] } else { tiles.collect() },
        slate,
        inputs: named,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(inputs: &[&str]) -> SceneUpdate {
        let input_ids = inputs.iter().map(ToString::to_string).collect();
        SceneUpdate {
            version: 1,
            tiles: vec![SceneTile { participant: "A".into(), input_ids, ..SceneTile::default() }],
            ..SceneUpdate::default()
        }
    }

    fn chosen(states: &[(&str, State)]) -> Option<String> {
        let states = states.iter().map(|(id, state)| (id.to_string(), state.clone())).collect();
        let scene = resolve(&update(&["new", "old"]), &states, Phase::Live);
        scene.tiles[0].input.as_ref().map(ToString::to_string)
    }

    #[test]
    fn the_old_input_stays_until_the_new_one_is_active() {
        let (new, old) = ("new", "old");
        assert_eq!(chosen(&[(new, State::Listening), (old, State::Active)]).as_deref(), Some(old));
        assert_eq!(chosen(&[(new, State::Active), (old, State::Active)]).as_deref(), Some(new));
        assert_eq!(chosen(&[(new, State::Resumed)]).as_deref(), Some(new));
    }

    #[test]
    fn a_silent_input_is_no_reason_to_switch() {
        assert_eq!(
            chosen(&[("new", State::Resumed), ("old", State::Silent)]).as_deref(),
            Some("old")
        );
    }

    #[test]
    fn an_input_that_was_given_up_is_marked() {
        let marked = |state: State| {
            let states = BTreeMap::from([("a".to_owned(), state)]);
            resolve(&update(&["a"]), &states, Phase::Live).tiles[0].reconnecting
        };
        assert!(marked(State::Failed("no more".into())));
        assert!(!marked(State::Silent) && !marked(State::StartingUp));
    }

    #[test]
    fn the_layout_reaches_the_picture() {
        let wanted =
            SceneUpdate { layout: Layout::ScreenShare, featured: "A".into(), ..update(&["a"]) };
        let scene = resolve(&wanted, &BTreeMap::new(), Phase::Live);
        assert_eq!((scene.layout, scene.featured.as_str()), (Layout::ScreenShare, "A"));
    }

    #[test]
    fn without_an_sfu_the_picture_says_so() {
        let scene = resolve(&update(&["a"]), &BTreeMap::new(), Phase::Orphaned);
        assert_eq!((scene.tiles.len(), scene.slate), (0, Slate::Reconnecting));
    }
}
