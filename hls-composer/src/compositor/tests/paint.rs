//! What is painted when, and what is left alone.

use std::{collections::HashMap, sync::Arc};

use proptest::prelude::*;

use super::{
    super::{
        buffer::InputBuffer,
        layout::Layout,
        paint::Painter,
        palette::GROUND,
        scene::{Scene, Slate, Tile},
    },
    fixture::{FPS, inputs, painted, participant, plain, scene, showing},
};
use crate::ingest::{FRAME_BYTES, InputId, Media, WIDTH, media::Payload};

fn unnamed(participant: &str, input: &str) -> Tile {
    Tile { participant: participant.into(), input: Some(input.into()), ..Tile::default() }
}

#[test]
fn two_inputs_stand_side_by_side() {
    let scene = scene(Layout::Grid, vec![unnamed("A", "a"), unnamed("B", "b")]);
    let inputs =
        HashMap::from([("a".into(), showing(plain(100))), ("b".into(), showing(plain(200)))]);
    let picture = Painter::new(FPS).paint(&scene, &inputs, 0);
    let at = |x: usize, y: usize| picture[y * WIDTH + x];
    assert_eq!((at(64, 72), at(192, 72)), (100, 200));
    assert!(at(64, 10) < 40);
}

#[test]
fn a_participant_keeps_its_last_picture_while_a_new_input_has_none() {
    let inputs = HashMap::from([("a".into(), showing(plain(100)))]);
    let mut painter = Painter::new(FPS);
    painter.paint(&scene(Layout::Grid, vec![unnamed("A", "a")]), &inputs, 0);
    let picture = painter.paint(&scene(Layout::Grid, vec![unnamed("A", "b")]), &inputs, 1);
    assert_eq!(picture[72 * WIDTH + 128], 100);
}

#[test]
fn a_camera_that_is_off_shows_the_avatar_and_not_the_last_picture_nor_does_it_come_back_with_it() {
    let inputs = HashMap::from([("a".into(), showing(plain(100)))]);
    let mut painter = Painter::new(FPS);
    let on = unnamed("A", "a");
    let off = Tile { camera_off: true, ..on.clone() };
    painter.paint(&scene(Layout::Grid, vec![on.clone()]), &inputs, 0);
    let picture = painter.paint(&scene(Layout::Grid, vec![off]), &inputs, 1);
    assert_eq!(picture[10 * WIDTH + 10], GROUND.y);
    let picture = painter.paint(&scene(Layout::Grid, vec![on]), &HashMap::new(), 2);
    assert_eq!(picture[10 * WIDTH + 10], GROUND.y);
}

#[test]
fn a_participant_without_any_input_shows_the_avatar() {
    let inputs = HashMap::from([("a".into(), showing(plain(100)))]);
    let mut painter = Painter::new(FPS);
    painter.paint(&scene(Layout::Grid, vec![unnamed("A", "a")]), &inputs, 0);
    let none = Tile { input: None, ..unnamed("A", "a") };
    let picture = painter.paint(&scene(Layout::Grid, vec![none]), &inputs, 1);
    assert_eq!(picture[10 * WIDTH + 10], GROUND.y);
}

#[test]
fn a_layout_is_switched_with_the_next_picture_and_leaves_nothing_behind() {
    let tiles: Vec<Tile> = (0..9).map(participant).collect();
    let inputs = inputs(&scene(Layout::Grid, tiles.clone()));
    let mut painter = Painter::new(FPS);
    let layouts = [Layout::Grid, Layout::Speaker, Layout::Spotlight, Layout::ScreenShare];
    for (tick, layout) in layouts.iter().cycle().take(9).enumerate() {
        let scene = scene(*layout, tiles[..9 - tick].to_vec());
        let switched = painter.paint(&scene, &inputs, tick as u64);
        assert_eq!(switched, painted(&scene, tick as u64), "{layout:?}");
    }
}

