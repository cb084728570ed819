//! How the tiles are arranged: pure policy, from what the room wants and who spoke last.

use super::desired::{DesiredBroadcast, LayoutChoice};
use crate::composer_client::Layout;

/// A layout, and whom it shows large.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrangement {
    /// How tiles are arranged.
    pub layout: Layout,
    /// The participant shown large; none in a grid.
    pub featured: Option<String>,
}

impl Arrangement {
    /// What `desired` asks for. `last_speaker` may have left.
    pub fn of(desired: &DesiredBroadcast, last_speaker: Option<&str>) -> Self {
        let present = |who: &str| desired.inputs.iter().any(|input| input.participant == who);
        match &desired.layout {
            LayoutChoice::Grid => Self::default(),
            LayoutChoice::Speaker => {
                let first = desired.inputs.first().map(|input| input.participant.as_str());
                let featured = last_speaker.filter(|who| present(who)).or(first);
                Self { layout: Layout::Speaker, featured: featured.map(Into::into) }
            }
            LayoutChoice::Spotlight(peer) if present(peer) => {
                Self { layout: Layout::Spotlight, featured: Some(peer.clone()) }
            }
            // A spotlight on nobody is none.
            LayoutChoice::Auto | LayoutChoice::Spotlight(_) => {
                let screen = desired.inputs.iter().find(|input| input.screen);
                screen.map_or_else(Self::default, |screen| Self {
                    layout: Layout::ScreenShare,
                    featured: Some(screen.participant.clone()),
                })
            }
        }
    }

    /// How high the tile of `participant` is on the composer's 256×144 canvas when it has `count` tiles; 0 when it is
    /// not seen. This mirrors the composer's layout: were it wrong, a tile would be less sharp, or dearer, than need be.
    pub fn tile_height(&self, count: usize, is_featured: bool) -> u32 {
        match (self.layout, count, is_featured) {
            (_, 0 | 1, _) | (Layout::Spotlight, _, true) => 144,
            (Layout::Spotlight, _, false) => 0,
            (Layout::Grid, 2..=4, _) => 70,
            (Layout::Grid, ..) => 46,
            (Layout::Speaker, 2..=8, true) => 108,
            (Layout::Speaker, 2..=8, false) => 34,
            (Layout::Speaker | Layout::ScreenShare, _, true) => 116,
            (Layout::Speaker | Layout::ScreenShare, _, false) => 26,
        }
    }
}

/// Who spoke last: somebody falling silent changes nothing.
pub fn last_speaker(before: Option<String>, desired: &DesiredBroadcast) -> Option<String> {
    let speaking = desired.inputs.iter().find(|input| input.speaking);
    speaking.map(|input| input.participant.clone()).or(before)
}

#[cfg(test)]
mod tests {
    use super::{super::desired::DesiredInput, *};

    /// Peers; `*` speaks, a name that ends in `-screen` is one.
    fn room(layout: LayoutChoice, peers: &[&str]) -> DesiredBroadcast {
        let inputs = peers.iter().map(|peer| DesiredInput {
            participant: peer.trim_matches('*').into(),
            speaking: peer.starts_with('*'),
            screen: peer.ends_with("-screen"),
            ..DesiredInput::default()
        });
        DesiredBroadcast { inputs: inputs.collect(), layout, over: false }
    }

    fn arranged(layout: LayoutChoice, peers: &[&str]) -> (Layout, Option<String>) {
        let room = room(layout, peers);
        let Arrangement { layout, featured } =
            Arrangement::of(&room, last_speaker(None, &room).as_deref());
        (layout, featured)
    }

    #[test]
    fn without_a_choice_a_shared_screen_wins_and_otherwise_it_is_the_grid() {
        assert_eq!(arranged(LayoutChoice::Auto, &["a", "*b"]), (Layout::Grid, None));
        assert_eq!(arranged(LayoutChoice::Auto, &[]), (Layout::Grid, None));
        assert_eq!(
            arranged(LayoutChoice::Auto, &["a", "b-screen", "b", "c-screen"]),
            (Layout::ScreenShare, Some("b-screen".into()))
        );
    }

    #[test]
    fn a_choice_wins_over_a_screen() {
        assert_eq!(arranged(LayoutChoice::Grid, &["a-screen", "a"]), (Layout::Grid, None));
        assert_eq!(
            arranged(LayoutChoice::Spotlight("b".into()), &["a-screen", "a", "b"]),
            (Layout::Spotlight, Some("b".into()))
        );
    }

    #[test]
    fn a_spotlight_on_somebody_who_left_is_no_choice() {
        assert_eq!(arranged(LayoutChoice::Spotlight("gone".into()), &["a"]), (Layout::Grid, None));
    }

    #[test]
    fn the_speaker_stays_featured_until_somebody_else_speaks_or_it_leaves() {
        let mut last = None;
        let mut featured = |peers: &[&str]| {
            let room = room(LayoutChoice::Speaker, peers);
            last = last_speaker(last.take(), &room);
            let arrangement = Arrangement::of(&room, last.as_deref());
            assert_eq!(arrangement.layout, Layout::Speaker);
            arrangement.featured
        };
        assert_eq!(featured(&[]), None);
        assert_eq!(featured(&["a", "b"]).as_deref(), Some("a"), "nobody has spoken yet");
        assert_eq!(featured(&["a", "*b"]).as_deref(), Some("b"));
        assert_eq!(featured(&["a", "b"]).as_deref(), Some("b"), "nobody speaks now");
        assert_eq!(featured(&["*a", "b"]).as_deref(), Some("a"));
        assert_eq!(featured(&["b"]).as_deref(), Some("b"), "it left");
        assert_eq!(featured(&["a", "b"]).as_deref(), Some("a"), "it is back, and spoke last");
    }

    #[test]
    fn heights_are_those_of_the_composers_layout() {
        let of = |layout| Arrangement { layout, featured: None };
        let heights = |layout, count| {
            let arrangement = of(layout);
            (arrangement.tile_height(count, true), arrangement.tile_height(count, false))
        };
        assert_eq!(heights(Layout::Grid, 1), (144, 144));
        assert_eq!(heights(Layout::Grid, 4), (70, 70));
        assert_eq!(heights(Layout::Grid, 9), (46, 46));
        assert_eq!(heights(Layout::Speaker, 8), (108, 34));
        assert_eq!(heights(Layout::Speaker, 9), (116, 26));
        assert_eq!(heights(Layout::ScreenShare, 5), (116, 26));
        assert_eq!(heights(Layout::Spotlight, 5), (144, 0));
    }
}
