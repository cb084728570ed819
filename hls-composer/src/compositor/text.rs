//! Words as coverage masks, from one embedded font.

use std::collections::HashMap;

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _, point};

use super::mask::Mask;

/// DejaVu Sans Bold: its strokes are still two pixels wide at ten pixels. Its licence lies beside it.
const FONT: &[u8] = include_bytes!("../../assets/DejaVuSans-Bold.ttf");
/// Rendered words kept; names change seldom.
const CACHED: usize = 128;
/// From the line above the letters to the one below, in capital letters' heights of this font.
const LINE: f32 = 1.164 / 0.729;

/// How high capital letters are, in pixels. These are sizes at which the font's small letters, too, come out at nearly
/// whole pixels (5.25, 6, 10.5, …), so that their edges are sharp.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Capitals(pub usize);

/// Renders words, each once.
#[derive(Debug)]
pub struct Words {
    font: Option<FontRef<'static>>,
    cache: HashMap<(String, Capitals, usize), Mask>,
}

impl Words {
    /// Nothing rendered yet.
    pub fn new() -> Self {
        let font = FontRef::try_from_slice(FONT)
            .inspect_err(|error| tracing::error!(%error, "the embedded font is unusable"))
            .ok();
        Self { font, cache: HashMap::new() }
    }

    /// Whether the font has this character.
    pub fn knows(&self, character: char) -> bool {
        self.font.as_ref().is_some_and(|font| font.glyph_id(character).0 != 0)
    }

    /// `text` on one line, shortened to at most `width` pixels: first to "First L.", then to the first word, then with
    /// an ellipsis. The mask is as high as capital letters with what hangs below the line.
    pub fn render(&mut self, text: &str, size: Capitals, width: usize) -> &Mask {
        let key = (text.to_owned(), size, width);
        if self.cache.len() >= CACHED && !self.cache.contains_key(&key) {
            self.cache.clear();
        }
        let font = &self.font;
        self.cache.entry(key).or_insert_with(|| match font {
            Some(font) => Pen { font, size }.render(text, width),
            None => Mask::EMPTY,
        })
    }
}

struct Pen<'a> {
    font: &'a FontRef<'static>,
    size: Capitals,
}

impl Pen<'_> {
    fn scale(&self) -> PxScale {
        PxScale::from(self.size.0 as f32 * LINE)
    }

    fn width(&self, text: &str) -> usize {
        let scaled = self.font.as_scaled(self.scale());
        let advance: f32 = text.chars().map(|c| scaled.h_advance(scaled.glyph_id(c))).sum();
        advance.ceil() as usize
    }

    fn render(&self, text: &str, max_width: usize) -> Mask {
        let text = self.shorten(text, max_width);
        let scaled = self.font.as_scaled(self.scale());
        // Strokes may begin left of the pen and end right of it.
        let (width, above) = (self.width(&text) + 1, self.size.0 + 1);
        let height = above + self.size.0.div_ceil(3);
        let mut cover = vec![0; width * height];
        let mut pen = 0.0;
        for character in text.chars() {
            let id = scaled.glyph_id(character);
            // A stem that begins on a whole pixel has one sharp edge at least.
            let bearing = scaled.h_side_bearing(id);
            let x = (pen + bearing).round() - bearing;
            let glyph = id.with_scale_and_position(self.scale(), point(x, above as f32));
            pen += scaled.h_advance(id);
            let Some(outlined) = self.font.outline_glyph(glyph) else { continue };
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

    fn shorten(&self, text: &str, max_width: usize) -> String {
        let fits = |text: &str| self.width(text) < max_width;
        let mut words = text.split(' ');
        let first = words.next().unwrap_or_default();
        let initial = words.next_back().and_then(|word| word.chars().next());
        // "Ada Lovelace's screen" is not "Ada s.".
        let initial = initial.filter(|initial| !initial.is_lowercase());
        let with_initial = initial.map(|initial| format!("{first} {initial}."));
        let whole = [Some(text.to_owned()), with_initial, Some(first.to_owned())];
        if let Some(found) = whole.into_iter().flatten().find(|text| fits(text)) {
            return found;
        }
        let mut cut = first.to_owned();
        while cut.pop().is_some() {
            let shortened = format!("{cut}…");
            if fits(&shortened) {
                return shortened;
            }
        }
        String::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Capitals = Capitals(7);

    #[test]
    fn words_have_ink_and_fit_their_width() {
        let mut words = Words::new();
        let mask = words.render("Ada Lovelace", SMALL, 400);
        assert!(mask.width > 40 && mask.cover.iter().any(|cover| *cover > 200));
        for width in 0..100 {
            assert!(words.render("Ada Lovelace", SMALL, width).width <= width.max(1));
        }
        assert_eq!(words.render("", SMALL, 40).width, 1);
    }

    #[test]
    fn a_long_name_is_shortened_to_what_names_somebody() {
        let words = Words::new();
        let pen = Pen { font: words.font.as_ref().expect("the font"), size: SMALL };
        let shortened = |width| pen.shorten("Ada King Lovelace", width);
        assert_eq!(shortened(400), "Ada King Lovelace");
        assert_eq!(shortened(pen.width("Ada King")), "Ada L.");
        assert_eq!(shortened(pen.width("Ada") + 1), "Ada");
        assert_eq!(pen.shorten("Katherine Johnson", pen.width("Kath…") + 1), "Kath…");
        assert_eq!(shortened(3), "");
        let screen = "Ada Lovelace's screen";
        assert_eq!(pen.shorten(screen, pen.width(screen)), "Ada");
    }

    #[test]
    fn the_cache_is_bounded() {
        let mut words = Words::new();
        for n in 0..1000 {
            words.render(&n.to_string(), SMALL, 100);
        }
        assert!(words.cache.len() <= CACHED);
    }
}
