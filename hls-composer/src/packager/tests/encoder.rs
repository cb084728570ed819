//! Real encoder output, packaged and decoded again.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::fixture::{
    config, decoded_frames, encode, feed, probe, read, send, text, uris, wait_until,
};
use crate::packager::cmaf::{self, Fragment, Init};
use crate::packager::{Handle, Input, View, open};

/// Writes the playlist of `view` and all it names into `dir`, as a player would fetch it.
fn download(view: &View, dir: &Path) -> PathBuf {
    let playlist = text(view);
    for uri in uris(&playlist) {
        let media = view.find(&uri).expect("what is listed exists").concat();
        fs::write(dir.join(uri), media).expect("writable");
    }
    let path = dir.join("live.m3u8");
    fs::write(&path, playlist).expect("writable");
    path
}

/// How many pictures decode, each initialization section with the segments behind it on its own:
/// ffmpeg's HLS demuxer discards the first part behind a discontinuity, whose timestamps go back.
pub(super) fn decoded_by_map(view: &View, dir: &Path) -> Vec<usize> {
    let mut files: Vec<Vec<u8>> = Vec::new();
    for uri in uris(&text(view)) {
        let media = view.find(&uri).expect("what is listed exists").concat();
        match files.last_mut() {
            Some(file) if !uri.starts_with("init-") => file.extend(media),
            _ => files.push(media),
        }
    }
    let decode = |file: Vec<u8>| {
        let path = dir.join("run.mp4");
        fs::write(&path, file).expect("writable");
        decoded_frames(&path)
    };
    files.into_iter().map(decode).collect()
}

fn sound_is_contiguous(file: &Path) {
    let packets = probe(file, "a:0", &["-show_entries", "packet=dts,duration"]);
    let times: Vec<(i64, i64)> = packets
        .iter()
        .filter_map(|line| line.split_once(','))
        .map(|(dts, duration)| (dts.parse().expect("dts"), duration.parse().expect("duration")))
        .collect();
    assert!(times.len() > 150, "{} packets", times.len());
    for pair in times.windows(2) {
        assert_eq!(pair[0].0 + pair[0].1, pair[1].0, "sound continues");
    }
}

