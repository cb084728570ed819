//! Playlists, word for word.

use std::time::Duration;

use super::fixture::{anchor, map, part, push_parts, timeline};
use crate::packager::playlist::{low_latency, multivariant, plain};

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
    insta::assert_snapshot!(multivariant(&timeline(0), &map), @r#"
    #EXTM3U
    #EXT-X-VERSION:6
    #EXT-X-INDEPENDENT-SEGMENTS
    #EXT-X-STREAM-INF:BANDWIDTH=250000,AVERAGE-BANDWIDTH=250000,CODECS="avc1.64000c,mp4a.40.2",RESOLUTION=256x144,FRAME-RATE=15.000
    live.m3u8
    "#);
    let mut timeline = timeline(0);
    timeline.push_part(part(15, true, "x".repeat(20_000)));
    timeline.push_part(part(15, true, "x".repeat(24_000)));
    insta::assert_snapshot!(multivariant(&timeline, &map), @r#"
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
