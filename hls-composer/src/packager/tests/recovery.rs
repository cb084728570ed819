//! Restarts: killed, stopped, and with damaged files.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::encoder::decoded_by_map;
use super::fixture::{Encoded, config, encode, feed, send, text, uris, wait_until};
use crate::packager::{Config, Handle, Input, Recovered, View, open, remove, resume, scan};

/// A broadcast killed after 25 of its frames, without a chance to close anything.
async fn killed(dir: &Path, media: &Encoded) -> Arc<View> {
    let (Handle { input, mut view, .. }, packager) = open(config(dir, "a1")).expect("valid");
    let task = tokio::spawn(packager.run());
    feed(&input, 0, Duration::ZERO, media, 25).await;
    let last = wait_until(&mut view, |view| view.hint() == Some("a1-0-1.3.m4s")).await;
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
    last
}

fn only(data_dir: &Path) -> Recovered {
    let found = scan(data_dir);
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().expect("one")
}

#[tokio::test]
async fn a_killed_broadcast_goes_on_with_all_it_had_listed() {
    let media = encode(45);
    let data = tempfile::tempdir().expect("a directory");
    let dir = data.path().join("room-a1");
    let before = killed(&dir, &media).await;

    // The write the process was killed in.
    let mut torn = OpenOptions::new().append(true).open(dir.join("a1-0-1.m4s")).expect("there");
    torn.write_all(b"\0\0\x02\0moof torn").expect("writable");
    fs::write(dir.join("a1-0-0.m4s.tmp"), "left over").expect("writable");

    let recovered = only(data.path());
    assert_eq!((recovered.room_id.as_str(), recovered.ended_at), ("room", None));
    let fresh = config(Path::new("elsewhere"), "b2");
    let (Handle { input, mut view, .. }, packager) = resume(fresh, recovered).await.expect("valid");
    let at_once = view.borrow().clone();
    assert_eq!(at_once.newest_closed(), Some(1));
    assert!(at_once.playlist().is_none(), "the list waits until it can say what comes next");
    let hinted = before.hint().expect("a hint");
    assert!(at_once.find(hinted).is_some(), "what was hinted comes from the next process");
    for segment in before.timeline().listed() {
        let name = format!("{}.m4s", segment.stem);
        let whole: Vec<u8> = segment.parts.iter().flat_map(|part| part.data.to_vec()).collect();
        assert_eq!(at_once.find(&name).expect("served again").concat(), whole, "{name}");
    }
    let open = before.timeline().open().expect("an open segment");
    let cut = at_once.timeline().listed().last().expect("a segment");
    assert_eq!(cut.parts[..3], open.parts);
    assert_eq!(cut.parts.iter().map(|it| it.ticks).collect::<Vec<_>>(), [3, 3, 3, 1]);

    let task = tokio::spawn(packager.run());
    feed(&input, 0, Duration::from_secs(5), &media, 45).await;
    let listed = wait_until(&mut view, |view| view.playlist().is_some()).await;
    assert!(listed.hint().is_some_and(|hint| hint.starts_with("b2-1-")));
    wait_until(&mut view, |view| view.newest_closed() == Some(3)).await;
    assert!(!dir.join("a1-0-0.m4s.tmp").exists(), "left-overs are swept away");
    send(&input, Input::Finish).await;
    task.await.expect("no panic");
    let ended = view.borrow().clone();
    let playlist = text(&ended);
    assert_eq!(playlist.matches("#EXT-X-DISCONTINUITY\n").count(), 1);
    assert!(playlist.contains("init-b2-0.mp4") && playlist.contains("b2-1-2.m4s"), "{playlist}");
    let player = tempfile::tempdir().expect("a directory");
    assert_eq!(decoded_by_map(&ended, player.path()), [25, 45]);

    let recovered = only(data.path());
    assert!(recovered.ended_at.is_some());
    remove(&dir).expect("removable");
    remove(&dir).expect("already gone");
    assert!(scan(data.path()).is_empty());
}

#[tokio::test]
async fn a_suspended_broadcast_keeps_its_last_frame() {
    let media = encode(30);
    let data = tempfile::tempdir().expect("a directory");
    let dir = data.path().join("room-a1");
    let (Handle { input, view, .. }, packager) = open(config(&dir, "a1")).expect("valid");
    let task = tokio::spawn(packager.run());
    feed(&input, 0, Duration::ZERO, &media, 25).await;
    let (saved, answer) = oneshot::channel();
    send(&input, Input::Suspend(saved)).await;
    answer.await.expect("saved");
    task.await.expect("no panic");
    let last = view.borrow().clone();
    let hinted = last.hint().expect("viewers keep the list they have").to_owned();
    assert!(!last.is_ended() && text(&last).ends_with(&format!("URI=\"{hinted}\"\n")));
    assert!(last.find(&hinted).is_some(), "what is hinted comes");

    let fresh = config(&dir, "b2");
    let (handle, _) = resume(fresh, only(data.path())).await.expect("valid");
    let resumed = handle.view.borrow().clone();
    assert_eq!(resumed.find(&hinted), last.find(&hinted));
    assert_eq!(resumed.timeline().segments().map(|it| it.ticks()).sum::<u32>(), 25);
}

