//! What holds for every playlist of every broadcast, whatever happens to its encoders.

use std::collections::HashMap;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use proptest::prelude::*;

use super::fixture::{FPS, anchor, map, part};
use crate::packager::playlist::low_latency;
use crate::packager::segment::duration;
use crate::packager::timeline::Timeline;

#[derive(Debug, Clone)]
enum Event {
    Part,
    ShortPartThenClose(u32),
    Close,
    NewEncoder { gap_ms: u64 },
    EncoderGone,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        40 => Just(Event::Part),
        1 => (1_u32..=3).prop_map(Event::ShortPartThenClose),
        1 => Just(Event::Close),
        2 => (0_u64..5_000).prop_map(|gap_ms| Event::NewEncoder { gap_ms }),
        1 => Just(Event::EncoderGone),
    ]
}

/// A timeline driven as the packager drives it, and what viewers have seen of it.
struct Broadcast {
    timeline: Timeline,
    generation: u32,
    wall: SystemTime,
    contents: HashMap<String, Bytes>,
    tags_gone: u64,
    media_sequence: u64,
    tags: Vec<(u64, bool)>,
}

impl Broadcast {
    fn new() -> Self {
        let mut timeline = Timeline::new("k3f9", FPS);
        timeline.begin_run(map("init-k3f9-0.mp4"), anchor());
        Self {
            timeline,
            generation: 0,
            wall: anchor(),
            contents: HashMap::new(),
            tags_gone: 0,
            media_sequence: 0,
            tags: Vec::new(),
        }
    }

    fn apply(&mut self, event: &Event, step: usize) {
        match event {
            Event::Part => self.push(3, step),
            Event::ShortPartThenClose(ticks) => {
                self.push(*ticks, step);
                self.timeline.close_segment();
            }
            Event::Close => drop(self.timeline.close_segment()),
            Event::NewEncoder { gap_ms } => {
                self.generation += 1;
                self.wall += Duration::from_millis(*gap_ms);
                let name = format!("init-k3f9-{}.mp4", self.generation);
                self.timeline.begin_run(map(&name), self.wall);
            }
            Event::EncoderGone => drop(self.timeline.end_run()),
        }
    }

    fn push(&mut self, ticks: u32, step: usize) {
        let hint = self.timeline.hint();
        let independent = self.timeline.open().is_none();
        self.timeline.push_part(part(ticks, independent, format!("step {step}")));
        if self.timeline.map().is_some() {
            self.wall += duration(u64::from(ticks), FPS);
            if let Some(hint) = hint {
                assert!(self.timeline.find(&hint).is_some(), "the hint {hint} came true");
            }
        }
    }

    fn check(&mut self) {
        let timeline = &self.timeline;
        assert!(timeline.media_sequence() >= self.media_sequence);
        self.media_sequence = timeline.media_sequence();
        assert!(timeline.listed().len() <= 60, "the list is bounded");

        let listed: Vec<_> = timeline.listed().chain(timeline.open()).collect();
        for (offset, segment) in listed.iter().enumerate() {
            assert_eq!(segment.id.msn, timeline.media_sequence() + offset as u64);
            let short = |part: &&crate::packager::timeline::Part| part.ticks * 100 < 85 * 3;
            assert!(!segment.parts.iter().rev().skip(1).any(|part| short(&part)));
        }
        for pair in listed.windows(2) {
            let gap = pair[1].starts_at.duration_since(pair[0].starts_at).expect("forward");
            if !pair[1].discontinuity {
                let drift = gap.abs_diff(pair[0].duration());
                assert!(drift < Duration::from_micros(1), "{drift:?}");
                assert_eq!(pair[0].map, pair[1].map);
            }
        }

        for segment in &listed {
            let seen = self.tags.last().is_some_and(|(msn, _)| *msn >= segment.id.msn);
            if !seen {
                self.tags.push((segment.id.msn, segment.discontinuity));
            }
        }
        let (media_sequence, tags) = (self.media_sequence, &mut self.tags);
        self.tags_gone += tags
            .extract_if(.., |(msn, _)| *msn < media_sequence)
            .map(|(_, tag)| u64::from(tag))
            .sum::<u64>();
        assert_eq!(timeline.discontinuity_sequence(), self.tags_gone);

        let playlist = low_latency(timeline);
        let quoted = playlist.lines().filter_map(|line| {
            let hint = line.starts_with("#EXT-X-PRELOAD-HINT");
            line.split("URI=\"").nth(1).filter(|_| !hint)?.split('"').next()
        });
        for uri in playlist.lines().filter(|line| !line.starts_with('#')).chain(quoted) {
            let content = Bytes::from(timeline.find(uri).expect("what is listed exists").concat());
            let first = self.contents.entry(uri.to_owned()).or_insert_with(|| content.clone());
            assert_eq!(*first, content, "{uri}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn playlists_keep_their_promises(events in prop::collection::vec(event(), 1..200)) {
        let mut broadcast = Broadcast::new();
        for (step, event) in events.iter().enumerate() {
            broadcast.apply(event, step);
            broadcast.check();
        }
    }
}

#[test]
fn a_steady_stream_lists_ten_segments_and_keeps_the_ones_before() {
    let timeline = super::fixture::timeline(5 * 40);
    assert_eq!(timeline.listed().len(), 10);
    assert_eq!(timeline.media_sequence(), 30);
    assert!(timeline.find("k3f9-0-18.m4s").is_some());
    assert!(timeline.find("k3f9-0-17.m4s").is_none());
}
