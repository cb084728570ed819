//! The running compositor: what a changed scene does to the ticks, and who is heard.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use super::{
    super::{
        Tick,
        layout::Layout,
        run,
        scene::{Scene, Tile},
    },
    fixture::{FPS, camera, participant, scene},
};
use crate::ingest::{InputId, Media, media::Payload};

struct Running {
    scene: watch::Sender<Arc<Scene>>,
    media: mpsc::Sender<Media>,
    ticks: mpsc::Receiver<Tick>,
    started: Instant,
}

impl Running {
    fn start(first: Arc<Scene>) -> Self {
        let (scene, scenes) = watch::channel(first);
        let (media, arriving) = mpsc::channel(64);
        let (tick, ticks) = mpsc::channel(64);
        let (punctuality, _) = watch::channel(crate::compositor::Punctuality::default());
        tokio::spawn(run(FPS, scenes, arriving, tick, punctuality));
        Self { scene, media, ticks, started: Instant::now() }
    }

    async fn send(&self, input: &InputId, payload: Payload) {
        let arrived = Instant::now();
        let media = Media { input: input.clone(), generation: 1, arrived, payload };
        self.media.send(media).await.expect("a compositor");
    }

    async fn next(&mut self) -> Tick {
        self.ticks.recv().await.expect("a tick")
    }
}

fn people() -> Vec<Tile> {
    (0..4).map(participant).collect()
}

#[tokio::test(start_paused = true)]
async fn another_layout_is_shown_with_the_next_tick_and_the_ticks_go_on() {
    let mut running = Running::start(scene(Layout::Grid, people()));
    for (n, tile) in people().iter().enumerate() {
        let input = tile.input.clone().expect("an input");
        running.send(&input, Payload::Frame { index: 0, picture: camera(n) }).await;
    }
    let mut last = running.next().await;
    for _ in 0..3 {
        last = running.next().await;
    }
    for layout in [Layout::Speaker, Layout::Spotlight, Layout::ScreenShare, Layout::Grid] {
        running.scene.send_replace(scene(layout, people()));
        let next = running.next().await;
        assert_ne!(next.picture, last.picture, "{layout:?}");
        assert_eq!((next.number, next.after_jump), (last.number + 1, false));
        last = next;
    }
}

#[tokio::test(start_paused = true)]
async fn who_is_not_seen_is_heard() {
    for layout in [Layout::Grid, Layout::Speaker, Layout::Spotlight, Layout::ScreenShare] {
        // More than any layout has places for; the last of them speaks.
        let tiles: Vec<Tile> = (0..20).map(participant).collect();
        let hidden = tiles[19].input.clone().expect("an input");
        let mut running = Running::start(scene(layout, tiles));
        let mut heard = false;
        for run in 0..100 {
            tokio::time::sleep_until(running.started + Duration::from_millis(20 * run)).await;
            let samples = vec![[1000; 2]; 960];
            running.send(&hidden, Payload::Samples { first: 960 * run, samples }).await;
            while let Ok(tick) = running.ticks.try_recv() {
                heard |= tick.sound.windows(2).any(|b| i16::from_le_bytes([b[0], b[1]]) == 1250);
            }
        }
        assert!(heard, "{layout:?}");
    }
}
