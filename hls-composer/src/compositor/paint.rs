//! Draws a scene. The canvas of the last tick is kept, and only tiles that look different now are drawn again.

use std::{collections::HashMap, sync::Arc};

use bytes::Bytes;

use super::{
    buffer::InputBuffer,
    canvas::Canvas,
    label,
    layout::{self, CANVAS, Rect},
    palette::{BACKGROUND, Colour, Colours},
    scene::{Scene, Tile},
    slate::Slates,
    tile::{Brush, Look},
};
use crate::ingest::InputId;

/// Draws pictures.
pub struct Painter {
    fps: u32,
    canvas: Canvas,
    /// The canvas, as it was last handed out.
    picture: Bytes,
    scene: Arc<Scene>,
    /// The tiles that have a place.
    seats: Vec<Seat>,
    /// Participants' last pictures: shown while a new input has none.
    held: HashMap<String, Held>,
    colours: Colours,
    brush: Brush,
    slates: Slates,
}

/// One tile in its place.
struct Seat {
    tile: Tile,
    rect: Rect,
    name: String,
    colour: Colour,
    /// What its picture on the canvas was made of; None until it is drawn.
    drawn: Option<Source>,
}

/// Which frame of which input; none for the avatar.
type Source = Option<(InputId, u64)>;

struct Held {
    input: InputId,
    serial: u64,
    picture: Bytes,
}

impl Painter {
    /// Nothing drawn yet.
    pub fn new(fps: u32) -> Self {
        let canvas = Canvas::filled(BACKGROUND);
        Self {
            fps,
            picture: canvas.picture(),
            canvas,
            scene: Arc::default(),
            seats: vec![],
            held: HashMap::new(),
            colours: Colours::default(),
            brush: Brush::new(),
            slates: Slates::default(),
        }
    }

    /// One I420 picture of `scene`.
    pub fn paint(
        &mut self,
        scene: &Arc<Scene>,
        inputs: &HashMap<InputId, InputBuffer>,
        tick: u64,
    ) -> Bytes {
        if !Arc::ptr_eq(scene, &self.scene) {
            self.stage(scene);
        }
        self.hold(inputs);
        if self.seats.is_empty() {
            return self.slates.picture(scene.slate, tick, self.fps, &mut self.brush.words);
        }
        let mut changed = false;
        for seat in &mut self.seats {
            let held = self.held.get(&seat.tile.participant);
            let source = held.map(|held| (held.input.clone(), held.serial));
            if seat.drawn.as_ref() == Some(&source) {
                continue;
            }
            let look = Look {
                picture: held.map(|held| &held.picture),
                name: &seat.name,
                colour: seat.colour,
                muted: seat.tile.muted,
                speaking: seat.tile.speaking && !seat.tile.screen,
                reconnecting: seat.tile.reconnecting,
                screen: seat.tile.screen,
            };
            self.brush.tile(&mut self.canvas, seat.rect, &look);
            seat.drawn = Some(source);
            changed = true;
        }
        if changed {
            self.picture = self.canvas.picture();
        }
        self.picture.clone()
    }

    /// A new scene: whoever stands where it stood and looks as it looked need not be drawn again.
    fn stage(&mut self, scene: &Arc<Scene>) {
        self.scene = Arc::clone(scene);
        self.colours.assign(scene.tiles.iter().map(|tile| tile.participant.as_str()));
        let places = layout::places(scene.layout, scene.tiles.len(), scene.featured_tile());
        let same_places =
            places.iter().map(|place| place.rect).eq(self.seats.iter().map(|s| s.rect));
        if !same_places {
            self.canvas.fill(CANVAS, BACKGROUND);
        }
        let former = std::mem::take(&mut self.seats);
        let seats = places.into_iter().enumerate().filter_map(|(n, place)| {
            let tile = scene.tiles.get(place.tile)?.clone();
            let name = label::shown(&tile.label, |character| self.brush.words.knows(character));
            let colour = self.colours.of(&tile.participant);
            let mut seat = Seat { tile, rect: place.rect, name, colour, drawn: None };
            if let Some(former) = former.get(n).filter(|_| same_places)
                && former.looks_like(&seat)
            {
                seat.drawn = former.drawn.clone();
            }
            Some(seat)
        });
        self.seats = seats.collect();
    }

    /// Remembers every participant's newest picture, also of those who are not seen, and forgets those that must not be
    /// shown: a camera that is off shows the avatar, not its last picture.
    fn hold(&mut self, inputs: &HashMap<InputId, InputBuffer>) {
        let tiles = &self.scene.tiles;
        self.held.retain(|participant, _| {
            let tile = tiles.iter().find(|tile| tile.participant == *participant);
            tile.is_some_and(|tile| tile.input.is_some() && !tile.camera_off)
        });
        for tile in tiles.iter().filter(|tile| !tile.camera_off) {
            let Some(input) = &tile.input else { continue };
            let Some(shown) = inputs.get(input).and_then(InputBuffer::shown) else { continue };
            let held = Held {
                input: Arc::clone(input),
                serial: shown.serial,
                picture: shown.picture.clone(),
            };
            match self.held.get_mut(&tile.participant) {
                Some(slot) => *slot = held,
                None => _ = self.held.insert(tile.participant.clone(), held),
            }
        }
    }
}

impl Seat {
    /// But for the input it takes its picture from.
    fn looks_like(&self, other: &Self) -> bool {
        let appearance = |seat: &Self| {
            let Tile { muted, speaking, reconnecting, screen, .. } = seat.tile;
            (muted, speaking, reconnecting, screen, seat.colour)
        };
        appearance(self) == appearance(other)
            && (&self.tile.participant, &self.name) == (&other.tile.participant, &other.name)
    }
}
