//! When frames stand: what FFmpeg's `metadata=print` filter says of each, and the frame of the canvas it becomes.

use super::command::TIME_BASE;

/// A frame this near to the edge between two places of the grid stays next to the one before it, in parts of a frame:
/// sender reports move times by a few milliseconds, back and forth.
const EDGE: f64 = 0.15;

/// One line of the filter's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Line {
    /// `frame:7    pts:42000   pts_time:0.466667`: a frame, and where it stands, in seconds.
    Frame(f64),
    /// A frame of which nobody knows.
    Timeless,
    /// The metadata for which frames are printed.
    Metadata,
}

impl Line {
    /// Understands `line`.
    pub fn of(line: &str) -> Self {
        let Some(frame) = line.strip_prefix("frame:") else { return Self::Metadata };
        let ticks = frame.split_once(" pts:").and_then(|(_, rest)| rest.split_whitespace().next());
        match ticks.and_then(|ticks| ticks.parse::<i64>().ok()) {
            Some(ticks) => Self::Frame(ticks as f64 / f64::from(TIME_BASE)),
            None => Self::Timeless,
        }
    }
}

/// Places frames on a grid of `fps` a second, each on the nearest place.
#[derive(Debug)]
pub struct Grid {
    fps: f64,
    last: Option<u64>,
}

impl Grid {
    /// Nothing is placed yet.
    pub fn new(fps: u32) -> Self {
        Self { fps: f64::from(fps), last: None }
    }

    /// The place of a frame that stands at `position` seconds. Two frames may have the same place: the later one counts.
    pub fn place(&mut self, position: f64) -> u64 {
        let exact = (position * self.fps).max(0.0);
        let nearest = exact.round() as u64;
        let place = match self.last {
            Some(last) if nearest == last && exact > last as f64 + 0.5 - EDGE => last + 1,
            Some(last) if nearest == last + 2 && exact < last as f64 + 1.5 + EDGE => last + 1,
            _ => nearest,
        };
        self.last = Some(place);
        place
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_filters_lines_are_understood() {
        for (line, time) in [
            ("frame:0    pts:0       pts_time:0", Line::Frame(0.0)),
            ("frame:29   pts:174000  pts_time:1.93333", Line::Frame(174_000.0 / 90_000.0)),
            ("frame:3    pts:-900    pts_time:-0.01", Line::Frame(-0.01)),
            ("frame:3    pts:NOPTS   pts_time:NOPTS", Line::Timeless),
            ("at=0", Line::Metadata),
            ("", Line::Metadata),
        ] {
            assert_eq!(Line::of(line), time, "{line}");
        }
    }

    #[test]
    fn a_gap_is_left_open_and_what_comes_before_the_beginning_stands_there() {
        let mut grid = Grid::new(15);
        let places: Vec<u64> = [-0.02, 0.06, 0.14, 1.0].map(|at| grid.place(at)).into();
        assert_eq!(places, [0, 1, 2, 15]);
    }

    #[test]
    fn of_a_faster_camera_every_place_is_taken() {
        let mut grid = Grid::new(15);
        let mut places: Vec<u64> = (0..240).map(|n| grid.place(f64::from(n) / 24.0)).collect();
        places.dedup();
        assert!(places.windows(2).all(|pair| pair[1] == pair[0] + 1), "{places:?}");
        assert!((150..=151).contains(&places.len()), "{}", places.len());
    }

    proptest! {
        #[test]
        fn times_that_tremble_on_the_edge_lose_no_frame(
            phase in 0.0..1.0_f64,
            jitter in prop::collection::vec(-0.004..0.004_f64, 60),
        ) {
            let mut grid = Grid::new(15);
            let places: Vec<u64> = jitter
                .iter()
                .enumerate()
                .map(|(n, jitter)| grid.place((n as f64 + 10.0 + phase) / 15.0 + jitter))
                .collect();
            let steps: Vec<u64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
            prop_assert!(steps.iter().all(|step| *step == 1), "{:?}", places);
        }
    }
}
