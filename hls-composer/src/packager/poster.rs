//! The poster: a picture of the broadcast as a JPEG, for pages that list rooms and for players before they play.

use bytes::Bytes;
use jpeg_encoder::{Encoder, ImageBuffer, JpegColorType, SamplingFactor};

/// Width and height of the canvas, in pixels.
const SIZE: (u16, u16) = (256, 144);
/// Of 100: the artefacts of the small picture's text are no longer seen.
const QUALITY: u8 = 85;

/// Why a picture makes no poster.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is no I420 picture of the canvas's size.
    #[error("a picture of {found} bytes is not {0}x{1} in I420", SIZE.0, SIZE.1)]
    Size {
        /// Its size.
        found: usize,
    },
    /// The encoder refused.
    #[error("the picture cannot be encoded: {0}")]
    Encoding(#[from] jpeg_encoder::EncodingError),
}

/// An I420 picture in the broadcast's colours (BT.601, limited range) as a JPEG. Takes about a millisecond.
///
/// # Errors
/// When the picture has another size.
pub fn encode(picture: &[u8]) -> Result<Bytes, Error> {
    let canvas = Canvas::new(picture).ok_or(Error::Size { found: picture.len() })?;
    let mut jpeg = Vec::with_capacity(16 * 1024);
    let mut encoder = Encoder::new(&mut jpeg, QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.encode_image(canvas)?;
    Ok(jpeg.into())
}

/// The three planes of a picture.
struct Canvas<'a> {
    luma: &'a [u8],
    blue: &'a [u8],
    red: &'a [u8],
}

impl<'a> Canvas<'a> {
    fn new(picture: &'a [u8]) -> Option<Self> {
        let pixels = usize::from(SIZE.0) * usize::from(SIZE.1);
        let (luma, colours) = picture.split_at_checked(pixels)?;
        let (blue, red) = colours.split_at_checked(pixels / 4)?;
        (red.len() == pixels / 4).then_some(Self { luma, blue, red })
    }
}

impl ImageBuffer for Canvas<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        JpegColorType::Ycbcr
    }

    fn width(&self) -> u16 {
        SIZE.0
    }

    fn height(&self) -> u16 {
        SIZE.1
    }

    /// A JPEG's colours have the full range (JFIF): 16 to 235 become 0 to 255.
    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        let (width, row) = (usize::from(SIZE.0), usize::from(y));
        let [luma, blue, red, _] = buffers;
        luma.extend(self.luma[row * width..][..width].iter().map(|&it| full(it, 16, 0, 219)));
        for (plane, buffer) in [(self.blue, blue), (self.red, red)] {
            let half = &plane[row / 2 * (width / 2)..][..width / 2];
            buffer.extend(half.iter().flat_map(|&it| [full(it, 128, 128, 224); 2]));
        }
    }
}

/// A sample stretched around `from` over a range of `span` steps, and set around `to`.
fn full(sample: u8, from: i32, to: i32, span: i32) -> u8 {
    let scaled = (i32::from(sample) - from) * 255;
    let rounded = (scaled + scaled.signum() * span / 2) / span + to;
    u8::try_from(rounded.clamp(0, 255)).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn black_and_white_and_grey_span_the_full_range() {
        assert_eq!([16, 235, 0, 255].map(|it| full(it, 16, 0, 219)), [0, 255, 0, 255]);
        assert_eq!([128, 16, 240].map(|it| full(it, 128, 128, 224)), [128, 0, 255]);
    }

    #[test]
    fn a_picture_of_another_size_is_refused() {
        for found in [0, 1, 256 * 144, 256 * 144 * 3 / 2 - 1, 256 * 144 * 3 / 2 + 1] {
            assert!(matches!(encode(&vec![0; found]), Err(Error::Size { .. })), "{found}");
        }
    }

    #[test]
    fn a_red_picture_is_a_red_jpeg() {
        // Red in BT.601, limited range.
        let planes = [vec![81; 256 * 144], vec![90; 128 * 72], vec![240; 128 * 72]];
        let jpeg = encode(&planes.concat()).expect("a JPEG");
        let dir = tempfile::tempdir().expect("a directory");
        let file = dir.path().join("poster.jpg");
        std::fs::write(&file, &jpeg).expect("writable");
        let decoded = std::process::Command::new("ffmpeg")
            .args(["-loglevel", "error", "-i"])
            .arg(&file)
            .args(["-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"])
            .output()
            .expect("ffmpeg is installed");
        assert_eq!(decoded.stdout.len(), 256 * 144 * 3);
        let [red, green, blue] = decoded.stdout[..3] else { panic!("a pixel") };
        assert!(red > 245 && green < 12 && blue < 12, "{red} {green} {blue}");
    }
}
