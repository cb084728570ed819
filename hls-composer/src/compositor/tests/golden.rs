//! Golden pictures: every layout with one to nine participants, and everything a tile can look like. They lie in
//! `src/compositor/golden` as PNG files.
//!
//! `GOLDEN_UPDATE=1 cargo test --release -p hls-composer --lib golden` accepts what is painted now;
//! `CONTACT_SHEET=sheet.png` with the same command writes all of them onto one sheet, to be looked at.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;

use super::{
    super::{
        layout::Layout,
        scene::{Scene, Slate, Tile},
    },
    fixture::{FPS, painted, participant, scene},
    png,
};
use crate::ingest::{HEIGHT, WIDTH};

/// Letters are rasterised in floating point, which another processor may round differently; everything else is exact.
/// Of 255, per colour of a pixel.
const TOLERANCE: u8 = 3;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src/compositor/golden")
}

/// Says in which way `picture` is not the golden one of this name.
fn difference(name: &str, picture: &Bytes) -> Option<String> {
    let path = directory().join(format!("{name}.png"));
    let painted = png::rgb(picture);
    if std::env::var_os("GOLDEN_UPDATE").is_some() {
        png::write(&path, WIDTH, &painted);
        return None;
    }
    let Some(golden) = png::read(&path) else {
        return Some(format!("{name}: there is no golden picture"));
    };
    let worst = painted.iter().zip(&golden).map(|(a, b)| a.abs_diff(*b)).max();
    let far = painted.iter().zip(&golden).filter(|(a, b)| a.abs_diff(**b) > TOLERANCE).count();
    (golden.len() != painted.len() || far > 0)
        .then(|| format!("{name}: {far} values differ, by up to {worst:?}"))
}

fn people(count: usize) -> Vec<Tile> {
    (0..count).map(participant).collect()
}

/// People with everything that people do: the second speaks, the third is muted, the fourth has no camera, the fifth
/// neither, the sixth is away for a moment.
fn busy(count: usize) -> Vec<Tile> {
    let mut tiles = people(count);
    for (n, tile) in tiles.iter_mut().enumerate() {
        tile.speaking = n == 1;
        tile.muted = n == 2 || n == 4;
        tile.camera_off = n == 3 || n == 4;
        tile.reconnecting = n == 5;
    }
    tiles
}

fn one(change: impl FnOnce(&mut Tile)) -> Arc<Scene> {
    let mut tile = participant(0);
    change(&mut tile);
    scene(Layout::Grid, vec![tile])
}

fn slate(slate: Slate) -> Arc<Scene> {
    Arc::new(Scene { slate, ..Scene::default() })
}

fn labelled(labels: &[&str], camera_off: bool) -> Arc<Scene> {
    let tiles = labels.iter().enumerate().map(|(n, label)| Tile {
        label: (*label).into(),
        camera_off,
        ..participant(n)
    });
    scene(Layout::Grid, tiles.collect())
}

fn with_screen(layout: Layout, people: Vec<Tile>) -> Arc<Scene> {
    let shared = Tile {
        participant: "peer-0-screen".into(),
        label: "Ada's screen".into(),
        input: Some("screen".into()),
        screen: true,
        ..Tile::default()
    };
    let tiles: Vec<Tile> = std::iter::once(shared).chain(people).collect();
    let featured = Scene { featured: "peer-0-screen".into(), ..(*scene(layout, tiles)).clone() };
    Arc::new(featured)
}

