//! Marks, drawn pixel by pixel: at this size an outline scaled down would be a smudge.

use super::mask::Mask;

/// A microphone, whole: the bar across it is stamped over it in another colour.
const MICROPHONE: [&str; 10] = [
    "...+##+...",
    "...####...",
    "...####...",
    "...####...",
    "#..####..#",
    "#..+##+..#",
    "+#......#+",
    ".+######+.",
    "....##....",
    "..######..",
];

/// From the upper left to the lower right, with a margin that keeps it apart.
const BAR: [&str; 10] = [
    "##........",
    "###.......",
    ".###......",
    "..###.....",
    "...###....",
    "....###...",
    ".....###..",
    "......###.",
    ".......###",
    "........##",
];

/// The same for small labels.
const MICROPHONE_SMALL: [&str; 8] = [
    "..+##+..", "..####..", "..####..", "#.####.#", "#.+##+.#", "+#....#+", ".+####+.", "...##...",
];

const BAR_SMALL: [&str; 8] = [
    "##......", "###.....", ".###....", "..###...", "...###..", "....###.", ".....###", "......##",
];

/// Two arrows that chase each other round a circle.
const AGAIN: [&str; 13] = [
    "....#####....",
    "..#########.#",
    ".###.....####",
    ".#........###",
    "##.......####",
    "#............",
    ".............",
    "............#",
    "####.......##",
    "###........#.",
    "####.....###.",
    "#.#########..",
    "....#####....",
];

/// A mark in two colours.
#[derive(Debug)]
pub struct Crossed {
    /// What it is.
    pub shape: Mask,
    /// The bar across it.
    pub bar: Mask,
}

/// All marks.
#[derive(Debug)]
pub struct Icons {
    /// The microphone is muted.
    pub microphone_off: Crossed,
    /// The same, small.
    pub microphone_off_small: Crossed,
    /// The connection is being made again.
    pub again: Mask,
}

impl Icons {
    /// Draws them once.
    pub fn new() -> Self {
        Self {
            microphone_off: Crossed { shape: Mask::drawn(&MICROPHONE), bar: Mask::drawn(&BAR) },
            microphone_off_small: Crossed {
                shape: Mask::drawn(&MICROPHONE_SMALL),
                bar: Mask::drawn(&BAR_SMALL),
            },
            again: Mask::drawn(&AGAIN),
        }
    }
}
