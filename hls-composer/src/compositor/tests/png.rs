//! I420 pictures as PNG files.

use std::{fs::File, io::BufReader, path::Path};

use super::super::canvas::PLANES;
use crate::ingest::{HEIGHT, WIDTH};

/// BT.601 limited range to RGB, in integers.
pub fn rgb(picture: &[u8]) -> Vec<u8> {
    let sample = |plane: usize, x: usize, y: usize| {
        let (start, stride, _) = PLANES[plane];
        i32::from(picture[start + y * stride + x])
    };
    let mut rgb = Vec::with_capacity(WIDTH * HEIGHT * 3);
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let luma = 298 * (sample(0, x, y) - 16);
            let (u, v) = (sample(1, x / 2, y / 2) - 128, sample(2, x / 2, y / 2) - 128);
            for value in [luma + 409 * v, luma - 100 * u - 208 * v, luma + 516 * u] {
                rgb.push(((value + 128) >> 8).clamp(0, 255) as u8);
            }
        }
    }
    rgb
}

pub fn write(path: &Path, width: usize, rgb: &[u8]) {
    let file = File::create(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut encoder = png::Encoder::new(file, width as u32, (rgb.len() / 3 / width) as u32);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_compression(png::Compression::High);
    // Flat colours compress best as they are.
    encoder.set_filter(png::Filter::NoFilter);

    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(rgb).expect("a picture");
}

/// None when there is no such file.
pub fn read(path: &Path) -> Option<Vec<u8>> {
    let file = BufReader::new(File::open(path).ok()?);
    let mut reader = png::Decoder::new(file).read_info().expect("a PNG file");
    let mut rgb = vec![0; reader.output_buffer_size().expect("a size")];
    reader.next_frame(&mut rgb).expect("a picture");
    Some(rgb)
}
