//! One participant's tile: picture or avatar, name, marks, ring.

use bytes::Bytes;

use super::{
    canvas::Canvas,
    icons::Icons,
    label,
    layout::{CANVAS, Rect},
    mask::Mask,
    palette::{BACKGROUND, BLACK, Colour, GREY, GROUND, MUTED, SLATE, SPEAKING, WHITE},
    scale::Scaler,
    text::{Capitals, Words},
};

/// What is kept of the brightness under a name, of 256.
const UNDER_NAME: u16 = 80;
/// What is kept of a picture that is not live.
const NOT_LIVE: u16 = 110;
/// How round a tile's corners are, in pixels.
const ROUND: usize = 4;

/// The least diameter of a disc with letters on it.
const DISC: usize = 16;

/// What a tile looks like.
#[derive(Clone, Debug)]
pub struct Look<'a> {
    /// I420, 256×144; without one the avatar is shown.
    pub picture: Option<&'a Bytes>,
    /// As [`label::shown`] makes it.
    pub name: &'a str,
    /// The avatar's.
    pub colour: Colour,
    /// With the mark of a muted microphone.
    pub muted: bool,
    /// With a ring.
    pub speaking: bool,
    /// Dimmed and marked.
    pub reconnecting: bool,
    /// Shown whole.
    pub screen: bool,
}

/// How names are set in a tile of some height.
struct Setting {
    capitals: Capitals,
    /// The height of the ground under the name.
    ground: usize,
    /// From the tile's edges.
    inset: usize,
}

impl Setting {
    fn of(rect: Rect) -> Self {
        match rect.height {
            100.. => Self { capitals: Capitals(8), ground: 14, inset: 4 },
            60.. => Self { capitals: Capitals(7), ground: 12, inset: 4 },
            30.. => Self { capitals: Capitals(7), ground: 12, inset: 2 },
            _ => Self { capitals: Capitals(6), ground: 10, inset: 0 },
        }
    }

    /// What a name takes from the height of its tile.
    fn below(&self, look: &Look<'_>) -> usize {
        let named = !look.name.is_empty() || look.muted;
        if named { self.ground + self.inset } else { 0 }
    }
}

/// Draws tiles.
pub struct Brush {
    /// The letters.
    pub words: Words,
    icons: Icons,
    scaler: Scaler,
    cut: Mask,
    bend: Mask,
}

impl Brush {
    /// With everything a tile needs.
    pub fn new() -> Self {
        Self {
            words: Words::new(),
            icons: Icons::new(),
            scaler: Scaler::default(),
            cut: Mask::corner(ROUND),
            bend: Mask::bend(ROUND, 2),
        }
    }

    /// Draws the whole of `rect`.
    pub fn tile(&mut self, canvas: &mut Canvas, rect: Rect, look: &Look<'_>) {
        let setting = Setting::of(rect);
        match look.picture {
            Some(picture) => self.scaler.draw(canvas, rect, picture, look.screen),
            None => self.avatar(canvas, rect, look, &setting),
        }
        if look.reconnecting {
            self.reconnecting(canvas, rect, look, &setting);
        }
        self.name(canvas, rect, look, &setting);
        if rect == CANVAS {
            return;
        }
        canvas.corners(rect, &self.cut, BACKGROUND);
        if look.speaking {
            canvas.sides(rect, ROUND, SPEAKING);
            canvas.corners(rect, &self.bend, SPEAKING);
        }
    }