#[tokio::test]
async fn an_ended_broadcast_stays_ended() {
    let media = encode(15);
    let data = tempfile::tempdir().expect("a directory");
    let dir = data.path().join("room-a1");
    let (Handle { input, .. }, packager) = open(config(&dir, "a1")).expect("valid");
    let task = tokio::spawn(packager.run());
    feed(&input, 0, Duration::ZERO, &media, 15).await;
    send(&input, Input::Finish).await;
    task.await.expect("no panic");
    let (handle, packager) = resume(config(&dir, "b2"), only(data.path())).await.expect("valid");
    packager.run().await;
    assert!(handle.view.borrow().is_ended());
}

#[tokio::test]
async fn damaged_files_are_left_out() {
    let media = encode(46);
    for (damaged, content) in [
        ("a1-0-0.m4s", None),
        ("a1-0-0.m4s", Some("noise")),
        ("a1-0-1.m4s", Some("\0\0\0\x01moof")),
        ("init-a1-0.mp4", None),
        ("init-a1-0.mp4", Some("\0\0\0\x10ftyp")),
        ("begun.part", None),
        ("begun.part", Some("{\"segment\":")),
        ("begun.part", Some("{\"segment\":{}}\nnoise")),
        ("timeline.json", None),
        ("timeline.json", Some("{\"version\":1")),
        ("timeline.json", Some("{\"version\":2}")),
    ] {
        let data = tempfile::tempdir().expect("a directory");
        let dir = data.path().join("room-a1");
        killed(&dir, &media).await;
        match content {
            Some(content) => fs::write(dir.join(damaged), content).expect("writable"),
            None => fs::remove_file(dir.join(damaged)).expect("removable"),
        }
        let Some(recovered) = scan(data.path()).pop() else {
            assert_eq!(damaged, "timeline.json");
            continue;
        };
        let (Handle { input, mut view, .. }, packager) =
            resume(config(&dir, "b2"), recovered).await.expect("valid");
        let task = tokio::spawn(packager.run());
        feed(&input, 0, Duration::from_secs(5), &media, 46).await;
        let view = wait_until(&mut view, |it| it.newest_closed().is_some_and(|msn| msn >= 3)).await;
        let segments: Vec<u64> = view.timeline().segments().map(|it| it.id.msn).collect();
        assert!(segments.is_sorted() && segments.windows(2).all(|it| it[0] + 1 == it[1]));
        drop(input);
        task.await.expect("no panic");
    }
}

#[tokio::test]
async fn where_a_file_cannot_be_read_what_is_not_known_is_set_aside_and_never_removed() {
    let media = encode(46);
    for unread in [false, true] {
        let data = tempfile::tempdir().expect("a directory");
        let dir = data.path().join("room-a1");
        killed(&dir, &media).await;
        let (old, segment) = (dir.join("a0-0-0.m4s"), dir.join("a1-0-0.m4s"));
        fs::write(&old, "of an earlier window").expect("writable");
        if unread {
            unreadable(&segment);
        }
        for incarnation in ["b2", "c3"] {
            let (Handle { input, alarm, .. }, packager) =
                resume(config(&dir, incarnation), only(data.path())).await.expect("valid");
            drop(input);
            packager.run().await;
            assert_eq!(*alarm.borrow(), None);
        }
        let aside = |name: &str| dir.join("unread-b2").join(name).exists();
        assert_eq!((old.exists(), segment.exists()), (false, !unread));
        let names = ["a0-0-0.m4s", "a1-0-0.m4s", "timeline.json"];
        assert_eq!(names.map(aside), [unread; 3]);
        assert!(!dir.join("unread-c3").exists(), "once");
    }
}

