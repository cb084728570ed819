//! Words as coverage masks, from one embedded font.

use std::collections::HashMap;

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _, point};

/// DejaVu Sans Bold: its strokes are still two pixels wide at 11 pixels. Its licence lies beside it.
const FONT: &[u8] = include_bytes!("../../assets/DejaVuSans-Bold.ttf");
/// Rendered words kept; names change seldom.
const CACHED: usize = 64;

/// How much of each pixel is covered, 0 to 255.
#[derive(Clone, Debug)]
pub struct Mask {
    /// Pixels across.
    pub width: usize,
    /// Pixels down.
    pub height: usize,
    cover: Vec<u8>,
}

impl Mask {
    /// The cover of one pixel.
    pub fn at(&self, column: usize, row: usize) -> u8 {
        self.cover[row * self.width + column]
    }

    /// Covers everything.
    #[cfg(test)]
    pub fn opaque(width: usize, height: usize) -> Self {
        Self { width, height, cover: vec![255; width * height] }
    }
}

/// Renders words, each once.
#[derive(Debug)]
pub struct Words {
    font: Option<FontRef<'static>>,
    cache: HashMap<(String, usize, usize), Mask>,
}

impl Words {
    /// Nothing rendered yet.
    pub fn new() -> Self {
        let font = FontRef::try_from_slice(FONT)
            .inspect_err(|error| tracing::error!(%error, "the embedded font is unusable"))
            .ok();
        Self { font, cache: HashMap::new() }
    }

    /// `text` at `size` pixels, shortened with an ellipsis to at most `width` pixels.
    pub fn render(&mut self, text: &str, size: usize, width: usize) -> &Mask {
        let key = (text.to_owned(), size, width);
        if self.cache.len() >= CACHED && !self.cache.contains_key(&key) {
            self.cache.clear();
        }
        let font = &self.font;
        self.cache.entry(key).or_insert_with(|| match font {
            Some(font) => render(font, text, size, width),
            None => Mask { width: 0, height: size, cover: vec![] },
        })
    }
}

fn render(font: &FontRef<'_>, text: &str, size: usize, max_width: usize) -> Mask {
    let scaled = font.as_scaled(PxScale::from(size as f32));
    let advance =
        |text: &str| -> f32 { text.chars().map(|c| scaled.h_advance(scaled.glyph_id(c))).sum() };
    let mut shown = text.to_owned();
    while !shown.is_empty() && advance(&shown).ceil() as usize > max_width {
        shown = shown.trim_end_matches('…').to_owned();
        shown.pop();
        if !shown.is_empty() {
            shown.push('…');
        }
        if shown == "…" {
            break;
        }
    }
    let width = (advance(&shown).ceil() as usize).min(max_width);
    let height = scaled.height().ceil() as usize;
    let mut cover = vec![0; width * height];
    let mut x = 0.0;
    for character in shown.chars() {
        let glyph = scaled
            .glyph_id(character)
            .with_scale_and_position(PxScale::from(size as f32), point(x, scaled.ascent()));
        x += scaled.h_advance(scaled.glyph_id(character));
        let Some(outlined) = font.outline_glyph(glyph) else { continue };
        let bounds = outlined.px_bounds();
        outlined.draw(|column, row, amount| {
            let (column, row) =
                (bounds.min.x as i32 + column as i32, bounds.min.y as i32 + row as i32);
            if let (Ok(column), Ok(row)) = (usize::try_from(column), usize::try_from(row))
                && column < width
                && row < height
            {
                let slot: &mut u8 = &mut cover[row * width + column];
                *slot = slot.saturating_add((amount * 255.0) as u8);
            }
        });
    }
    Mask { width, height, cover }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_ink_and_fit_their_width() {
        let mut words = Words::new();
        let mask = words.render("Ada Lovelace", 11, 400);
        assert!(mask.width > 40 && mask.cover.iter().any(|cover| *cover > 200));
        assert!(words.render("Ada Lovelace", 11, 40).width <= 40);
        assert_eq!(words.render("", 11, 40).width, 0);
        assert!(words.render(&"W".repeat(1000), 11, 8).width <= 8);
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut words = Words::new();
        for n in 0..1000 {
            words.render(&n.to_string(), 11, 100);
        }
        assert!(words.cache.len() <= CACHED);
    }
}