    /// The initials on a disc of the participant's colour, above the name.
    fn avatar(&mut self, canvas: &mut Canvas, rect: Rect, look: &Look<'_>, setting: &Setting) {
        let below = setting.below(look);
        let room = rect.height - below;
        if look.screen {
            canvas.fill(rect, GROUND);
            self.monitor(canvas, Rect { height: room, ..rect });
            return;
        }
        let side = even(room * 3 / 4);
        let (x, y) = (rect.x + (rect.width - side) / 2, rect.y + (room - side) / 2 + below / 8);
        // Where a disc would be too small for letters, the whole tile has the colour.
        if side < DISC {
            canvas.fill(rect, look.colour);
        } else {
            canvas.fill(rect, GROUND);
            canvas.stamp(even(x), even(y), &Mask::disc(side), look.colour);
        }
        let initials = label::initials(look.name);
        if initials.is_empty() {
            let person = Mask::person(side * 2 / 3);
            canvas.stamp(x + (side - person.width) / 2, y + side / 6, &person, WHITE);
            return;
        }
        let (capitals, width) =
            if side < DISC { (room / 2, rect.width) } else { (side * 2 / 5, side * 4 / 5) };
        // Two wide letters are set smaller.
        let widest = self.words.render(&initials, Capitals(capitals), rect.width).width;
        let capitals = if widest > width { capitals * width / widest } else { capitals };
        let letters = self.words.render(&initials, Capitals(capitals), rect.width);
        let x = rect.x + (rect.width - letters.width) / 2;
        let y = y + (side - capitals) / 2;
        canvas.stamp(x, y.saturating_sub(1), letters, WHITE);
    }

    /// A screen on its stand, for one that has not been seen yet: a screen has no initials.
    fn monitor(&self, canvas: &mut Canvas, room: Rect) {
        let height = even(room.height / 2);
        let width = even(height * 16 / 9);
        let (x, y) = (
            even(room.x + (room.width - width) / 2),
            even(room.y + (room.height - height - 4) / 2),
        );
        let part = |x: usize, y: usize, width: usize, height: usize| Rect { x, y, width, height };
        canvas.fill(part(x, y, width, height), GREY);
        canvas.fill(part(x + 2, y + 2, width - 4, height - 4), SLATE);
        let middle = even(x + width / 2);
        canvas.fill(part(middle - 2, y + height, 4, 2), GREY);
        canvas.fill(part(middle - even(width / 4), y + height + 2, 2 * even(width / 4), 2), GREY);
    }

    /// The held picture, and that the connection is being made again.
    fn reconnecting(
        &mut self,
        canvas: &mut Canvas,
        rect: Rect,
        look: &Look<'_>,
        setting: &Setting,
    ) {
        canvas.dim(rect, NOT_LIVE);
        let room = rect.height - setting.below(look);
        let word = (rect.width >= 120)
            .then(|| self.words.render("Reconnecting…", Capitals(7), rect.width - 8));
        let icon = &self.icons.again;
        let height = icon.height + word.as_ref().map_or(0, |word| word.height + 3);
        let y = rect.y + (room - height) / 2;
        canvas.stamp(rect.x + (rect.width - icon.width) / 2, y, icon, WHITE);
        if let Some(word) = word {
            let x = rect.x + (rect.width - word.width) / 2;
            canvas.stamp(x, y + icon.height + 3, word, WHITE);
        }
    }

    /// The name at the lower left, after the mark of a muted microphone.
    fn name(&mut self, canvas: &mut Canvas, rect: Rect, look: &Look<'_>, setting: &Setting) {
        let Setting { capitals, ground: height, inset } = *setting;
        let icon =
            if height > 10 { &self.icons.microphone_off } else { &self.icons.microphone_off_small };
        let mark = if look.muted { height } else { 0 };
        let room = rect.width - 2 * inset - mark - 6;
        let name = self.words.render(look.name, capitals, room);
        if look.name.is_empty() && !look.muted {
            return;
        }
        let ground = Rect {
            x: rect.x + inset,
            y: rect.y + rect.height - inset - height,
            width: mark + if name.width > 1 { even(name.width + 7) } else { 0 },
            height,
        };
        canvas.dim(ground, UNDER_NAME);
        if look.muted {
            canvas.fill(Rect { width: mark, ..ground }, MUTED);
            let (x, y) = ((mark - icon.shape.width) / 2, (height - icon.shape.height) / 2);
            canvas.stamp(ground.x + x, ground.y + y, &icon.shape, WHITE);
            canvas.stamp(ground.x + x, ground.y + y, &icon.bar, BLACK);
        }
        let above = (height - capitals.0) / 2 - 1;
        canvas.stamp(ground.x + mark + 3, ground.y + above, name, WHITE);
    }
}

fn even(pixels: usize) -> usize {
    pixels & !1
}
