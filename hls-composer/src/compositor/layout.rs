//! Where tiles go: a grid of 1, 2, 2×2 or 3×3 equal tiles on the 256×144 canvas.

use crate::ingest::{HEIGHT, WIDTH};

/// Most tiles a picture holds.
pub const MAX_TILES: usize = 9;

/// A place on the canvas, in pixels. Every number is even, because chroma has half the resolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rect {
    /// From the left.
    pub x: usize,
    /// From the top.
    pub y: usize,
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
}

/// The places of `count` tiles, in reading order; more than [`MAX_TILES`] find none.
pub fn grid(count: usize) -> Vec<Rect> {
    let count = count.min(MAX_TILES);
    let (columns, rows) = match count {
        0 => return vec![],
        1 => (1, 1),
        2 => (2, 1),
        3..=4 => (2, 2),
        _ => (3, count.div_ceil(3)),
    };
    // The tile keeps 16:9; what a column has left over becomes a gap.
    let width = even(WIDTH / columns);
    let height = even(HEIGHT / columns);
    let top = even((HEIGHT - rows * height) / 2);
    (0..count)
        .map(|n| {
            let (row, column) = (n / columns, n % columns);
            let in_row = columns.min(count - row * columns);
            // A short last row stands in the middle.
            let left = even((WIDTH - in_row * (WIDTH / columns)) / 2);
            Rect { x: left + even(column * WIDTH / columns), y: top + row * height, width, height }
        })
        .collect()
}

fn even(pixels: usize) -> usize {
    pixels & !1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_fills_the_picture_and_two_stand_side_by_side() {
        assert_eq!(grid(1), [Rect { x: 0, y: 0, width: 256, height: 144 }]);
        assert_eq!(
            grid(2),
            [
                Rect { x: 0, y: 36, width: 128, height: 72 },
                Rect { x: 128, y: 36, width: 128, height: 72 },
            ]
        );
    }

    #[test]
    fn the_third_of_three_stands_in_the_middle() {
        assert_eq!(grid(3)[2], Rect { x: 64, y: 72, width: 128, height: 72 });
    }

    #[test]
    fn tiles_lie_on_the_canvas_on_even_pixels_and_never_overlap() {
        for count in 0..20 {
            let tiles = grid(count);
            assert_eq!(tiles.len(), count.min(MAX_TILES));
            for (n, a) in tiles.iter().enumerate() {
                assert!(a.x + a.width <= WIDTH && a.y + a.height <= HEIGHT, "{count}: {a:?}");
                assert!([a.x, a.y, a.width, a.height].iter().all(|pixels| pixels % 2 == 0));
                for b in &tiles[n + 1..] {
                    let apart = a.x + a.width <= b.x
                        || b.x + b.width <= a.x
                        || a.y + a.height <= b.y
                        || b.y + b.height <= a.y;
                    assert!(apart, "{count}: {a:?} {b:?}");
                }
            }
        }
    }
}
