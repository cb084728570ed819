//! What a tick costs. `cargo test --release -p hls-composer --lib cost -- --ignored --nocapture` prints it.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use bytes::Bytes;

use super::{
    super::{buffer::InputBuffer, layout::Layout, mixer::Mixer, paint::Painter, scene::Tile},
    fixture::{FPS, camera, participant, scene},
};
use crate::ingest::{FRAME_BYTES, InputId, Media, media::Payload};

const TICKS: u64 = 600;

/// In nanoseconds: what a tick costs when nothing else wants the core.
fn median(mut times: Vec<Duration>) -> u128 {
    times.sort_unstable();
    times[times.len() / 2].as_nanos()
}

#[test]
#[ignore = "prints a measurement"]
fn cost_of_painting() {
    for layout in [Layout::Grid, Layout::Speaker, Layout::ScreenShare] {
        for count in [1_usize, 4, 8, 9] {
            let tiles =
                (0..count).map(|n| Tile { muted: n % 2 == 0, speaking: n == 1, ..participant(n) });
            let scene = scene(layout, tiles.collect());
            let pictures: Vec<Vec<u8>> = (0..count).map(|n| camera(n).to_vec()).collect();
            let mut painter = Painter::new(FPS);
            let mut inputs: HashMap<InputId, InputBuffer> = HashMap::new();
            let (mut moving, mut still) = (Vec::new(), Vec::new());
            let start = tokio::time::Instant::now();
            for tick in 0..TICKS {
                let now = start + Duration::from_nanos(tick * 1_000_000_000 / u64::from(FPS));
                for (n, picture) in pictures.iter().enumerate() {
                    let input: InputId = format!("peer-{n}").as_str().into();
                    let buffer =
                        inputs.entry(input.clone()).or_insert_with(|| InputBuffer::new(FPS));
                    let picture = Bytes::copy_from_slice(picture);
                    let payload = Payload::Frame { index: tick, picture };
                    buffer.take(Media { input, generation: 1, arrived: now, payload });
                    buffer.advance(now);
                }
                for total in [&mut moving, &mut still] {
                    let begun = Instant::now();
                    let picture = painter.paint(&scene, &inputs, tick);
                    total.push(begun.elapsed());
                    assert_eq!(picture.len(), FRAME_BYTES);
                }
            }
            println!(
                "{layout:?} of {count}: {} ns a tick when every picture is new, {} ns when none is",
                median(moving),
                median(still)
            );
        }
    }
}

#[test]
#[ignore = "prints a measurement"]
fn cost_of_mixing() {
    let tick = |level: i16| -> Vec<[i16; 2]> {
        (0..3200_i32).map(|n| [((n * 37 % 2000) as i16 / 8) * level, (n % 900) as i16]).collect()
    };
    let rooms = [
        ("9 mute", vec![vec![[0; 2]; 3200]; 9]),
        ("1 voice of 9", [vec![tick(8)], vec![vec![[0; 2]; 3200]; 8]].concat()),
        ("9 voices", vec![tick(8); 9]),
        ("9 shouts", vec![tick(90); 9]),
    ];
    for (name, inputs) in rooms {
        let mut mixer = Mixer::new(FPS);
        let ticks = (0..TICKS).map(|_| {
            let begun = Instant::now();
            mixer.mix(inputs.iter().map(Vec::as_slice));
            begun.elapsed()
        });
        println!("{name}: {} ns a tick", median(ticks.collect()));
    }
}
