//! Scaling an input's picture to its place, without distortion.

use bytes::Bytes;

use super::{
    canvas::{Canvas, PLANES},
    layout::Rect,
    palette::BLACK,
    resample::{Resampler, Span},
};
use crate::ingest::{HEIGHT, WIDTH};

/// Up to this share of a camera's picture may be cut off to fill a place that is not quite 16:9; more is letterboxed.
const CUT: f64 = 0.04;

/// Which part of a picture goes where.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Within the place, on even pixels.
    pub onto: Rect,
    /// Width and height of the part taken from the middle of the picture, in its pixels.
    pub taken: (f64, f64),
}

/// How a 256×144 picture fits `place`: a shared screen whole, a camera with a sliver cut off when that fills the place.
pub fn fit(place: Rect, screen: bool) -> Fit {
    let (width, height) = (WIDTH as f64, HEIGHT as f64);
    let (picture, wanted) = (width / height, place.width as f64 / place.height as f64);
    let whole = (width, height);
    let cut = if wanted > picture { 1.0 - picture / wanted } else { 1.0 - wanted / picture };
    if !screen && cut <= CUT {
        let taken =
            if wanted > picture { (width, width / wanted) } else { (height * wanted, height) };
        return Fit { onto: place, taken };
    }
    let nearest = |pixels: f64, most: usize| ((pixels / 2.0).round() as usize * 2).clamp(2, most);
    let (across, down) = if wanted > picture {
        (nearest(place.height as f64 * picture, place.width), place.height)
    } else {
        (place.width, nearest(place.width as f64 / picture, place.height))
    };
    let middle = |room: usize, taken: usize| (room - taken) / 4 * 2;
    let onto = Rect {
        x: place.x + middle(place.width, across),
        y: place.y + middle(place.height, down),
        width: across,
        height: down,
    };
    Fit { onto, taken: whole }
}

/// Scales pictures; keeps its buffers.
#[derive(Debug, Default)]
pub struct Scaler {
    resampler: Resampler,
    /// A plane at half its size, or a quarter, and the one it is made from.
    halved: Vec<u8>,
    larger: Vec<u8>,
    scaled: Vec<u8>,
}

impl Scaler {
    /// Draws `picture` (I420, 256×144) into `place`.
    pub fn draw(&mut self, canvas: &mut Canvas, place: Rect, picture: &Bytes, screen: bool) {
        let Fit { onto, taken } = fit(place, screen);
        if onto != place {
            canvas.fill(place, BLACK);
        }
        // Halving is far cheaper than resampling, which is left with a factor between 1 and 2.
        let halvings = (WIDTH / onto.width).ilog2();
        for (plane, (start, whole_width, whole_height)) in PLANES.into_iter().enumerate() {
            let shift = usize::from(plane > 0);
            let to = (onto.width >> shift, onto.height >> shift);
            let (width, height) = (whole_width >> halvings, whole_height >> halvings);
            let whole = &picture[start..][..whole_width * whole_height];
            for n in 0..halvings {
                std::mem::swap(&mut self.halved, &mut self.larger);
                let source = if n == 0 { whole } else { &self.larger };
                halve(source, whole_width >> n, &mut self.halved);
            }
            let source = if halvings == 0 { whole } else { &self.halved };
            if !screen && is_nearly(width, to.0) && is_nearly(height, to.1) {
                // The sliver is cut off on the right and below, where no sample of chroma is split.
                canvas.blit(onto, plane, source, width);
                continue;
            }
            let part = |pixels: f64| (pixels * 256.0) as usize >> (shift as u32 + halvings);
            let across = Span { source: width, taken: part(taken.0), target: to.0 };
            let down = Span { source: height, taken: part(taken.1), target: to.1 };
            self.resampler.resample(source, across, down, &mut self.scaled);
            canvas.blit(onto, plane, &self.scaled, to.0);
        }
    }
}

/// So little is missing that it may be cut off.
fn is_nearly(pixels: usize, wanted: usize) -> bool {
    wanted <= pixels && (pixels - wanted) as f64 <= CUT * pixels as f64
}

/// Each pixel is the mean of four. Two neighbours are read as one number of 16 bits, which is what lets a processor do
/// many at a time: this is twelve times as fast as reading them one by one.
fn halve(source: &[u8], width: usize, halved: &mut Vec<u8>) {
    halved.clear();
    for rows in source.chunks_exact(2 * width) {
        let (above, below) = rows.split_at(width);
        let pairs = above.as_chunks().0.iter().zip(below.as_chunks().0);
        halved.extend(pairs.map(|(above, below)| {
            let sum = [*above, *below]
                .map(u16::from_le_bytes)
                .into_iter()
                .fold(2, |sum: u16, two| sum.wrapping_add(two & 0xff).wrapping_add(two >> 8));
            (sum / 4) as u8
        }));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn place(width: usize, height: usize) -> Rect {
        Rect { x: 10, y: 20, width, height }
    }

    #[test]
    fn a_screen_is_shown_whole_and_a_camera_fills_its_place() {
        let screen = fit(place(126, 70), true);
        assert_eq!(screen.taken, (256.0, 144.0));
        assert_eq!((screen.onto.width, screen.onto.height), (124, 70));
        let camera = fit(place(126, 70), false);
        assert_eq!(camera.onto, place(126, 70));
        assert!(camera.taken.0 == 256.0 && camera.taken.1 < 144.0);
    }

    #[test]
    fn a_place_of_another_shape_is_letterboxed() {
        let upright = fit(place(72, 128), false);
        assert_eq!(upright.onto, Rect { x: 10, y: 64, width: 72, height: 40 });
    }

    #[test]
    fn halving_takes_the_mean_of_four() {
        let mut halved = vec![];
        halve(&[0, 10, 255, 255, 20, 30, 255, 255], 4, &mut halved);
        assert_eq!(halved, [15, 255]);
    }

    proptest! {
        #[test]
        fn nothing_is_stretched_and_nothing_leaves_its_place(
            width in 8..128_usize, height in 8..72_usize, screen: bool,
        ) {
            let place = place(2 * width, 2 * height);
            let Fit { onto, taken } = fit(place, screen);
            prop_assert!(onto.x >= place.x && onto.y >= place.y);
            prop_assert!(onto.x + onto.width <= place.x + place.width);
            prop_assert!(onto.y + onto.height <= place.y + place.height);
            prop_assert!([onto.x, onto.y, onto.width, onto.height].iter().all(|n| n % 2 == 0));
            prop_assert!(taken.0 <= 256.0 && taken.1 <= 144.0);
            // To one pixel: that is what even numbers cost.
            let right_height = onto.width as f64 * taken.1 / taken.0;
            let right_width = onto.height as f64 * taken.0 / taken.1;
            prop_assert!(
                (right_height - onto.height as f64).abs() <= 1.001
                    || (right_width - onto.width as f64).abs() <= 1.001
            );
        }
    }
}
