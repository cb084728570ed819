//! The 256×144 I420 picture and the few ways to draw on it.

use bytes::Bytes;

use super::{layout::Rect, text::Mask};
use crate::ingest::{FRAME_BYTES, HEIGHT, WIDTH};

/// A colour in BT.601 limited range, as the encoder takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    /// Brightness, 16 to 235.
    pub y: u8,
    /// Blueness around 128.
    pub u: u8,
    /// Redness around 128.
    pub v: u8,
}

/// The darkest.
pub const BLACK: Colour = Colour { y: 16, u: 128, v: 128 };
/// The background of pictures without people.
pub const SLATE: Colour = Colour { y: 40, u: 134, v: 124 };
/// The brightest.
pub const WHITE: Colour = Colour { y: 235, u: 128, v: 128 };
/// Who speaks.
pub const SPEAKING: Colour = Colour { y: 173, u: 92, v: 76 };
/// A muted microphone.
pub const MUTED: Colour = Colour { y: 98, u: 106, v: 208 };

/// A picture being drawn.
#[derive(Debug)]
pub struct Canvas(Vec<u8>);

/// One plane of an I420 picture: where it starts, and its width and height.
pub const PLANES: [(usize, usize, usize); 3] = [
    (0, WIDTH, HEIGHT),
    (WIDTH * HEIGHT, WIDTH / 2, HEIGHT / 2),
    (WIDTH * HEIGHT * 5 / 4, WIDTH / 2, HEIGHT / 2),
];

impl Canvas {
    /// One colour everywhere.
    pub fn filled(colour: Colour) -> Self {
        let mut canvas = Self(vec![0; FRAME_BYTES]);
        canvas.fill(Rect { x: 0, y: 0, width: WIDTH, height: HEIGHT }, colour);
        canvas
    }

    /// One colour in `rect`.
    pub fn fill(&mut self, rect: Rect, colour: Colour) {
        for (plane, value) in [colour.y, colour.u, colour.v].into_iter().enumerate() {
            self.rows(rect, plane, |row, _| row.fill(value));
        }
    }

    /// A frame of one colour along the inside of `rect`, two pixels wide.
    pub fn outline(&mut self, rect: Rect, colour: Colour) {
        let Rect { x, y, width, height } = rect;
        for side in [
            Rect { height: 2, ..rect },
            Rect { y: y + height - 2, height: 2, ..rect },
            Rect { width: 2, ..rect },
            Rect { x: x + width - 2, width: 2, ..rect },
        ] {
            self.fill(side, colour);
        }
    }

    /// Copies a tile picture of exactly `rect`'s size: its three planes one after the other.
    pub fn blit(&mut self, rect: Rect, tile: &[u8]) {
        let luma = rect.width * rect.height;
        let starts = [0, luma, luma + luma / 4];
        for (plane, start) in starts.into_iter().enumerate() {
            let width = if plane == 0 { rect.width } else { rect.width / 2 };
            self.rows(rect, plane, |row, n| {
                row.copy_from_slice(&tile[start + n * width..][..width]);
            });
        }
    }

    /// Halves the brightness of `rect`, as a ground for words.
    pub fn darken(&mut self, rect: Rect) {
        self.rows(rect, 0, |row, _| {
            for value in row {
                *value = 16 + (value.saturating_sub(16)) / 3;
            }
        });
    }

    /// Draws words with their top left corner at (`x`, `y`); what does not fit on the canvas is cut off.
    pub fn write(&mut self, x: usize, y: usize, mask: &Mask, colour: Colour) {
        for row in 0..mask.height.min(HEIGHT.saturating_sub(y)) {
            for column in 0..mask.width.min(WIDTH.saturating_sub(x)) {
                let cover = mask.at(column, row);
                if cover == 0 {
                    continue;
                }
                let (x, y) = (x + column, y + row);
                blend(&mut self.0[y * WIDTH + x], colour.y, cover);
                let chroma = (y / 2) * (WIDTH / 2) + x / 2;
                // Four pixels share one chroma sample, so each moves it by a quarter.
                blend(&mut self.0[PLANES[1].0 + chroma], colour.u, cover / 4);
                blend(&mut self.0[PLANES[2].0 + chroma], colour.v, cover / 4);
            }
        }
    }

    /// The finished picture.
    pub fn into_picture(self) -> Bytes {
        self.0.into()
    }

    fn rows(&mut self, rect: Rect, plane: usize, mut draw: impl FnMut(&mut [u8], usize)) {
        let shift = usize::from(plane > 0);
        let (start, stride, _) = PLANES[plane];
        let (x, y) = (rect.x >> shift, rect.y >> shift);
        let (width, height) = (rect.width >> shift, rect.height >> shift);
        for n in 0..height {
            draw(&mut self.0[start + (y + n) * stride + x..][..width], n);
        }
    }
}

fn blend(value: &mut u8, towards: u8, cover: u8) {
    let (from, to, cover) = (i32::from(*value), i32::from(towards), i32::from(cover));
    *value = (from + (to - from) * cover / 255) as u8;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blitted_tile_lands_in_its_place_and_nowhere_else() {
        let rect = Rect { x: 128, y: 36, width: 128, height: 72 };
        let mut canvas = Canvas::filled(BLACK);
        canvas.blit(rect, &vec![200; 128 * 72 * 3 / 2]);
        let picture = canvas.into_picture();
        let bright = picture[..WIDTH * HEIGHT].iter().filter(|value| **value == 200).count();
        assert_eq!(bright, 128 * 72);
        assert_eq!(picture[36 * WIDTH + 127], 16);
        assert_eq!(picture[36 * WIDTH + 128], 200);
        let chroma = picture[WIDTH * HEIGHT..].iter().filter(|value| **value == 200).count();
        assert_eq!(chroma, 128 * 72 / 2);
    }

    #[test]
    fn words_beyond_the_edge_are_cut_off() {
        let mask = Mask::opaque(400, 300);
        let mut canvas = Canvas::filled(BLACK);
        canvas.write(200, 100, &mask, WHITE);
        let picture = canvas.into_picture();
        assert_eq!(picture[WIDTH * HEIGHT - 1], 235);
        assert_eq!(picture[0], 16);
    }
}
