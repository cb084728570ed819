//! How the tiles are arranged: pure policy, from what the room wants and who spoke last.

use super::desired::{DesiredBroadcast, DesiredInput};
use crate::{composer_client::Layout, signaling::messages::LayoutName};

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
        let present = |who: &&str| desired.inputs.iter().any(|input| input.participant == **who);
        let pinned = desired.pinned.as_deref().filter(present);
        let first = || desired.inputs.first().map(|input| input.participant.as_str());
        let focus = || pinned.or(last_speaker.filter(present)).or_else(first);
        let screen = desired.inputs.iter().find(|input| input.screen);
        let (layout, featured) = match (desired.layout, pinned, screen) {
            (LayoutName::Grid, ..) => (Layout::Grid, None),
            (LayoutName::Speaker, ..) => (Layout::Speaker, focus()),
            (LayoutName::Spotlight, ..) => (Layout::Spotlight, focus()),
            // A pin wins over a screen, and on a screen it chooses among several.
            (LayoutName::Auto, Some(pinned), _) => {
                let is_screen = |input: &DesiredInput| input.screen && input.participant == pinned;
                let shares = desired.inputs.iter().any(is_screen);
                (if shares { Layout::ScreenShare } else { Layout::Speaker }, Some(pinned))
            }
            (LayoutName::Auto, None, Some(screen)) => {
                (Layout::ScreenShare, Some(screen.participant.as_str()))
            }
            (LayoutName::Auto, None, None) => (Layout::Grid, None),
        };
        Self { layout, featured: featured.map(Into::into) }
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
    use super::*;

    /// Peers; `*` speaks, `!` is pinned, a name that ends in `-screen` is one.
    fn room(layout: LayoutName, peers: &[&str]) -> DesiredBroadcast {
        let name = |peer: &str| peer.trim_matches(['*', '!']).to_owned();
        let inputs = peers.iter().map(|peer| DesiredInput {
            participant: name(peer),
            speaking: peer.starts_with('*'),
            screen: peer.ends_with("-screen"),
            ..DesiredInput::default()
        });
        let pinned = peers.iter().find(|peer| peer.starts_with('!')).map(|peer| name(peer));
        DesiredBroadcast { inputs: inputs.collect(), layout, pinned, over: false }
    }

    fn arranged(layout: LayoutName, peers: &[&str]) -> (Layout, Option<String>) {
        let room = room(layout, peers);
        let Arrangement { layout, featured } =
            Arrangement::of(&room, last_speaker(None, &room).as_deref());
        (layout, featured)
    }

    fn shows(layout: Layout, featured: &str) -> (Layout, Option<String>) {
        (layout, Some(featured.into()))
    }

    #[test]
    fn without_a_choice_a_shared_screen_wins_and_otherwise_it_is_the_grid() {
        assert_eq!(arranged(LayoutName::Auto, &["a", "*b"]), (Layout::Grid, None));
        assert_eq!(arranged(LayoutName::Auto, &[]), (Layout::Grid, None));
        assert_eq!(
            arranged(LayoutName::Auto, &["a", "b-screen", "b", "c-screen"]),
            shows(Layout::ScreenShare, "b-screen")
        );
    }

    #[test]
    fn a_choice_wins_over_a_screen() {
        assert_eq!(arranged(LayoutName::Grid, &["a-screen", "!a"]), (Layout::Grid, None));
        assert_eq!(
            arranged(LayoutName::Spotlight, &["a-screen", "a", "!b"]),
            shows(Layout::Spotlight, "b")
        );
    }

    #[test]
    fn a_pin_is_a_choice() {
        assert_eq!(arranged(LayoutName::Auto, &["a", "*b", "!c"]), shows(Layout::Speaker, "c"));
        assert_eq!(
            arranged(LayoutName::Auto, &["a-screen", "a", "!b-screen"]),
            shows(Layout::ScreenShare, "b-screen")
        );
        assert_eq!(arranged(LayoutName::Speaker, &["*a", "!b"]), shows(Layout::Speaker, "b"));
    }

    #[test]
    fn a_pin_on_somebody_who_left_is_none() {
        let mut room = room(LayoutName::Auto, &["a", "b"]);
        room.pinned = Some("gone".into());
        assert_eq!(Arrangement::of(&room, None), Arrangement::default());
        room.layout = LayoutName::Spotlight;
        assert_eq!(Arrangement::of(&room, Some("b")).featured.as_deref(), Some("b"));
    }

    #[test]
    fn the_speaker_stays_featured_until_somebody_else_speaks_or_it_leaves() {
        let mut last = None;
        let mut featured = |peers: &[&str]| {
            let room = room(LayoutName::Speaker, peers);
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
