//! Draws a scene: every tile's frame on show, or its avatar, with its label.

use std::collections::HashMap;

use bytes::Bytes;
use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};

use super::{
    buffer::{InputBuffer, Shown},
    canvas::{BLACK, Canvas, Colour, MUTED, PLANES, SLATE, SPEAKING, WHITE},
    layout::{self, Rect},
    scene::{Scene, Slate, Tile},
    text::Words,
};
use crate::ingest::{HEIGHT, InputId, WIDTH};

/// Pixels of a label's letters.
const LABEL: usize = 11;
/// How long "starting" is shown before an empty room is called empty, in seconds.
const STARTING: u64 = 3;

/// Draws pictures; keeps scaled tiles, so that an unchanged frame is scaled once.
pub struct Painter {
    fps: u32,
    resizer: Resizer,
    words: Words,
    scaled: HashMap<String, Scaled>,
    scratch: Vec<u8>,
}

/// A participant's last picture in the size of its tile.
struct Scaled {
    input: Option<InputId>,
    serial: u64,
    source: Bytes,
    size: (usize, usize),
    tile: Vec<u8>,
}

impl Painter {
    /// Nothing drawn yet.
    pub fn new(fps: u32) -> Self {
        Self {
            fps,
            resizer: Resizer::new(),
            words: Words::new(),
            scaled: HashMap::new(),
            scratch: vec![],
        }
    }

    /// One I420 picture of `scene`.
    pub fn paint(
        &mut self,
        scene: &Scene,
        inputs: &HashMap<InputId, InputBuffer>,
        tick: u64,
    ) -> Bytes {
        self.scaled.retain(|participant, _| {
            scene.tiles.iter().any(|tile| tile.participant == *participant)
        });
        let places = layout::grid(scene.tiles.len());
        if places.is_empty() {
            return self.slate(scene.slate, tick);
        }
        let mut canvas = Canvas::filled(BLACK);
        for (tile, place) in scene.tiles.iter().zip(places) {
            let shown = tile
                .input
                .as_ref()
                .filter(|_| !tile.camera_off)
                .and_then(|id| Some((id, inputs.get(id)?.shown()?)));
            if !self.picture(&mut canvas, tile, place, shown) {
                self.avatar(&mut canvas, tile, place);
            }
            self.label(&mut canvas, tile, place);
            if tile.speaking && scene.tiles.len() > 1 {
                canvas.outline(place, SPEAKING);
            }
        }
        canvas.into_picture()
    }

    /// The frame on show; while a new input has none yet, the participant's last one.
    fn picture(
        &mut self,
        canvas: &mut Canvas,
        tile: &Tile,
        place: Rect,
        shown: Option<(&InputId, &Shown)>,
    ) -> bool {
        if tile.camera_off {
            self.scaled.remove(&tile.participant);
            return false;
        }
        let size = (place.width, place.height);
        let known = self.scaled.get(&tile.participant);
        let (input, serial, source) = match (shown, known) {
            (Some((id, shown)), _) => (Some(id.clone()), shown.serial, shown.picture.clone()),
            (None, Some(known)) => (known.input.clone(), known.serial, known.source.clone()),
            (None, None) => return false,
        };
        let fresh = known.is_some_and(|known| {
            known.size == size && known.serial == serial && known.input == input
        });
        if !fresh {
            let mut buffer =
                self.scaled.remove(&tile.participant).map_or_else(Vec::new, |old| old.tile);
            self.scale(&source, size, &mut buffer);
            let scaled = Scaled { input, serial, source, size, tile: buffer };
            self.scaled.insert(tile.participant.clone(), scaled);
        }
        match self.scaled.get(&tile.participant) {
            Some(scaled) => canvas.blit(place, &scaled.tile),
            None => return false,
        }
        true
    }

    fn scale(&mut self, source: &[u8], (width, height): (usize, usize), tile: &mut Vec<u8>) {
        tile.clear();
        if (width, height) == (WIDTH, HEIGHT) {
            tile.extend_from_slice(source);
            return;
        }
        let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
        for (plane, (start, from_width, from_height)) in PLANES.into_iter().enumerate() {
            let shift = usize::from(plane > 0);
            let (to_width, to_height) = (width >> shift, height >> shift);
            self.scratch.resize(to_width * to_height, 0);
            let resized = (|| {
                let from = ImageRef::new(
                    from_width as u32,
                    from_height as u32,
                    &source[start..][..from_width * from_height],
                    PixelType::U8,
                )
                .ok()?;
                let mut to = Image::from_slice_u8(
                    to_width as u32,
                    to_height as u32,
                    &mut self.scratch,
                    PixelType::U8,
                )
                .ok()?;
                self.resizer.resize(&from, &mut to, &options).ok()
            })();
            if resized.is_none() {
                // Sizes are ours and always fit; grey is better than no tile.
                self.scratch.fill(128);
            }
            tile.extend_from_slice(&self.scratch);
        }
    }

    fn avatar(&mut self, canvas: &mut Canvas, tile: &Tile, place: Rect) {
        canvas.fill(place, SLATE);
        let side = (place.height / 2) & !1;
        let badge = Rect {
            x: place.x + (((place.width - side) / 2) & !1),
            y: place.y + (((place.height - side) / 2) & !1),
            width: side,
            height: side,
        };
        canvas.fill(badge, colour_of(&tile.participant));
        let mask = self.words.render(&initials(&tile.label), side / 2, side);
        let (x, y) =
            (badge.x + (side - mask.width) / 2, badge.y + side.saturating_sub(mask.height) / 2);
        canvas.write(x, y, mask, WHITE);
    }

