//! Pictures of words, for when there is nobody to show. Three dots take turns, so that a viewer sees that it is live.

use bytes::Bytes;

use super::{
    canvas::Canvas,
    mask::Mask,
    palette::{DIM, GREY, SLATE, WHITE},
    scene::Slate,
    text::{Capitals, Words},
};
use crate::ingest::WIDTH;

/// How long "starting" is shown before an empty room is called empty, in seconds.
const STARTING: u64 = 3;
/// A dot's turn, in fifths of a second, since a frame rate is a multiple of five.
const TURN: u64 = 3;
const DOTS: u64 = 3;

/// Draws slates, each turn once.
#[derive(Debug, Default)]
pub struct Slates(Option<(Slate, u64, Bytes)>);

impl Slate {
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Starting => ("Starting", "The picture is about to begin"),
            Self::Reconnecting => ("Reconnecting", "The picture will be back in a moment"),
            Self::NobodyHere => ("Nobody is here", "Waiting for somebody to join"),
        }
    }
}

impl Slates {
    /// The picture of this tick.
    pub fn picture(&mut self, slate: Slate, tick: u64, fps: u32, words: &mut Words) -> Bytes {
        let fps = u64::from(fps);
        let slate = match slate {
            Slate::Starting if tick > STARTING * fps => Slate::NobodyHere,
            slate => slate,
        };
        let turn = tick * 5 / (fps * TURN) % DOTS;
        match &self.0 {
            Some((shown, at, picture)) if (*shown, *at) == (slate, turn) => picture.clone(),
            _ => {
                let picture = draw(slate, turn, words);
                self.0 = Some((slate, turn, picture.clone()));
                picture
            }
        }
    }
}

fn draw(slate: Slate, turn: u64, words: &mut Words) -> Bytes {
    let mut canvas = Canvas::filled(SLATE);
    let (title, explanation) = slate.words();
    let mask = words.render(title, Capitals(14), WIDTH - 8);
    canvas.stamp((WIDTH - mask.width) / 2, 44, mask, WHITE);
    let mask = words.render(explanation, Capitals(7), WIDTH - 8);
    canvas.stamp((WIDTH - mask.width) / 2, 70, mask, GREY);
    let dot = Mask::disc(6);
    for n in 0..DOTS {
        let x = WIDTH / 2 - 19 + 16 * n as usize;
        canvas.stamp(x & !1, 96, &dot, if n == turn { WHITE } else { DIM });
    }
    canvas.picture()
}