#[test]
fn a_new_frame_is_painted_and_only_in_its_tile() {
    let scene = scene(Layout::Grid, vec![unnamed("A", "a"), unnamed("B", "b")]);
    let mut inputs =
        HashMap::from([("a".into(), showing(plain(100))), ("b".into(), showing(plain(150)))]);
    let mut painter = Painter::new(FPS);
    let before = painter.paint(&scene, &inputs, 0);
    let now = tokio::time::Instant::now() + std::time::Duration::from_secs(1);
    let payload = Payload::Frame { index: 1, picture: plain(200) };
    let changed: &mut InputBuffer = inputs.get_mut("b").expect("an input");
    changed.take(Media { input: "b".into(), generation: 1, arrived: now, payload });
    changed.advance(now + std::time::Duration::from_secs(1));
    let after = painter.paint(&scene, &inputs, 1);
    let at = |picture: &[u8], x: usize| picture[72 * WIDTH + x];
    assert_eq!((at(&before, 64), at(&before, 192)), (100, 150));
    assert_eq!((at(&after, 64), at(&after, 192)), (100, 200));
}

#[test]
fn nothing_is_painted_where_nothing_changed() {
    let tiles: Vec<Tile> = (0..9).map(participant).collect();
    let scene = scene(Layout::Grid, tiles);
    let inputs = inputs(&scene);
    let mut painter = Painter::new(FPS);
    let first = painter.paint(&scene, &inputs, 0);
    let again = painter.paint(&scene, &inputs, 1);
    assert!(std::ptr::eq(first.as_ptr(), again.as_ptr()));
}

#[test]
fn a_slate_moves_but_stays_the_same_picture_for_half_a_second() {
    let empty = Arc::new(Scene { slate: Slate::NobodyHere, ..Scene::default() });
    let mut painter = Painter::new(FPS);
    let pictures: Vec<_> =
        (0..90).map(|tick| painter.paint(&empty, &HashMap::new(), tick)).collect();
    let changes = pictures.windows(2).filter(|pair| pair[0] != pair[1]).count();
    assert_eq!(changes, 9, "in six seconds");
    assert_eq!(pictures[0], pictures[27]);
}

#[test]
fn an_empty_room_is_said_to_start_and_then_to_be_empty() {
    let starting = Arc::new(Scene::default());
    let nobody = Arc::new(Scene { slate: Slate::NobodyHere, ..Scene::default() });
    assert_ne!(painted(&starting, 0), painted(&nobody, 0));
    let later = u64::from(FPS) * 9;
    assert_eq!(painted(&starting, later), painted(&nobody, later));
}

/// Any state of one tile.
fn any_tile() -> impl Strategy<Value = Tile> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    let label =
        prop_oneof![".{0,90}", "\\PC{0,20}", Just("W".repeat(10_000)), "[\u{590}-\u{6ff} ]{0,30}"];
    (0..30_usize, label, flags, any::<bool>()).prop_map(|(n, label, flags, fed)| {
        let (camera_off, muted, speaking, reconnecting, screen) = flags;
        let input: Option<InputId> = fed.then(|| format!("peer-{n}").as_str().into());
        let participant = format!("peer-{n}");
        Tile { participant, label, input, camera_off, muted, speaking, reconnecting, screen }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// The same participant twice, labels of any kind: whatever the wire can carry.
    #[test]
    fn every_scene_can_be_painted(
        tiles in prop::collection::vec(any_tile(), 0..14),
        layout in prop::sample::select(
            &[Layout::Grid, Layout::Speaker, Layout::Spotlight, Layout::ScreenShare][..]
        ),
    ) {
        let scene = scene(layout, tiles);
        let mut painter = Painter::new(FPS);
        let inputs = inputs(&scene);
        let first = painter.paint(&scene, &inputs, 0);
        prop_assert_eq!(first.len(), FRAME_BYTES);
        prop_assert!(first.iter().all(|value| (1..=254).contains(value)));
        prop_assert_eq!(&first, &painter.paint(&scene, &inputs, 1));
    }
}