    fn label(&mut self, canvas: &mut Canvas, tile: &Tile, place: Rect) {
        if tile.label.is_empty() && !tile.muted {
            return;
        }
        let mark = if tile.muted { 8 } else { 0 };
        let mask = self.words.render(&tile.label, LABEL, place.width - 8 - mark);
        let height = (mask.height + 2) & !1;
        let ground = Rect {
            x: place.x,
            y: place.y + place.height - height,
            width: ((mask.width + mark + 6) & !1).min(place.width),
            height,
        };
        canvas.darken(ground);
        if tile.muted {
            let dot = Rect {
                x: ground.x + 2,
                y: ground.y + ((height / 2 - 3) & !1),
                width: 6,
                height: 6,
            };
            canvas.fill(dot, MUTED);
        }
        canvas.write(ground.x + 2 + mark, ground.y, mask, WHITE);
    }

    fn slate(&mut self, slate: Slate, tick: u64) -> Bytes {
        let slate = match slate {
            Slate::Starting if tick > STARTING * u64::from(self.fps) => Slate::NobodyHere,
            slate => slate,
        };
        let mut canvas = Canvas::filled(SLATE);
        let mask = self.words.render(slate.text(), 18, WIDTH - 16);
        canvas.write((WIDTH - mask.width) / 2, (HEIGHT - mask.height) / 2, mask, WHITE);
        canvas.into_picture()
    }
}

/// The first letters of the first and the last word.
fn initials(label: &str) -> String {
    let mut words = label.split_whitespace().filter_map(|word| word.chars().next());
    let first = words.next();
    let text: String = [first, words.next_back()].into_iter().flatten().collect();
    if text.is_empty() { "?".into() } else { text.to_uppercase() }
}

/// A participant's colour: stable, dark enough for white letters.
fn colour_of(participant: &str) -> Colour {
    // FNV-1a, which unlike the standard hasher stays the same from run to run.
    let hash = participant.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    let angle = (hash % 360) as f32 * std::f32::consts::PI / 180.0;
    Colour { y: 90, u: (128.0 + 50.0 * angle.cos()) as u8, v: (128.0 + 50.0 * angle.sin()) as u8 }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::time::Instant;

    use super::*;
    use crate::ingest::{FRAME_BYTES, Media, media::Payload};

    fn tile(participant: &str, input: Option<&str>) -> Tile {
        Tile {
            participant: participant.into(),
            label: String::new(),
            input: input.map(Arc::from),
            camera_off: false,
            muted: false,
            speaking: false,
        }
    }

    fn scene(tiles: Vec<Tile>) -> Scene {
        let inputs = tiles.iter().filter_map(|tile| tile.input.clone()).collect();
        Scene { tiles, slate: Slate::Starting, inputs }
    }

    fn showing(value: u8) -> InputBuffer {
        let now = Instant::now();
        let mut buffer = InputBuffer::new(15);
        let picture = Bytes::from(vec![value; FRAME_BYTES]);
        buffer.take(Media {
            input: "x".into(),
            generation: 1,
            arrived: now,
            payload: Payload::Frame { index: 0, picture },
        });
        buffer.advance(now);
        buffer
    }

    #[test]
    fn two_inputs_stand_side_by_side() {
        let inputs = HashMap::from([("a".into(), showing(100)), ("b".into(), showing(200))]);
        let picture = Painter::new(15).paint(
            &scene(vec![tile("A", Some("a")), tile("B", Some("b"))]),
            &inputs,
            0,
        );
        assert_eq!(picture.len(), FRAME_BYTES);
        let at = |x: usize, y: usize| picture[y * WIDTH + x];
        assert_eq!((at(64, 72), at(192, 72), at(64, 10)), (100, 200, 16));
    }

    #[test]
    fn a_participant_keeps_its_last_picture_while_a_new_input_has_none() {
        let inputs = HashMap::from([("a".into(), showing(100))]);
        let mut painter = Painter::new(15);
        painter.paint(&scene(vec![tile("A", Some("a"))]), &inputs, 0);
        let picture = painter.paint(&scene(vec![tile("A", Some("b"))]), &inputs, 1);
        assert_eq!(picture[72 * WIDTH + 128], 100);
    }

    #[test]
    fn a_camera_that_is_off_shows_the_avatar_and_not_the_last_picture() {
        let inputs = HashMap::from([("a".into(), showing(100))]);
        let off = Tile { camera_off: true, label: "Ada".into(), ..tile("A", Some("a")) };
        let picture = Painter::new(15).paint(&scene(vec![off]), &inputs, 0);
        assert_eq!(picture[10 * WIDTH + 10], SLATE.y);
    }

    #[test]
    fn every_number_of_participants_can_be_drawn() {
        for count in 0..12 {
            let tiles = (0..count)
                .map(|n| Tile {
                    label: format!("Participant {n} ä€😀"),
                    muted: n % 2 == 0,
                    speaking: n == 1,
                    ..tile(&n.to_string(), None)
                })
                .collect();
            let picture = Painter::new(15).paint(&scene(tiles), &HashMap::new(), 100);
            assert_eq!(picture.len(), FRAME_BYTES);
        }
    }

    #[test]
    fn initials_are_those_of_the_first_and_last_word() {
        assert_eq!(initials("ada king lovelace"), "AL");
        assert_eq!(initials("Ada"), "A");
        assert_eq!(initials("  "), "?");
    }
}