#[tokio::test]
async fn every_frame_of_the_encoder_decodes_from_the_playlist() {
    let media = encode(60);
    let (_, fragments) = read(&media.stream, &[1, 7, 1000, 3, 65_536, 11, 13_000]);
    assert_eq!(fragments, media.fragments, "the pieces the pipe gives do not matter");

    let dir = tempfile::tempdir().expect("a directory");
    let (Handle { input, mut view, .. }, packager) = open(config(dir.path(), "a1")).expect("valid");
    let task = tokio::spawn(packager.run());
    feed(&input, 0, Duration::ZERO, &media, 60).await;
    let live = wait_until(&mut view, |view| view.newest_closed() == Some(2)).await;
    assert!(live.timeline().listed().all(|it| it.parts.len() == 5 && it.is_independent()));
    wait_until(&mut view, |view| view.hint() == Some("a1-0-3.4.m4s")).await;

    send(&input, Input::Finish).await;
    task.await.expect("no panic");
    let ended = view.borrow().clone();
    assert!(!ended.is_degraded() && ended.is_ended());
    assert!(text(&ended).ends_with("#EXT-X-ENDLIST\n"));

    let player = tempfile::tempdir().expect("a directory");
    let playlist = download(&ended, player.path());
    assert_eq!(decoded_frames(&playlist), 60);

    // The same bytes without a playlist, so that no demuxer corrects a timestamp.
    let names = uris(&text(&ended));
    let whole: Vec<u8> =
        names.iter().flat_map(|it| ended.find(it).expect("there").concat()).collect();
    let file = player.path().join("whole.mp4");
    fs::write(&file, &whole).expect("writable");
    assert_eq!(decoded_frames(&file), 60);
    sound_is_contiguous(&file);

    // What lies on disk is what was served.
    for name in names {
        let stored = fs::read(dir.path().join(&name)).expect("stored");
        assert_eq!(stored, ended.find(&name).expect("served").concat(), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_last_part_is_listed_before_the_end_is() {
    let media = encode(40);
    let dir = tempfile::tempdir().expect("a directory");
    let (Handle { input, mut view, .. }, packager) = open(config(dir.path(), "a1")).expect("valid");
    let task = tokio::spawn(packager.run());
    feed(&input, 0, Duration::ZERO, &media, 40).await;
    send(&input, Input::GenerationEnded).await;
    send(&input, Input::Finish).await;
    let last =
        wait_until(&mut view, |view| view.playlist().is_some() && view.hint().is_none()).await;
    let playlist = text(&last);
    assert!(
        playlist.ends_with("#EXT-X-PART:DURATION=0.06667,URI=\"a1-0-2.3.m4s\"\n"),
        "{playlist}"
    );
    let shown = tokio::time::Instant::now();
    let ended = wait_until(&mut view, View::is_ended).await;
    assert!(
        shown.elapsed() >= Duration::from_secs(1) - Duration::from_millis(1),
        "time to fetch it"
    );
    let parts = |text: &str| text.matches("#EXT-X-PART:").count();
    assert_eq!(parts(&text(&ended)), parts(&playlist), "the end brings nothing new");
    task.await.expect("no panic");
}

#[tokio::test]
async fn an_encoder_that_dies_leaves_a_short_segment_and_one_discontinuity() {
    let (first, second) = (encode(40), encode(30));
    let dir = tempfile::tempdir().expect("a directory");
    let (Handle { input, view, .. }, packager) = open(config(dir.path(), "a1")).expect("valid");
    let mut published = view.clone();
    let watcher = tokio::spawn(async move {
        let mut hinted: Option<String> = None;
        while published.changed().await.is_ok() {
            let view = published.borrow_and_update().clone();
            if let Some(hinted) = hinted.filter(|hinted| view.hint() != Some(hinted)) {
                assert!(view.find(&hinted).is_some(), "{hinted} was hinted and did not come");
            }
            hinted = view.hint().map(str::to_owned);
            let last =
                view.timeline().ended_at().is_none() && view.newest() == view.timeline().newest();
            let promises = view.hint().is_some() || view.is_ended() || last;
            assert!(view.playlist().is_none() || promises, "a list always says what comes next");
        }
    });
    let task = tokio::spawn(packager.run());

    feed(&input, 0, Duration::ZERO, &first, 25).await;
    send(&input, Input::GenerationEnded).await;
    feed(&input, 1, Duration::from_millis(1_800), &second, 30).await;
    send(&input, Input::Finish).await;
    task.await.expect("no panic");
    watcher.await.expect("no list without a promise");
    let ended = view.borrow().clone();
    let ticks: Vec<u32> = ended.timeline().listed().map(|it| it.ticks()).collect();
    assert_eq!(ticks, [15, 10, 15, 15], "the dead encoder's last segment is short");
    let playlist = text(&ended);
    assert_eq!(playlist.matches("#EXT-X-DISCONTINUITY\n").count(), 1);
    assert_eq!(playlist.matches("#EXT-X-MAP").count(), 2);
    assert!(playlist.contains("00:00:01.800Z"), "{playlist}");

    let player = tempfile::tempdir().expect("a directory");
    assert_eq!(decoded_by_map(&ended, player.path()), [25, 30]);
}

#[test]
fn joined_parts_cost_little_more_than_their_media() {
    let media = encode(60);
    let init = Init::parse(media.init.clone()).expect("sound");
    assert_eq!(cmaf::codecs(&media.init).expect("codecs"), "avc1.64000b,mp4a.40.2");
    assert_eq!((init.width, init.height), (256, 144));
    let mut part = Fragment::default();
    let (mut joined, mut bare, mut parts) = (0, 0, 0);
    for fragment in &media.fragments {
        part.audio.extend(fragment.audio.clone());
        part.video.extend(fragment.video.clone());
        if part.video.len() == 3 {
            joined += cmaf::join(&init, 1, &part).expect("fits").len();
            let all = part.video.iter().chain(&part.audio);
            bare += all.map(|sample| sample.data.len()).sum::<usize>();
            part = Fragment::default();
            parts += 1;
        }
    }
    let overhead = (joined - bare) / parts;
    println!(
        "encoder {} kbit/s, joined {} kbit/s, bare {} kbit/s, {overhead} bytes a part",
        media.stream.len() * 8 / 4000,
        joined * 8 / 4000,
        bare * 8 / 4000
    );
    assert!(overhead <= 260, "{overhead} bytes a part");
}