/// Every golden picture: its name, its scene, and its tick.
fn all() -> Vec<(String, Arc<Scene>, u64)> {
    let mut all = Vec::new();
    let mut push = |name: &str, scene: Arc<Scene>| all.push((name.to_owned(), scene, 0));
    for count in 1..=9 {
        push(&format!("grid-{count}"), scene(Layout::Grid, busy(count)));
    }
    for count in 2..=9 {
        push(&format!("speaker-{count}"), scene(Layout::Speaker, busy(count)));
        push(&format!("screen-share-{count}"), with_screen(Layout::ScreenShare, busy(count - 1)));
    }
    push("spotlight", scene(Layout::Spotlight, people(4)));
    push("screen-share-10", with_screen(Layout::ScreenShare, busy(9)));
    let mut soon = (*with_screen(Layout::ScreenShare, people(3))).clone();
    soon.tiles[0].input = None;
    push("screen-not-seen-yet", Arc::new(soon));
    push("screen-in-a-grid", with_screen(Layout::Grid, busy(3)));
    push("one-camera-off", one(|tile| tile.camera_off = true));
    push("one-muted", one(|tile| tile.muted = true));
    push("one-reconnecting", one(|tile| tile.reconnecting = true));
    push("one-unnamed", one(|tile| tile.label = String::new()));
    push(
        "nine-avatars",
        scene(
            Layout::Grid,
            people(9).into_iter().map(|t| Tile { camera_off: true, ..t }).collect(),
        ),
    );
    let odd = [
        "🦀🦀",
        "李小龍",
        "",
        "שלום עולם",
        "A\u{301}\u{301}e\u{308}",
        "\u{202e}evil\0\n\n name",
        "W W",
    ];
    let long = "W".repeat(10_000);
    let odd: Vec<&str> = odd.into_iter().chain([long.as_str(), "Ωμέγα Жук"]).collect();
    push("odd-names", labelled(&odd, false));
    push("odd-names-as-avatars", labelled(&odd, true));
    push("slate-starting", slate(Slate::Starting));
    push("slate-reconnecting", slate(Slate::Reconnecting));
    push("slate-nobody-here", slate(Slate::NobodyHere));
    all.push(("slate-nobody-here-later".into(), slate(Slate::NobodyHere), u64::from(FPS)));
    all
}

#[test]
fn golden_pictures_are_painted_as_they_were_accepted() {
    let pictures: Vec<(String, Bytes)> =
        all().into_iter().map(|(name, scene, tick)| (name, painted(&scene, tick))).collect();
    if let Some(path) = std::env::var_os("CONTACT_SHEET") {
        sheet(Path::new(&path), &pictures);
    }
    let differences: Vec<String> =
        pictures.iter().filter_map(|(name, picture)| difference(name, picture)).collect();
    assert!(
        differences.is_empty(),
        "{differences:#?}\nGOLDEN_UPDATE=1 accepts what is painted now"
    );
}

#[test]
fn every_golden_picture_is_still_painted() {
    let names: Vec<String> = all().into_iter().map(|(name, ..)| format!("{name}.png")).collect();
    for file in std::fs::read_dir(directory()).expect("the golden pictures") {
        let name = file.expect("a file").file_name().into_string().expect("a name");
        assert!(names.contains(&name), "{name} is a golden picture of nothing");
    }
}

/// A spotlight looks the same however many are in the room.
#[test]
fn a_spotlight_is_one_picture() {
    let alone = painted(&scene(Layout::Spotlight, people(1)), 0);
    for count in 2..=9 {
        assert_eq!(painted(&scene(Layout::Spotlight, people(count)), 0), alone, "{count}");
    }
}

/// All pictures on one, four in a row.
fn sheet(path: &Path, pictures: &[(String, Bytes)]) {
    const COLUMNS: usize = 4;
    const GAP: usize = 8;
    let (cell_width, cell_height) = (WIDTH + GAP, HEIGHT + GAP);
    let width = COLUMNS * cell_width;
    let mut rgb = vec![90; width * pictures.len().div_ceil(COLUMNS) * cell_height * 3];
    for (n, (_, picture)) in pictures.iter().enumerate() {
        let (left, top) = (n % COLUMNS * cell_width, n / COLUMNS * cell_height);
        for (row, line) in png::rgb(picture).chunks(WIDTH * 3).enumerate() {
            rgb[((top + row) * width + left) * 3..][..WIDTH * 3].copy_from_slice(line);
        }
    }
    png::write(path, width, &rgb);
}
