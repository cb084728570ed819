//! The 256×144 I420 picture and the few ways to draw on it.

use bytes::Bytes;

use super::{layout::Rect, mask::Mask, palette::Colour};
use crate::ingest::{FRAME_BYTES, HEIGHT, WIDTH};

/// A picture being drawn.
#[derive(Debug)]
pub struct Canvas(Vec<u8>);

/// One plane of an I420 picture: where it starts, and its width and height.
pub const PLANES: [(usize, usize, usize); 3] = [
    (0, WIDTH, HEIGHT),
    (WIDTH * HEIGHT, WIDTH / 2, HEIGHT / 2),
    (WIDTH * HEIGHT * 5 / 4, WIDTH / 2, HEIGHT / 2),
];

/// Every corner of a rectangle: whether it is the right one, the lower one.
const CORNERS: [(bool, bool); 4] = [(false, false), (true, false), (false, true), (true, true)];

impl Canvas {
    /// One colour everywhere.
    pub fn filled(colour: Colour) -> Self {
        let mut canvas = Self(vec![0; FRAME_BYTES]);
        canvas.fill(super::layout::CANVAS, colour);
        canvas
    }

    /// One colour in `rect`.
    pub fn fill(&mut self, rect: Rect, colour: Colour) {
        for (plane, value) in [colour.y, colour.u, colour.v].into_iter().enumerate() {
            self.rows(rect, plane, |row, _| row.fill(value));
        }
    }

    /// A frame of one colour along the inside of `rect`, two pixels wide, its corners left to [`Self::corners`].
    pub fn sides(&mut self, rect: Rect, corner: usize, colour: Colour) {
        let Rect { x, y, width, height } = rect;
        let (across, down) = (width - 2 * corner, height - 2 * corner);
        for side in [
            Rect { x: x + corner, y, width: across, height: 2 },
            Rect { x: x + corner, y: y + height - 2, width: across, height: 2 },
            Rect { x, y: y + corner, width: 2, height: down },
            Rect { x: x + width - 2, y: y + corner, width: 2, height: down },
        ] {
            self.fill(side, colour);
        }
    }

    /// Stamps a mask made for the top left corner into all four.
    pub fn corners(&mut self, rect: Rect, mask: &Mask, colour: Colour) {
        for (right, low) in CORNERS {
            let x = if right { rect.x + rect.width - mask.width } else { rect.x };
            let y = if low { rect.y + rect.height - mask.height } else { rect.y };
            self.stamp(x, y, &mask.flipped(right, low), colour);
        }
    }

    /// Copies the upper left part of one plane, whose rows are `stride` apart, as far as it is seen in `rect`.
    pub fn blit(&mut self, rect: Rect, plane: usize, tile: &[u8], stride: usize) {
        let width = if plane == 0 { rect.width } else { rect.width / 2 };
        self.rows(rect, plane, |row, n| row.copy_from_slice(&tile[n * stride..][..width]));
    }

    /// Darkens and greys `rect` to `keep` of 256, as a ground for words or to say that a picture is not live.
    pub fn dim(&mut self, rect: Rect, keep: u16) {
        for plane in 0..3 {
            let rest = if plane == 0 { 16 } else { 128 };
            self.rows(rect, plane, |row, _| {
                for value in row {
                    *value = (rest + (i32::from(*value) - rest) * i32::from(keep) / 256) as u8;
                }
            });
        }
    }

    /// Draws a shape with its top left corner at (`x`, `y`); what does not fit on the canvas is cut off.
    pub fn stamp(&mut self, x: usize, y: usize, mask: &Mask, colour: Colour) {
        for row in 0..mask.height.min(HEIGHT.saturating_sub(y)) {
            for column in 0..mask.width.min(WIDTH.saturating_sub(x)) {
                let cover = mask.at(column, row);
                if cover > 0 {
                    blend(&mut self.0[(y + row) * WIDTH + x + column], colour.y, cover);
                }
            }
        }
        // Four pixels share one sample of each chroma plane, which moves by the mean of their covers.
        let cover = |column: usize, row: usize| {
            let from_mask = |column: usize, row: usize| -> u16 {
                match (column.checked_sub(x), row.checked_sub(y)) {
                    (Some(column), Some(row)) => mask.at(column, row).into(),
                    _ => 0,
                }
            };
            let sum = from_mask(2 * column, 2 * row)
                + from_mask(2 * column + 1, 2 * row)
                + from_mask(2 * column, 2 * row + 1)
                + from_mask(2 * column + 1, 2 * row + 1);
            (sum / 4) as u8
        };
        for row in y / 2..(y + mask.height).min(HEIGHT).div_ceil(2) {
            for column in x / 2..(x + mask.width).min(WIDTH).div_ceil(2) {
                let cover = cover(column, row);
                if cover > 0 {
                    let chroma = row * (WIDTH / 2) + column;
                    blend(&mut self.0[PLANES[1].0 + chroma], colour.u, cover);
                    blend(&mut self.0[PLANES[2].0 + chroma], colour.v, cover);
                }
            }
        }
    }

    /// The picture as it is now.
    pub fn picture(&self) -> Bytes {
        Bytes::copy_from_slice(&self.0)
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
    use super::{
        super::palette::{BLACK, SPEAKING, WHITE},
        *,
    };

    fn opaque(width: usize, height: usize) -> Mask {
        Mask { width, height, cover: vec![255; width * height] }
    }

    #[test]
    fn a_blitted_tile_lands_in_its_place_and_nowhere_else() {
        let rect = Rect { x: 128, y: 36, width: 128, height: 72 };
        let mut canvas = Canvas::filled(BLACK);
        for plane in 0..3 {
            canvas.blit(rect, plane, &vec![200; 128 * 72], rect.width);
        }
        let picture = canvas.picture();
        let bright = picture[..WIDTH * HEIGHT].iter().filter(|value| **value == 200).count();
        assert_eq!(bright, 128 * 72);
        assert_eq!(picture[36 * WIDTH + 127], 16);
        assert_eq!(picture[36 * WIDTH + 128], 200);
        let chroma = picture[WIDTH * HEIGHT..].iter().filter(|value| **value == 200).count();
        assert_eq!(chroma, 128 * 72 / 2);
    }

    #[test]
    fn shapes_beyond_the_edge_are_cut_off() {
        let mut canvas = Canvas::filled(BLACK);
        canvas.stamp(200, 100, &opaque(400, 300), WHITE);
        canvas.stamp(300, 300, &opaque(4, 4), WHITE);
        let picture = canvas.picture();
        assert_eq!(picture[WIDTH * HEIGHT - 1], 235);
        assert_eq!(picture[0], 16);
    }

    #[test]
    fn a_full_stamp_has_the_whole_colour_and_half_a_block_half_of_it() {
        let mut canvas = Canvas::filled(BLACK);
        canvas.stamp(0, 0, &opaque(2, 2), SPEAKING);
        canvas.stamp(3, 0, &opaque(1, 2), SPEAKING);
        let picture = canvas.picture();
        assert_eq!((picture[0], picture[PLANES[1].0]), (SPEAKING.y, SPEAKING.u));
        let half = i32::from(picture[PLANES[1].0 + 1]) - 128;
        assert_eq!(half, (i32::from(SPEAKING.u) - 128) / 2);
    }
}
