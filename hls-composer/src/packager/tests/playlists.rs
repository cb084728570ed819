//! Playlists, word for word.

use std::time::Duration;

use super::fixture::{FPS, anchor, map, part, push_parts, timeline};
use crate::packager::playlist::{dvr, low_latency, multivariant, on_demand, plain};
use crate::packager::timeline::Timeline;
use crate::packager::window::Window;

#[test]
fn a_live_playlist_names_parts_and_hints_the_next() {
    insta::assert_snapshot!(low_latency(&timeline(7)), @r#"
    #EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-TARGETDURATION:1
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.65,HOLD-BACK=3.0
    #EXT-X-PART-INF:PART-TARGET=0.2
    #EXT-X-MEDIA-SEQUENCE:0
    #EXT-X-DISCONTINUITY-SEQUENCE:0
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-MAP:URI="init-k3f9-0.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.1.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.2.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.3.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.4.m4s"
    #EXTINF:1.00000,
    k3f9-0-0.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:01.000Z
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-1.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-1.1.m4s"
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI="k3f9-0-1.2.m4s"
    "#);
}

#[test]
fn parts_are_listed_for_three_target_durations_and_old_segments_slide_out() {
    insta::assert_snapshot!(low_latency(&timeline(5 * 13 + 2)), @r#"
    #EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-TARGETDURATION:1
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.65,HOLD-BACK=3.0
    #EXT-X-PART-INF:PART-TARGET=0.2
    #EXT-X-MEDIA-SEQUENCE:3
    #EXT-X-DISCONTINUITY-SEQUENCE:0
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-MAP:URI="init-k3f9-0.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:03.000Z
    #EXTINF:1.00000,
    k3f9-0-3.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:04.000Z
    #EXTINF:1.00000,
    k3f9-0-4.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:05.000Z
    #EXTINF:1.00000,
    k3f9-0-5.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:06.000Z
    #EXTINF:1.00000,
    k3f9-0-6.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:07.000Z
    #EXTINF:1.00000,
    k3f9-0-7.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:08.000Z
    #EXTINF:1.00000,
    k3f9-0-8.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:09.000Z
    #EXTINF:1.00000,
    k3f9-0-9.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:10.000Z
    #EXTINF:1.00000,
    k3f9-0-10.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:11.000Z
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-11.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-11.1.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-11.2.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-11.3.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-11.4.m4s"
    #EXTINF:1.00000,
    k3f9-0-11.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:12.000Z
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-12.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-12.1.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-12.2.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-12.3.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-12.4.m4s"
    #EXTINF:1.00000,
    k3f9-0-12.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:13.000Z
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-13.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-13.1.m4s"
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI="k3f9-0-13.2.m4s"
    "#);
}

#[test]
fn a_new_encoder_begins_a_segment_behind_a_discontinuity_with_its_own_map() {
    let mut timeline = timeline(8);
    timeline.push_part(part(1, false, "last picture".to_owned()));
    timeline.begin_run(map("init-k3f9-1.mp4"), anchor() + Duration::from_millis(1_900));
    push_parts(&mut timeline, 6);
    insta::assert_snapshot!(low_latency(&timeline), @r#"
    #EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-TARGETDURATION:1
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.65,HOLD-BACK=3.0
    #EXT-X-PART-INF:PART-TARGET=0.2
    #EXT-X-MEDIA-SEQUENCE:0
    #EXT-X-DISCONTINUITY-SEQUENCE:0
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-MAP:URI="init-k3f9-0.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.1.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.2.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.3.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.4.m4s"
    #EXTINF:1.00000,
    k3f9-0-0.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:01.000Z
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-1.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-1.1.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-1.2.m4s"
    #EXT-X-PART:DURATION=0.06667,URI="k3f9-0-1.3.m4s"
    #EXTINF:0.66667,
    k3f9-0-1.m4s
    #EXT-X-DISCONTINUITY
    #EXT-X-MAP:URI="init-k3f9-1.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:01.900Z
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-1-2.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-1-2.1.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-1-2.2.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-1-2.3.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-1-2.4.m4s"
    #EXTINF:1.00000,
    k3f9-1-2.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:02.900Z
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-1-3.0.m4s",INDEPENDENT=YES
    #EXT-X-PRELOAD-HINT:TYPE=PART,URI="k3f9-1-3.1.m4s"
    "#);
}

#[test]
fn an_ended_playlist_says_so_and_hints_nothing() {
    let mut timeline = timeline(6);
    timeline.end(anchor());
    insta::assert_snapshot!(low_latency(&timeline), @r#"
    #EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-TARGETDURATION:1
    #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=0.65,HOLD-BACK=3.0
    #EXT-X-PART-INF:PART-TARGET=0.2
    #EXT-X-MEDIA-SEQUENCE:0
    #EXT-X-DISCONTINUITY-SEQUENCE:0
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-MAP:URI="init-k3f9-0.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.0.m4s",INDEPENDENT=YES
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.1.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.2.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.3.m4s"
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-0.4.m4s"
    #EXTINF:1.00000,
    k3f9-0-0.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:01.000Z
    #EXT-X-PART:DURATION=0.20000,URI="k3f9-0-1.0.m4s",INDEPENDENT=YES
    #EXTINF:0.20000,
    k3f9-0-1.m4s
    #EXT-X-ENDLIST
    "#);
}

#[test]
fn the_plain_playlist_has_whole_segments_only() {
    insta::assert_snapshot!(plain(&timeline(12)), @r#"
    #EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-TARGETDURATION:1
    #EXT-X-MEDIA-SEQUENCE:0
    #EXT-X-DISCONTINUITY-SEQUENCE:0
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-MAP:URI="init-k3f9-0.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
    #EXTINF:1.00000,
    k3f9-0-0.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:01.000Z
    #EXTINF:1.00000,
    k3f9-0-1.m4s
    "#);
}

#[test]
fn the_multivariant_playlist_names_codecs_and_measured_rates() {
    let map = map("init-k3f9-0.mp4");
    insta::assert_snapshot!(multivariant(&timeline(0), &map, "live.m3u8"), @r#"
    #EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-STREAM-INF:BANDWIDTH=192000,AVERAGE-BANDWIDTH=192000,CODECS="avc1.64000c,mp4a.40.2",RESOLUTION=256x144,FRAME-RATE=15.000
    live.m3u8
    "#);
    let mut timeline = timeline(0);
    timeline.push_part(part(15, true, "x".repeat(20_000)));
    timeline.push_part(part(15, true, "x".repeat(24_000)));
    insta::assert_snapshot!(multivariant(&timeline, &map, "live.m3u8"), @r#"
    #EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-STREAM-INF:BANDWIDTH=192000,AVERAGE-BANDWIDTH=176000,CODECS="avc1.64000c,mp4a.40.2",RESOLUTION=256x144,FRAME-RATE=15.000
    live.m3u8
    "#);
}

#[test]
fn a_segment_without_a_key_frame_takes_the_promise_of_independence_back() {
    let mut timeline = timeline(5);
    assert!(low_latency(&timeline).contains("#EXT-X-INDEPENDENT-SEGMENTS"));
    timeline.push_part(part(3, false, "no key frame".to_owned()));
    assert!(!low_latency(&timeline).contains("#EXT-X-INDEPENDENT-SEGMENTS"));
}

/// A second of a broadcast, behind `before` others.
fn push_seconds(timeline: &mut Timeline, seconds: u32) {
    for _ in 0..seconds {
        push_parts(timeline, 5);
        // The disk takes everything.
        timeline.saved();
    }
}

fn windowed(seconds: u64) -> Timeline {
    let mut timeline =
        Timeline::new("k3f9", FPS).with_window(Window::new(Duration::from_secs(seconds)));
    timeline.begin_run(map("init-k3f9-0.mp4"), anchor());
    timeline
}

#[test]
fn the_dvr_playlist_lists_the_whole_window_and_no_parts() {
    let mut timeline = windowed(3);
    push_seconds(&mut timeline, 2);
    timeline.begin_run(map("init-k3f9-1.mp4"), anchor() + Duration::from_secs(2));
    push_seconds(&mut timeline, 2);
    insta::assert_snapshot!(dvr(&timeline), @r#"
    #EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-TARGETDURATION:1
    #EXT-X-MEDIA-SEQUENCE:1
    #EXT-X-DISCONTINUITY-SEQUENCE:0
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-MAP:URI="init-k3f9-0.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:01.000Z
    #EXTINF:1.00000,
    k3f9-0-1.m4s
    #EXT-X-DISCONTINUITY
    #EXT-X-MAP:URI="init-k3f9-1.mp4"
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:02.000Z
    #EXTINF:1.00000,
    k3f9-1-2.m4s
    #EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:03.000Z
    #EXTINF:1.00000,
    k3f9-1-3.m4s
    "#);
}

#[test]
fn a_window_that_has_left_memory_is_listed_counted_and_dropped_a_window_later() {
    let mut timeline = windowed(60);
    push_seconds(&mut timeline, 30);
    timeline.begin_run(map("init-k3f9-1.mp4"), anchor() + Duration::from_secs(40));
    push_seconds(&mut timeline, 70);
    let playlist = dvr(&timeline);
    assert!(playlist.contains("#EXT-X-MEDIA-SEQUENCE:40\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"));
    assert_eq!(playlist.matches("#EXTINF").count(), 60);
    assert!(playlist.ends_with("k3f9-1-99.m4s\n"), "{playlist}");
    let files = |timeline: &Timeline, msn: u64| {
        let run = u64::from(msn >= 30);
        let name = format!("k3f9-{run}-{msn}.m4s");
        timeline.find(&name).is_some() || timeline.window().has_file(&name)
    };
    assert!((0..100).all(|msn| files(&timeline, msn)), "each for a window after it left the list");
    assert!(timeline.find("k3f9-1-60.m4s").is_none(), "it is on disk alone");
    push_seconds(&mut timeline, 100);
    let playlist = dvr(&timeline);
    assert!(playlist.contains("#EXT-X-MEDIA-SEQUENCE:140\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n"));
    assert!(!files(&timeline, 78) && files(&timeline, 79), "and no longer");
    assert!(!timeline.window().has_file("init-k3f9-0.mp4"));
}

#[test]
fn what_the_disk_does_not_take_stays_in_memory_for_five_minutes() {
    let mut timeline = windowed(600);
    push_seconds(&mut timeline, 100);
    push_parts(&mut timeline, 5 * 200);
    assert!(timeline.find("k3f9-0-150.m4s").is_some() && timeline.find("k3f9-0-20.m4s").is_none());
    assert!(dvr(&timeline).contains("#EXT-X-MEDIA-SEQUENCE:0\n"));
    push_parts(&mut timeline, 5 * 200);
    let held = timeline.window().in_memory().count();
    assert_eq!(held, 300);
    let first = 500 - 300 - 10 - 12;
    assert!(dvr(&timeline).contains(&format!("#EXT-X-MEDIA-SEQUENCE:{first}\n")));
    timeline.saved();
    assert_eq!(timeline.window().in_memory().count(), 0);
}

#[test]
fn what_is_left_at_the_end_is_the_window_or_the_live_list_on_demand() {
    let mut without = timeline(5 * 14 + 2);
    without.end(anchor());
    let playlist = on_demand(&without);
    assert!(playlist.contains("#EXT-X-PLAYLIST-TYPE:VOD\n#EXT-X-MEDIA-SEQUENCE:4\n"), "{playlist}");
    assert_eq!(playlist.matches("#EXTINF").count(), 11);
    assert!(playlist.ends_with("#EXTINF:0.40000,\nk3f9-0-14.m4s\n#EXT-X-ENDLIST\n"));

    let mut with = windowed(40);
    push_seconds(&mut with, 50);
    with.end(anchor());
    assert_eq!(on_demand(&with).matches("#EXTINF").count(), 40);
    assert!(dvr(&with).ends_with("#EXT-X-ENDLIST\n"));
}

#[test]
fn a_list_that_goes_on_after_a_restart_is_no_longer_than_any() {
    // As many short segments as are ever listed, and the ones that a process died in.
    let mut timeline = timeline(0);
    for _ in 0..14 {
        timeline.push_part(part(12, true, "short".to_owned()));
        timeline.close_segment();
    }
    let segments: Vec<_> = timeline.segments().cloned().collect();
    let first = segments.last().map_or(0, |last| last.id.msn).saturating_sub(13);
    let restored = Timeline::restored("m7", FPS, segments, first, timeline.next(), None);
    assert!(restored.listed().len() <= 12, "{} are listed", restored.listed().len());
}
