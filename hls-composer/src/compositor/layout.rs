//! Where tiles go on the 256×144 canvas: pure functions of the layout and how many there are.
//!
//! ```text
//! GRID 1    2        3–4      5–6        7–9        SPEAKER, SCREEN_SHARE    SPOTLIGHT
//!   ▇▇▇▇    ▇▇ ▇▇    ▇▇ ▇▇    ▇▇ ▇▇ ▇▇   ▇▇ ▇▇ ▇▇   ▇▇▇▇▇▇▇▇ ▇▇              ▇▇▇▇
//!   ▇▇▇▇             ▇▇ ▇▇    ▇▇ ▇▇ ▇▇   ▇▇ ▇▇ ▇▇   ▇▇▇▇▇▇▇▇ ▇▇              ▇▇▇▇
//!                                        ▇▇ ▇▇ ▇▇   ▇▇ ▇▇ ▇▇ ▇▇
//! ```
//!
//! Tiles are as near to 16:9 as even pixels allow (within 3 %), because that is what inputs deliver. The gaps between
//! them keep faces apart where two dark pictures meet.

use crate::ingest::{HEIGHT, WIDTH};

/// Most tiles of a grid.
pub const GRID_TILES: usize = 9;

/// How tiles are arranged (`composer.v1.Layout`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Layout {
    /// Equal tiles.
    #[default]
    Grid,
    /// The featured tile large, the others in a strip.
    Speaker,
    /// The featured tile alone.
    Spotlight,
    /// The featured tile as large as can be, the others in a narrow strip.
    ScreenShare,
}

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

/// The whole canvas.
pub const CANVAS: Rect = Rect { x: 0, y: 0, width: WIDTH, height: HEIGHT };

/// Where one tile of the scene goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which tile, counted from 0.
    pub tile: usize,
    /// Where.
    pub rect: Rect,
}

/// The places of `count` tiles, of which `featured` is the large one (any other number means the first). Tiles for which
/// there is no room have no place: they are heard, not seen.
pub fn places(layout: Layout, count: usize, featured: usize) -> Vec<Place> {
    let featured = if featured < count { featured } else { 0 };
    let others = (0..count).filter(|tile| *tile != featured);
    let whole = Place { tile: featured, rect: CANVAS };
    match (layout, count) {
        (_, 0) => vec![],
        (_, 1) | (Layout::Spotlight, _) => vec![whole],
        (Layout::Grid, _) => {
            let rects = grid(count).into_iter().enumerate();
            rects.map(|(tile, rect)| Place { tile, rect }).collect()
        }
        (Layout::Speaker | Layout::ScreenShare, _) => {
            let strip = match layout {
                Layout::Speaker if count - 1 <= WIDE.capacity() => WIDE,
                _ => NARROW,
            };
            let rects = strip.others(count - 1);
            let main = Place { tile: featured, rect: strip.main(count - 1) };
            let others = others.zip(rects).map(|(tile, rect)| Place { tile, rect });
            std::iter::once(main).chain(others).collect()
        }
    }
}

fn grid(count: usize) -> Vec<Rect> {
    let count = count.min(GRID_TILES);
    let (columns, rows) = match count {
        0 | 1 => (1, 1),
        2 => (2, 1),
        3..=4 => (2, 2),
        _ => (3, count.div_ceil(3)),
    };
    let (width, height, gap) = match columns {
        1 => (WIDTH, HEIGHT, 0),
        2 => (126, 70, 4),
        _ => (84, 46, 2),
    };
    let along = |count: usize, length: usize| count * (length + gap) - gap;
    let top = even((HEIGHT - along(rows, height)) / 2);
    (0..count)
        .map(|n| {
            let (row, column) = (n / columns, n % columns);
            // A short last row stands in the middle.
            let in_row = columns.min(count - row * columns);
            let left = even((WIDTH - along(in_row, width)) / 2);
            let (x, y) = (left + column * (width + gap), top + row * (height + gap));
            Rect { x, y, width, height }
        })
        .collect()
}

/// A large tile and the small ones beside it and, when they are many, below it.
struct Strip {
    main: (usize, usize),
    small: (usize, usize),
    /// Small tiles in the column on the right, the corner among them.
    column: usize,
    /// Small tiles in the row below the large one.
    row: usize,
}

/// Small tiles that carry a name.
const WIDE: Strip = Strip { main: (192, 108), small: (60, 34), column: 4, row: 3 };
/// More room for the large tile, and for more small ones.
const NARROW: Strip = Strip { main: (206, 116), small: (46, 26), column: 5, row: 4 };
/// Between small tiles.
const GAP: usize = 2;

impl Strip {
    fn capacity(&self) -> usize {
        self.column + self.row
    }

    fn main(&self, others: usize) -> Rect {
        let (width, height) = self.main;
        let y = if others > self.column { 0 } else { even((HEIGHT - height) / 2) };
        Rect { x: 0, y, width, height }
    }

