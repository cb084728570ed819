//! Coverage masks: how much of each pixel a shape covers. Whole numbers only, so they are the same everywhere.

/// How much of each pixel is covered, 0 to 255.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mask {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    /// Row by row.
    pub cover: Vec<u8>,
}

/// Each pixel is tried at this many places across and down.
const TRIES: usize = 4;

impl Mask {
    /// Nothing at all.
    pub const EMPTY: Self = Self { width: 0, height: 0, cover: Vec::new() };

    /// The cover of one pixel; nothing outside.
    pub fn at(&self, column: usize, row: usize) -> u8 {
        if column < self.width && row < self.height {
            self.cover[row * self.width + column]
        } else {
            0
        }
    }

    /// A full circle.
    pub fn disc(diameter: usize) -> Self {
        Self::of(diameter, diameter, |x, y| {
            let radius = diameter * TRIES;
            inside(x, y, radius, radius)
        })
    }

    /// What a rounded corner at the top left cuts away.
    pub fn corner(radius: usize) -> Self {
        let centre = 2 * radius * TRIES;
        Self::of(radius, radius, |x, y| !inside(x, y, centre, centre))
    }

    /// A band of `width` pixels along that corner.
    pub fn bend(radius: usize, width: usize) -> Self {
        let (centre, inner) = (2 * radius * TRIES, 2 * (radius - width) * TRIES);
        Self::of(radius, radius, |x, y| {
            inside(x, y, centre, centre) && !inside(x, y, centre, inner)
        })
    }

    /// A person's head and shoulders.
    pub fn person(side: usize) -> Self {
        let whole = 2 * side * TRIES;
        Self::of(side, side, |x, y| {
            let distance = |cx: usize, cy: usize| {
                let (dx, dy) = (x.abs_diff(cx), y.abs_diff(cy));
                dx * dx + dy * dy
            };
            let (head, shoulders) = (whole * 22 / 100, whole * 42 / 100);
            let in_head = distance(whole / 2, whole * 26 / 100) <= head * head;
            in_head || distance(whole / 2, whole * 98 / 100) <= shoulders * shoulders
        })
    }

    /// From lines of text: `#` is covered, `+` half, anything else is not.
    pub fn drawn(lines: &[&str]) -> Self {
        let width = lines.first().map_or(0, |line| line.len());
        let cover = lines.iter().flat_map(|line| line.bytes().take(width)).map(|c| match c {
            b'#' => 255,
            b'+' => 128,
            _ => 0,
        });
        Self { width, height: lines.len(), cover: cover.collect() }
    }

    /// The same, upside down and the other way round.
    pub fn flipped(&self, across: bool, down: bool) -> Self {
        let cover = (0..self.height).flat_map(|row| {
            let row = if down { self.height - 1 - row } else { row };
            (0..self.width).map(move |column| {
                self.at(if across { self.width - 1 - column } else { column }, row)
            })
        });
        Self { width: self.width, height: self.height, cover: cover.collect() }
    }

    /// Asks `is_inside` at the middle of every part of every pixel, in units of 1/8 pixel.
    fn of(width: usize, height: usize, is_inside: impl Fn(usize, usize) -> bool) -> Self {
        let mut cover = Vec::with_capacity(width * height);
        for row in 0..height {
            for column in 0..width {
                let hits = (0..TRIES * TRIES)
                    .filter(|n| {
                        let x = 2 * (column * TRIES + n % TRIES) + 1;
                        let y = 2 * (row * TRIES + n / TRIES) + 1;
                        is_inside(x, y)
                    })
                    .count();
                cover.push((hits * 255 / (TRIES * TRIES)) as u8);
            }
        }
        Self { width, height, cover }
    }
}

/// Whether a point lies in the circle around (`centre`, `centre`).
fn inside(x: usize, y: usize, centre: usize, radius: usize) -> bool {
    let (dx, dy) = (x.abs_diff(centre), y.abs_diff(centre));
    dx * dx + dy * dy <= radius * radius
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disc_is_full_in_the_middle_empty_in_the_corner_and_the_same_all_round() {
        let disc = Mask::disc(20);
        assert_eq!((disc.at(10, 10), disc.at(0, 0), disc.at(20, 20)), (255, 0, 0));
        assert_eq!(disc, disc.flipped(true, false));
        assert_eq!(disc, disc.flipped(false, true));
        let area: usize = disc.cover.iter().map(|cover| usize::from(*cover)).sum::<usize>() / 255;
        assert!(area.abs_diff(314) < 4, "{area}");
    }

    #[test]
    fn corner_and_bend_do_not_cover_the_same_pixels() {
        let (corner, bend) = (Mask::corner(6), Mask::bend(6, 2));
        assert_eq!((corner.at(0, 0), bend.at(0, 0)), (255, 0));
        assert_eq!((corner.at(5, 5), bend.at(5, 5)), (0, 0));
        let both = corner.cover.iter().zip(&bend.cover).map(|(a, b)| u16::from(*a) + u16::from(*b));
        assert!(both.into_iter().all(|both| both <= 255));
    }
}