#[tokio::test]
async fn a_dvr_window_that_cannot_be_read_is_set_aside_and_the_timeline_goes_on() {
    let media = encode(45 * 15);
    let data = tempfile::tempdir().expect("a directory");
    let dir = data.path().join("room-a1");
    let config =
        |incarnation| Config { window: Duration::from_secs(40), ..config(&dir, incarnation) };
    let (Handle { input, mut view, .. }, packager) = open(config("a1")).expect("valid");
    let task = tokio::spawn(packager.run());
    feed(&input, 0, Duration::ZERO, &media, 40 * 15).await;
    wait_until(&mut view, |view| view.newest_closed() == Some(38)).await;
    drop(input);
    task.await.expect("no panic");
    let of_window = fs::read_to_string(dir.join("window.jsonl")).expect("a file of the window");
    assert!(of_window.contains("\"a1-0-3\""), "{of_window}");
    unreadable(&dir.join("window.jsonl"));

    let (Handle { input, mut view, alarm, .. }, packager) =
        resume(config("b2"), only(data.path())).await.expect("valid");
    let task = tokio::spawn(packager.run());
    feed(&input, 0, Duration::from_secs(50), &media, 30 * 15).await;
    wait_until(&mut view, |view| view.newest_closed().is_some_and(|msn| msn >= 66)).await;
    drop(input);
    task.await.expect("no panic");
    assert_eq!(*alarm.borrow(), None);
    let aside = dir.join("unread-b2");
    assert!(aside.join("window.jsonl").is_dir() && aside.join("a1-0-3.m4s").is_file());
    let timeline = fs::read_to_string(dir.join("timeline.json")).expect("a timeline");
    assert!(timeline.contains("\"msn\":66") && dir.join("window.jsonl").is_file());
}

/// Nothing that is read like a file: a directory, for tests run as root, whom no permissions stop.
fn unreadable(file: &Path) {
    fs::remove_file(file).expect("removable");
    fs::create_dir(file).expect("a directory");
}

#[tokio::test]
async fn a_dvr_window_outlives_the_process_and_what_ended_stays_on_demand() {
    let media = encode(45 * 15);
    let data = tempfile::tempdir().expect("a directory");
    let dir = data.path().join("room-a1");
    let window = Duration::from_secs(40);
    let with_window = |incarnation| Config { window, ..config(&dir, incarnation) };
    let (Handle { input, mut view, .. }, packager) = open(with_window("a1")).expect("valid");
    let task = tokio::spawn(packager.run());
    feed(&input, 0, Duration::ZERO, &media, 45 * 15 - 5).await;
    send(&input, Input::Picture(vec![128; 256 * 144 * 3 / 2].into())).await;
    let before = wait_until(&mut view, |view| view.newest_closed() == Some(43)).await;
    drop(input);
    task.await.expect("no panic");
    // As a process that dies while it writes a line.
    let log = dir.join("window.jsonl");
    let mut lines = fs::read_to_string(&log).expect("a file of the window");
    assert_eq!(lines.lines().count(), 44 - 10 - 12);
    lines += "{\"stem\":\"a1-0-";
    fs::write(&log, lines).expect("writable");

    let (Handle { input, mut view, .. }, packager) =
        resume(with_window("b2"), only(data.path())).await.expect("valid");
    let task = tokio::spawn(packager.run());
    feed(&input, 0, Duration::from_secs(50), &media, 31).await;
    let resumed = wait_until(&mut view, |view| view.newest_closed() == Some(46)).await;
    let playlist = String::from_utf8(resumed.dvr().expect("a window").to_vec()).expect("UTF-8");
    // Forty seconds, of which the interrupted segment has less than one.
    let first = 47 - 41;
    assert!(playlist.contains(&format!("#EXT-X-MEDIA-SEQUENCE:{first}\n")), "{playlist}");
    assert_eq!(playlist.matches("#EXT-X-DISCONTINUITY\n").count(), 1);
    for uri in uris(&playlist) {
        let stored = || fs::read(resumed.stored(&uri).expect("a file")).expect("readable");
        let bytes = resumed.find(&uri).map_or_else(stored, |chunks| chunks.concat());
        if let Some(served) = before.find(&uri) {
            assert_eq!(bytes, served.concat(), "{uri}");
        }
    }
    assert!(resumed.poster().is_some(), "a poster stays too");
    send(&input, Input::Finish).await;
    task.await.expect("no panic");
    let ended = view.borrow().on_demand().cloned().expect("on demand");

    let (handle, packager) = resume(config(&dir, "c3"), only(data.path())).await.expect("valid");
    packager.run().await;
    let kept = handle.view.borrow().clone();
    assert_eq!(kept.on_demand(), Some(&ended), "the window it had, whatever it would be now");
    for uri in uris(std::str::from_utf8(&ended).expect("UTF-8")) {
        assert!(kept.find(&uri).is_some() || kept.stored(&uri).is_some_and(|it| it.exists()));
    }
}