    /// The column from top to bottom, then the row, which grows out of the corner.
    fn others(&self, count: usize) -> Vec<Rect> {
        let (width, height) = self.small;
        let x = WIDTH - width;
        let small = |x: usize, y: usize| Rect { x, y, width, height };
        if count <= self.column {
            let top = even((HEIGHT - (count * (height + GAP) - GAP)) / 2);
            return (0..count).map(|n| small(x, top + n * (height + GAP))).collect();
        }
        let spread = |n: usize, room: usize, of: usize| even(n * room / (of - 1));
        let in_row = (count - self.column).min(self.row);
        let bottom = HEIGHT - height;
        let column = (0..self.column).map(|n| small(x, spread(n, bottom, self.column)));
        let row = (self.row - in_row..self.row)
            .map(|n| small(spread(n, self.main.0 - width, self.row), bottom));
        column.chain(row).collect()
    }
}

fn even(pixels: usize) -> usize {
    pixels & !1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [Layout; 4] =
        [Layout::Grid, Layout::Speaker, Layout::Spotlight, Layout::ScreenShare];

    fn area(place: &Place) -> usize {
        place.rect.width * place.rect.height
    }

    #[test]
    fn one_fills_the_picture_in_every_layout() {
        for layout in ALL {
            assert_eq!(places(layout, 1, 0), [Place { tile: 0, rect: CANVAS }]);
            assert_eq!(places(layout, 0, 0), []);
        }
    }

    #[test]
    fn two_stand_side_by_side_and_the_third_of_three_in_the_middle() {
        let rects = |count| places(Layout::Grid, count, 0).into_iter().map(|place| place.rect);
        let two: Vec<Rect> = rects(2).collect();
        assert_eq!(two[0], Rect { x: 0, y: 36, width: 126, height: 70 });
        assert_eq!(two[1], Rect { x: 130, y: 36, width: 126, height: 70 });
        assert_eq!(rects(3).next_back(), Some(Rect { x: 64, y: 74, width: 126, height: 70 }));
    }

    #[test]
    fn a_room_of_eight_is_seen_whole_beside_its_speaker_and_beside_a_shared_screen() {
        assert_eq!(places(Layout::Speaker, 8, 3).len(), 8);
        assert_eq!(places(Layout::ScreenShare, 9, 0).len(), 9);
    }

    #[test]
    fn a_featured_tile_nobody_knows_is_the_first() {
        assert_eq!(places(Layout::Spotlight, 3, usize::MAX)[0].tile, 0);
        assert_eq!(places(Layout::Speaker, 3, 7)[0].tile, 0);
    }

    proptest! {
        #[test]
        fn tiles_lie_on_even_pixels_of_the_canvas_are_16_to_9_and_never_overlap(
            layout in prop::sample::select(&ALL[..]), count in 0..70_usize, featured in 0..70_usize,
        ) {
            let places = places(layout, count, featured);
            for (n, Place { rect: a, .. }) in places.iter().enumerate() {
                prop_assert!(a.x + a.width <= WIDTH && a.y + a.height <= HEIGHT, "{a:?}");
                prop_assert!([a.x, a.y, a.width, a.height].iter().all(|pixels| pixels % 2 == 0));
                let off = (a.width * 9).abs_diff(a.height * 16) as f64 / (a.width * 9) as f64;
                prop_assert!(off < 0.03, "{a:?}");
                for Place { rect: b, .. } in &places[n + 1..] {
                    let apart = a.x + a.width <= b.x
                        || b.x + b.width <= a.x
                        || a.y + a.height <= b.y
                        || b.y + b.height <= a.y;
                    prop_assert!(apart, "{a:?} {b:?}");
                }
            }
        }

        #[test]
        fn everybody_for_whom_there_is_room_has_one_place(
            layout in prop::sample::select(&ALL[..]), count in 1..70_usize, featured in 0..70_usize,
        ) {
            let places = places(layout, count, featured);
            let room = match layout {
                Layout::Grid => GRID_TILES,
                Layout::Speaker | Layout::ScreenShare => 1 + NARROW.capacity(),
                Layout::Spotlight => 1,
            };
            prop_assert_eq!(places.len(), count.min(room));
            let mut tiles: Vec<usize> = places.iter().map(|place| place.tile).collect();
            tiles.sort_unstable();
            tiles.dedup();
            prop_assert_eq!(tiles.len(), places.len());
            prop_assert!(tiles.iter().all(|tile| *tile < count));
        }

        #[test]
        fn the_featured_tile_is_the_largest(
            layout in prop::sample::select(&ALL[1..]), count in 2..20_usize, featured in 0..20_usize,
        ) {
            let places = places(layout, count, featured % count);
            prop_assert_eq!(places[0].tile, featured % count);
            prop_assert!(places[1..].iter().all(|other| area(other) * 4 < area(&places[0])));
        }
    }
}
