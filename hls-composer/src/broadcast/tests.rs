//! What a panic in one of the tasks costs, with real FFmpegs: the one broadcast is started again and says why.

use std::{
    net::{IpAddr, Ipv4Addr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use daemon::cpus::CpuList;
use tempfile::TempDir;
use tokio::{
    sync::watch,
    task::JoinHandle,
    time::{sleep, timeout},
};

use super::{BroadcastError, Directory, DirectoryConfig, Handle, Phase};
use crate::{
    packager::{
        self, Address, View,
        tests::fixture::{config, encode, feed, wait_until},
    },
    ports::Ports,
    process::Launcher,
};

/// Far beyond what anything takes.
const PATIENCE: Duration = Duration::from_secs(60);

async fn directory(dir: &Path) -> (Directory, JoinHandle<()>) {
    let cpus = CpuList::allowed().expect("cores");
    Directory::start(DirectoryConfig {
        data_dir: dir.join("hls"),
        sdp_dir: dir.join("sdp"),
        ffmpeg: "ffmpeg".into(),
        cpus: cpus.iter().collect(),
        cpu_budget: 1_000,
        max_broadcasts: 4,
        max_inputs: 4,
        fps: 15,
        public_url: String::new(),
        claim_grace: PATIENCE,
        keep: PATIENCE,
        dvr: Duration::ZERO,
        launcher: Launcher::start().expect("a thread"),
        ports: Ports::start(IpAddr::V4(Ipv4Addr::LOCALHOST), "41000-41099".parse().expect("ports")),
    })
    .await
}

async fn until<T>(
    what: &str,
    mut watched: watch::Receiver<Arc<T>>,
    fits: impl Fn(&T) -> bool,
) -> Arc<T> {
    let found = timeout(PATIENCE, watched.wait_for(|it| fits(it)));
    Arc::clone(&found.await.unwrap_or_else(|_| panic!("not in time: {what}")).expect(what))
}

/// Waits until viewers have as many segments more.
async fn goes_on(broadcast: &Handle, segments: u64) -> Arc<View> {
    let newest = broadcast.view.borrow().newest_closed();
    let wanted = newest.map_or(segments, |newest| newest + segments);
    until("a stream that goes on", broadcast.view.clone(), |view| {
        view.playlist().is_some() && view.newest_closed() >= Some(wanted)
    })
    .await
}

/// The room's broadcast when it has been started again.
async fn started_again(directory: &Directory, former: &Handle) -> Handle {
    let starting = async {
        loop {
            match directory.ensure("room", None, 1).await {
                Ok(broadcast) if !broadcast.commands.same_channel(&former.commands) => {
                    return broadcast;
                }
                Ok(_) | Err(BroadcastError::StartingAgain(_)) => {
                    sleep(Duration::from_millis(10)).await
                }
                Err(error) => panic!("{error}"),
            }
        }
    };
    timeout(PATIENCE, starting).await.expect("a broadcast that is started again")
}

async fn a_panic_in(task: &'static str) {
    let dir = TempDir::new().expect("a directory");
    let (directory, _keeping) = directory(dir.path()).await;
    let other = directory.ensure("other", None, 1).await.expect("a broadcast");
    let former = directory.ensure("room", None, 1).await.expect("a broadcast");
    let _claims = (other.open(1).await.expect("a claim"), former.open(1).await.expect("a claim"));
    let before = goes_on(&former, 1).await;
    former.poison(task).await;

    let broadcast = started_again(&directory, &former).await;
    let status = Arc::clone(&broadcast.status.borrow());
    let alarm = status.alarms.first().expect("a reason").to_string();
    assert!(alarm.contains("panicked: ") && alarm.contains("is poisoned"), "{alarm}");
    assert_eq!(status.phase, Phase::Orphaned, "its SFU claims it anew");
    let _claim = broadcast.open(2).await.expect("a claim");
    until("a live broadcast", broadcast.status.clone(), |it| it.phase == Phase::Live).await;
    let after = goes_on(&broadcast, 2).await;
    let numbers: Vec<u64> = after.timeline().segments().map(|segment| segment.id.msn).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] + 1 == pair[1]), "{numbers:?}");
    for segment in before.timeline().listed() {
        let name = format!("{}.m4s", segment.stem);
        assert_eq!(after.find(&name), before.find(&name), "{name}");
    }
    // What a disk did not take in time died with the packager.
    let lost = task == "packager" || former.view.borrow().is_degraded();
    if let Some(hint) = before.hint().filter(|_| !lost) {
        let names = after.timeline().segments().map(|it| (it.stem.clone(), it.parts.len()));
        let names: Vec<_> = names.collect();
        assert!(after.find(hint).is_some(), "{hint} was hinted: {names:?}, {:?}", status.alarms);
    }
    // Nobody else noticed.
    let status = other.snapshot().await;
    assert_eq!((status.phase, status.encoder.generation), (Phase::Live, 1));
    goes_on(&other, 1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_the_compositor_restarts_its_broadcast_alone() {
    a_panic_in("compositor").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_the_encoders_task_restarts_its_broadcast_alone() {
    a_panic_in("encoder's task").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_the_packager_restarts_its_broadcast_alone() {
    a_panic_in("packager").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_a_broadcasts_own_task_restarts_it_alone() {
    a_panic_in("broadcast").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_that_panics_again_and_again_ends_and_the_room_can_be_opened_anew() {
    let dir = TempDir::new().expect("a directory");
    let (directory, _keeping) = directory(dir.path()).await;
    let mut broadcast = directory.ensure("room", None, 1).await.expect("a broadcast");
    for _ in 0..3 {
        goes_on(&broadcast, 1).await;
        broadcast.poison("broadcast").await;
        broadcast = started_again(&directory, &broadcast).await;
    }
    goes_on(&broadcast, 1).await;
    broadcast.poison("broadcast").await;
    // Until it is given up whoever asks is told that the room starts again.
    let anew = started_again(&directory, &broadcast).await;
    assert!(anew.status.borrow().alarms.is_empty());
    goes_on(&anew, 1).await;
}

/// A room may have two directories when its process died between making one and removing the other.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_broadcasts_of_one_room_the_newer_goes_on_and_the_older_is_removed() {
    let dir = TempDir::new().expect("a directory");
    let media = encode(40);
    // The first as a former release named it.
    for (name, incarnation) in [("room", "1a"), ("room.2b", "2b")] {
        let config = config(&dir.path().join("hls").join(name), incarnation);
        let (packager::Handle { input, mut view, .. }, packager) =
            packager::open(config).expect("valid");
        let packaging = tokio::spawn(packager.run());
        feed(&input, 0, Duration::ZERO, &media, 40).await;
        wait_until(&mut view, |view| view.newest_closed() == Some(1)).await;
        drop(input);
        packaging.await.expect("no panic");
    }
    let (directory, _keeping) = directory(dir.path()).await;
    let broadcast = directory.find("room").await.expect("a broadcast");
    let view = goes_on(&broadcast, 2).await;
    assert!(view.find("2b-0-0.m4s").is_some() && view.find("1a-0-0.m4s").is_none());
    let removed = async {
        while dir.path().join("hls/room").exists() {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, removed).await.expect("the older one's files are removed");
    assert!(dir.path().join("hls/room.2b/timeline.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_guarded_while_it_is_on_air_is_so_for_the_next_process() {
    let dir = TempDir::new().expect("a directory");
    let (directory, _keeping) = directory(dir.path()).await;
    let address = |only| Some(Address { watch_id: "watch".into(), only });
    let open = directory.ensure("room", address(false), 1).await.expect("a broadcast");
    let guarded = directory.ensure("room", address(true), 1).await.expect("the broadcast");
    assert!(guarded.commands.same_channel(&open.commands), "nobody is interrupted");
    directory.suspend().await;
    let left = packager::scan(&dir.path().join("hls"));
    let addresses: Vec<_> = left.into_iter().map(|found| found.address).collect();
    assert_eq!(addresses, [address(true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_was_overtaken_on_its_way_takes_nothing_from_the_newer_one() {
    let dir = TempDir::new().expect("a directory");
    let (directory, _keeping) = directory(dir.path()).await;
    let address = |watch: &str, only| Some(Address { watch_id: watch.into(), only });
    directory.ensure("room", address("new", true), 2).await.expect("a broadcast");
    for former in [address("old", true), address("new", false), None] {
        let late = directory.ensure("room", former, 1).await;
        assert!(matches!(late, Err(BroadcastError::StaleEpoch { offered: 1, current: 2 })));
    }
    directory.suspend().await;
    let left = packager::scan(&dir.path().join("hls"));
    let addresses: Vec<_> = left.into_iter().map(|found| found.address).collect();
    assert_eq!(addresses, [address("new", true)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_of_the_directory_is_the_end_of_its_task() {
    let dir = TempDir::new().expect("a directory");
    let (directory, keeping) = directory(dir.path()).await;
    directory.poison().await;
    let end = timeout(PATIENCE, keeping).await.expect("its end");
    assert!(end.is_err_and(|error| error.is_panic()));
    assert!(matches!(directory.find("room").await, Err(BroadcastError::ShuttingDown)));
}
