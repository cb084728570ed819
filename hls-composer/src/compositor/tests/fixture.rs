//! Made-up rooms: participants with pictures that show at once when something is stretched or cut.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;
use tokio::time::Instant;

use super::super::{
    buffer::InputBuffer,
    canvas::Canvas,
    layout::{CANVAS, Layout, Rect},
    mask::Mask,
    paint::Painter,
    palette::Colour,
    scene::{Scene, Slate, Tile},
};
use crate::ingest::{InputId, Media, media::Payload};

pub const FPS: u32 = 15;

/// A face before a wall: a perfect circle, and a line along each edge of the picture.
pub fn camera(n: usize) -> Bytes {
    const WALLS: [u32; 9] =
        [0x8fa3b8, 0xb8a08a, 0x7d9a84, 0xa88fa5, 0xc2b59b, 0x6f8796, 0x9b8577, 0x88a0a8, 0xb09a9a];
    const SKINS: [u32; 3] = [0xe8b998, 0x9c6b4a, 0xd09a72];
    const SHIRTS: [u32; 4] = [0x2f4a6d, 0x6d2f3a, 0x39573d, 0x4a4a55];
    let mut canvas = Canvas::filled(Colour::rgb(WALLS[n % 9]));
    let window = Rect { x: 24 + n % 3 * 60, y: 16, width: 48, height: 40 };
    canvas.fill(window, Colour::rgb(0xdfe9f2));
    canvas.sides(CANVAS, 0, Colour::rgb(0xfff3a0));
    canvas.stamp(78, 100, &Mask::disc(100), Colour::rgb(SHIRTS[n % 4]));
    canvas.stamp(98, 36, &Mask::disc(60), Colour::rgb(0x3a2a20));
    canvas.stamp(100, 42, &Mask::disc(56), Colour::rgb(SKINS[n % 3]));
    for x in [116, 134] {
        canvas.stamp(x, 64, &Mask::disc(6), Colour::rgb(0x20242a));
    }
    canvas.picture()
}

/// A page of text with a heading.
pub fn screen() -> Bytes {
    let mut canvas = Canvas::filled(Colour::rgb(0xf6f7f9));
    canvas.fill(Rect { height: 16, ..CANVAS }, Colour::rgb(0x24508a));
    canvas.fill(Rect { x: 0, y: 16, width: 48, height: 128 }, Colour::rgb(0xe3e7ee));
    for line in 0..14 {
        let width = 120 + line * 37 % 70;
        canvas.fill(Rect { x: 58, y: 26 + 8 * line, width, height: 4 }, Colour::rgb(0x4a5160));
    }
    canvas.sides(CANVAS, 0, Colour::rgb(0xd02020));
    canvas.picture()
}

/// A picture of one brightness.
pub fn plain(value: u8) -> Bytes {
    Bytes::from(vec![value; crate::ingest::FRAME_BYTES])
}

/// Participant `n` of a made-up room, with its input of the same name.
pub fn participant(n: usize) -> Tile {
    const NAMES: [&str; 9] = [
        "Ada Lovelace",
        "Grace Hopper",
        "Alan",
        "Katherine Johnson",
        "Linus",
        "Margaret Hamilton",
        "Tim",
        "Radia Perlman",
        "Edsger W. Dijkstra",
    ];
    let id = format!("peer-{n}");
    Tile {
        label: NAMES[n % 9].into(),
        input: Some(Arc::from(id.as_str())),
        participant: id,
        ..Tile::default()
    }
}

pub fn scene(layout: Layout, tiles: Vec<Tile>) -> Arc<Scene> {
    let inputs = tiles.iter().filter_map(|tile| tile.input.clone()).collect();
    let slate = Slate::Starting;
    Arc::new(Scene { layout, featured: String::new(), tiles, slate, inputs })
}

/// An input that shows `picture`.
pub fn showing(picture: Bytes) -> InputBuffer {
    let now = Instant::now();
    let mut buffer = InputBuffer::new(FPS);
    buffer.take(Media {
        input: "x".into(),
        generation: 1,
        arrived: now,
        payload: Payload::Frame { index: 0, picture },
    });
    buffer.advance(now);
    buffer
}

/// An input for every tile that names one.
pub fn inputs(scene: &Scene) -> HashMap<InputId, InputBuffer> {
    let tiles = scene.tiles.iter().enumerate();
    let named = tiles.filter_map(|(n, tile)| Some((n, tile, tile.input.clone()?)));
    named
        .map(|(n, tile, input)| {
            let n = tile.participant.trim_start_matches("peer-").parse().unwrap_or(n);
            (input, showing(if tile.screen { screen() } else { camera(n) }))
        })
        .collect()
}

/// The scene as a new painter paints it.
pub fn painted(scene: &Arc<Scene>, tick: u64) -> Bytes {
    Painter::new(FPS).paint(scene, &inputs(scene), tick)
}
