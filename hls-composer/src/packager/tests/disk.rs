//! A disk that fails is the operator's trouble, not the viewers'.

use std::fs;
use std::time::Duration;

use bytes::Bytes;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use tokio::time::timeout;

use super::fixture::{config, encode, feed, send, wait_until};
use crate::packager::store::{self, Disk, Job};
use crate::packager::{Handle, Input, open};

#[tokio::test]
async fn viewers_lose_nothing_while_the_disk_fails_and_it_is_caught_up_later() {
    let media = encode(75);
    let data = tempfile::tempdir().expect("a directory");
    let obstacle = data.path().join("obstacle");
    fs::write(&obstacle, "a file where a directory must be").expect("writable");
    let dir = obstacle.join("room-a1");

    let (Handle { input, mut view, .. }, packager) = open(config(&dir, "a1")).expect("valid");
    let task = tokio::spawn(packager.run());
    feed(&input, 0, Duration::ZERO, &media, 34).await;
    let degraded = wait_until(&mut view, |view| view.hint() == Some("a1-0-2.1.m4s")).await;
    assert!(degraded.is_degraded());
    assert!(degraded.find("a1-0-0.m4s").is_some() && degraded.find("a1-0-2.0.m4s").is_some());

    fs::remove_file(&obstacle).expect("removable");
    let rest = media.fragments.iter().skip_while({
        let mut frames = 0;
        move |fragment| {
            frames += fragment.video.len();
            frames <= 34
        }
    });
    for fragment in rest {
        send(&input, Input::Fragment(fragment.clone())).await;
    }
    let healed = wait_until(&mut view, |view| !view.is_degraded()).await;
    for segment in healed.timeline().listed() {
        let name = format!("{}.m4s", segment.stem);
        let stored = fs::read(dir.join(&name)).expect("caught up");
        assert_eq!(stored, healed.find(&name).expect("served").concat(), "{name}");
    }
    drop(input);
    task.await.expect("no panic");
}

#[test]
fn while_no_thread_is_free_posters_are_left_out_and_media_goes_on() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .expect("a runtime");
    let (let_go, held) = std::sync::mpsc::channel::<()>();
    runtime.block_on(async {
        let media = encode(45);
        let data = tempfile::tempdir().expect("a directory");
        // The only thread, as it is held by a disk that hangs.
        drop(tokio::task::spawn_blocking(move || held.recv()));
        let (Handle { input, mut view, .. }, packager) =
            open(config(data.path(), "a1")).expect("valid");
        tokio::spawn(packager.run());
        for _ in 0..2 {
            send(&input, Input::Picture(vec![128; 256 * 144 * 3 / 2].into())).await;
        }
        feed(&input, 0, Duration::ZERO, &media, 25).await;
        let shown = wait_until(&mut view, |view| view.hint() == Some("a1-0-1.3.m4s")).await;
        assert!(shown.poster().is_none());
    });
    drop(let_go);
}

#[tokio::test]
async fn a_disk_that_hangs_holds_one_thread_and_nobody_else() {
    let data = tempfile::tempdir().expect("a directory");
    let pipe = data.path().join("a1-0-0.m4s");
    // Opening a pipe for writing blocks until somebody reads from it.
    mkfifo(&pipe, Mode::S_IRWXU).expect("a pipe");
    let mut disk = Disk::new(data.path().to_path_buf());
    let append = || Job::Append {
        file: "a1-0-0.m4s".to_owned(),
        offset: 0,
        data: Bytes::from_static(b"part"),
    };
    let soon = Duration::from_millis(20);
    assert!(matches!(disk.run(vec![append()], soon).await, Err(store::Error::Slow { .. })));
    // A second thread would wait at the pipe for ever, as the first does.
    let next = timeout(Duration::from_secs(60), disk.run(vec![append()], Duration::MAX));
    let refused = next.await.expect("no second thread waits");
    assert!(matches!(refused, Err(store::Error::Slow { .. })));

    let read = tokio::task::spawn_blocking(move || fs::read(pipe));
    assert_eq!(read.await.expect("no panic").expect("readable"), b"part");
    let note = || Job::Replace { file: "note".to_owned(), data: b"done".to_vec() };
    while disk.run(vec![note()], Duration::MAX).await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(fs::read(data.path().join("note")).expect("written"), b"done");
}
