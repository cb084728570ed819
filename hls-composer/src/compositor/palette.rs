//! The colours of the picture, and which participant has which.

use std::collections::HashMap;

/// A colour in BT.601 limited range, as the encoder takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Colour {
    /// Brightness, 16 to 235.
    pub y: u8,
    /// Blueness around 128.
    pub u: u8,
    /// Redness around 128.
    pub v: u8,
}

impl Colour {
    /// From 0xRRGGBB, by BT.601 in integers.
    pub const fn rgb(hex: u32) -> Self {
        let [_, r, g, b] = hex.to_be_bytes();
        let (r, g, b) = (r as i32, g as i32, b as i32);
        Self {
            y: (16 + ((66 * r + 129 * g + 25 * b + 128) >> 8)) as u8,
            u: (128 + ((-38 * r - 74 * g + 112 * b + 128) >> 8)) as u8,
            v: (128 + ((112 * r - 94 * g - 18 * b + 128) >> 8)) as u8,
        }
    }
}

/// Between and around tiles.
pub const BACKGROUND: Colour = Colour::rgb(0x0c0d10);
/// Letterbox bars within a tile, as the ingest paints them.
pub const BLACK: Colour = Colour::rgb(0x000000);
/// The ground of a tile without a picture.
pub const GROUND: Colour = Colour::rgb(0x2a2d34);
/// The ground of slates.
pub const SLATE: Colour = Colour::rgb(0x1b2230);
/// Letters and marks.
pub const WHITE: Colour = Colour::rgb(0xffffff);
/// Words of less weight.
pub const GREY: Colour = Colour::rgb(0xa0a8b8);
/// What rests while its neighbour moves.
pub const DIM: Colour = Colour::rgb(0x465066);
/// Who speaks.
pub const SPEAKING: Colour = Colour::rgb(0x3ddc84);
/// A muted microphone.
pub const MUTED: Colour = Colour::rgb(0xe0312b);

/// Participants' colours: far apart, and dark enough for white letters (contrast 4.5:1 and more).
const PARTICIPANTS: [Colour; 12] = [
    Colour::rgb(0x3949ab), // indigo
    Colour::rgb(0xb3261e), // red
    Colour::rgb(0x00796b), // teal
    Colour::rgb(0x8e24aa), // purple
    Colour::rgb(0x2e7d32), // green
    Colour::rgb(0xad5000), // orange
    Colour::rgb(0x0277a8), // blue
    Colour::rgb(0xc2185b), // pink
    Colour::rgb(0x6b7300), // olive
    Colour::rgb(0x5e35b1), // violet
    Colour::rgb(0x795548), // brown
    Colour::rgb(0x455a64), // slate
];

/// Who has which colour. A participant keeps the one it came with for as long as it is in the scene; it is the one its
/// name asks for unless somebody else present has it.
#[derive(Debug, Default)]
pub struct Colours(HashMap<String, usize>);

impl Colours {
    /// The scene's participants, in order.
    pub fn assign<'a>(&mut self, present: impl Iterator<Item = &'a str> + Clone) {
        self.0.retain(|known, _| present.clone().any(|participant| participant == known));
        for participant in present {
            if self.0.contains_key(participant) {
                continue;
            }
            let wanted = wanted(participant);
            let mut candidates = (0..PARTICIPANTS.len()).map(|n| (wanted + n) % PARTICIPANTS.len());
            let free = candidates.find(|colour| !self.0.values().any(|taken| taken == colour));
            self.0.insert(participant.into(), free.unwrap_or(wanted));
        }
    }

    /// The colour of `participant`.
    pub fn of(&self, participant: &str) -> Colour {
        PARTICIPANTS[self.0.get(participant).copied().unwrap_or_else(|| wanted(participant))]
    }
}

/// FNV-1a, which unlike the standard hasher stays the same from run to run.
fn wanted(participant: &str) -> usize {
    let hash = participant.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    (hash % PARTICIPANTS.len() as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_participant_keeps_its_colour_while_others_come_and_go() {
        let names: Vec<String> = (0..40).map(|n| format!("peer-{n}")).collect();
        let mut colours = Colours::default();
        colours.assign(names[..1].iter().map(String::as_str));
        let first = colours.of(&names[0]);
        for end in 1..40 {
            colours.assign(
                std::iter::once(names[0].as_str()).chain(names[end..].iter().map(String::as_str)),
            );
            assert_eq!(colours.of(&names[0]), first);
        }
    }

    #[test]
    fn as_many_as_there_are_colours_have_different_ones() {
        let names: Vec<String> = (0..PARTICIPANTS.len()).map(|n| n.to_string()).collect();
        let mut colours = Colours::default();
        colours.assign(names.iter().map(String::as_str));
        for (n, a) in names.iter().enumerate() {
            assert!(names[n + 1..].iter().all(|b| colours.of(a) != colours.of(b)));
        }
    }

    #[test]
    fn white_letters_stand_out_on_every_colour() {
        assert!(
            PARTICIPANTS.iter().all(|colour| (60..120).contains(&colour.y)),
            "{PARTICIPANTS:?}"
        );
    }
}
