//! A disk that is full, or read-only, or gone costs no viewer anything; the operator is told, and it heals.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::hls::playlist::Playlist;
use crate::rig::{
    daemon::{Daemon, PATIENCE, ROOM, ahead_of_others, until},
    http::Http,
    skip,
};
use proto::v1;
use tokio::{sync::watch, task::JoinHandle, time::timeout};

#[tokio::test(flavor = "multi_thread")]
async fn a_full_and_a_read_only_disk_cost_no_viewer_a_part_and_heal() {
    if !can_mount() {
        return skip("not allowed to mount");
    }
    // The daemon in a mount namespace of its own, on a disk of two megabytes, its log beside it.
    let script = "for it; do [ \"$last\" = --data-dir ] && dir=$it; last=$it; done; \
                  mkdir -p \"$dir\" && mount -t tmpfs -o size=2m tmpfs \"$dir\" || exit 1; \
                  exec \"$@\" 2>\"${dir%/*}/log\"";
    let mut own = ahead_of_others();
    own.args(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]);
    let mut daemon = Daemon::start_by(own, &["--dvr", "30s"]).await;
    let mut statuses = daemon.open(1).await.expect("a claim");
    let disk = Disk::of(&daemon);
    let viewer = Viewer::watch(Http::new(daemon.http)).await;

    disk.fill();
    let told = until(&mut statuses, |status| !status.alarms.is_empty()).await;
    assert!(told.alarms[0].contains("free space"), "{:?}", told.alarms);
    viewer.next_segments(3).await;
    disk.empty();
    until(&mut statuses, |status| status.alarms.is_empty()).await;
    viewer.next_segments(1).await;
    disk.has_what_is_listed(&viewer).await;

    disk.remount("ro");
    let told = until(&mut statuses, |status| !status.alarms.is_empty()).await;
    assert!(told.alarms[0].contains("writable"), "{:?}", told.alarms);
    viewer.next_segments(3).await;
    disk.remount("rw");
    until(&mut statuses, |status| status.alarms.is_empty()).await;
    viewer.next_segments(1).await;
    disk.has_what_is_listed(&viewer).await;

    daemon.close(1).await;
    viewer.lost_nothing().await;
    let log = fs::read_to_string(daemon.data.path().join("log")).expect("a log");
    let errors = log.lines().filter(|line| line.contains("\"ERROR\"")).count();
    assert_eq!(errors, 2, "one line for each time it failed:\n{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_whose_directory_cannot_be_made_is_served_from_memory() {
    let mut daemon = Daemon::start(&["--dvr", "30s"]).await;
    let dir = daemon.data.path().join("hls");
    fs::write(&dir, "a file where a directory must be").expect("writable");
    let mut statuses = daemon.open(1).await.expect("a claim");
    let told = until(&mut statuses, |status| !status.alarms.is_empty()).await;
    assert_eq!(told.alarms.len(), 1, "{:?}", told.alarms);
    let viewer = Viewer::watch(Http::new(daemon.http)).await;
    viewer.next_segments(2).await;
    let asked = v1::GetBroadcastRequest { room_id: ROOM.into() };
    let status = daemon.client.get_broadcast(asked).await.expect("a status").into_inner();
    assert_eq!(status.alarms, told.alarms, "who asks is told too");
    fs::remove_file(&dir).expect("removable");
    until(&mut statuses, |status| status.alarms.is_empty()).await;
    viewer.next_segments(1).await;
    Disk::of(&daemon).has_what_is_listed(&viewer).await;
    daemon.close(1).await;
    viewer.lost_nothing().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_hangs_keeps_no_request_waiting_and_a_room_that_is_opened_anew_goes_on_air() {
    if !can_mount() || !can_freeze() {
        return skip("not allowed to mount, or to freeze what is mounted");
    }
    // A file system of its own that can be frozen: whatever touches it then waits, removals as well.
    let script = "for it; do [ \"$last\" = --data-dir ] && dir=$it; last=$it; done; \
                  truncate -s 64M \"${dir%/*}/image\" && mkfs.ext4 -q \"${dir%/*}/image\" && \
                  mkdir -p \"$dir\" && mount -o loop \"${dir%/*}/image\" \"$dir\" || exit 1; \
                  exec \"$@\"";
    let mut own = ahead_of_others();
    own.args(["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh"]);
    let mut daemon = Daemon::start_by(own, &[]).await;
    let mut statuses = daemon.open(1).await.expect("a claim");
    let disk = Disk::of(&daemon);
    let viewer = Viewer::watch(Http::new(daemon.http)).await;
    let open = |epoch, watch_id: &str| v1::OpenBroadcastRequest {
        room_id: "other".into(),
        epoch,
        watch_id: watch_id.into(),
        only_watch_id: false,
    };
    let mut client = daemon.client.clone();
    let mut former = client.open_broadcast(open(1, "a")).await.expect("a claim").into_inner();
    until(&mut former, |status| status.phase() == v1::BroadcastPhase::Live).await;

    let frozen = Frozen::freeze(&disk);
    until(&mut statuses, |status| !status.alarms.is_empty()).await;
    // Under another name it is another broadcast: the former one is saved and removed, which the disk does not allow now.
    let mut opener = daemon.client.clone();
    let opening = tokio::spawn(async move { opener.open_broadcast(open(2, "b")).await });
    let asked_at = Instant::now();
    for version in 1..=10 {
        // Usually answered in a millisecond.
        let answered = timeout(PATIENCE, daemon.scene(1, version, &["ada"])).await;
        answered.expect("another room's scene is answered while the disk hangs");
        let listing = daemon.client.list_broadcasts(v1::ListBroadcastsRequest {});
        timeout(PATIENCE, listing).await.expect("the list is answered").expect("a list");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    println!("20 requests answered within {} ms", asked_at.elapsed().as_millis());
    let opened = timeout(PATIENCE, opening).await.expect("an answer").expect("no panic");
    let mut anew = opened.expect("a claim").into_inner();
    until(&mut anew, |status| status.phase() == v1::BroadcastPhase::Live).await;
    let list = viewer.http.get("/hls/b/live.m3u8").await.expect("an answer");
    assert_eq!(list.status, 200, "from memory: {}", list.text());
    viewer.next_segments(3).await;

    drop(frozen);
    until(&mut statuses, |status| status.alarms.is_empty()).await;
    let removed = async {
        while disk.dirs("other").len() != 1 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, removed).await.expect("the former broadcast's files are removed");
    daemon.close(1).await;
    viewer.lost_nothing().await;
}

/// Whether this user has loop devices and may freeze what is mounted on one.
fn can_freeze() -> bool {
    let script = "mount -t tmpfs tmpfs /mnt && truncate -s 16M /mnt/image && mkfs.ext4 -q /mnt/image && mkdir /mnt/m && \
                  mount -o loop /mnt/image /mnt/m && fsfreeze -f /mnt/m && fsfreeze -u /mnt/m && umount /mnt/m";
    let mut probe = Command::new("unshare");
    probe.args(["--mount", "--propagation", "private", "sh", "-c", script]);
    probe.stdin(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// A disk that answers nothing until this is dropped.
struct Frozen {
    pid: String,
    dir: PathBuf,
}

impl Frozen {
    fn freeze(disk: &Disk) -> Self {
        let frozen = Self { pid: disk.pid.to_string(), dir: disk.dir.clone() };
        assert!(frozen.run("-f"), "fsfreeze");
        frozen
    }

    fn run(&self, how: &str) -> bool {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid, "--mount", "fsfreeze", how]).arg(&self.dir);
        command.status().is_ok_and(|status| status.success())
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        assert!(self.run("-u") || std::thread::panicking(), "fsfreeze");
    }
}

fn can_mount() -> bool {
    let mut probe = Command::new("unshare");
    probe.args(["--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]);
    let tried = probe.stdin(Stdio::null()).stderr(Stdio::null()).status();
    tried.is_ok_and(|status| status.success())
}

/// The disk of a daemon, as that daemon sees it.
struct Disk {
    dir: PathBuf,
    pid: u32,
}

impl Disk {
    fn of(daemon: &Daemon) -> Self {
        let pid = daemon.pid();
        let dir = daemon.data.path().join("hls");
        Self { dir, pid }
    }

    fn seen(&self) -> PathBuf {
        let path = self.dir.strip_prefix("/").expect("an absolute path");
        Path::new("/proc").join(self.pid.to_string()).join("root").join(path)
    }

    /// The directories of a room's broadcasts, in the order of their names.
    fn dirs(&self, room: &str) -> Vec<PathBuf> {
        let prefix = format!("{room}.");
        let entries = fs::read_dir(self.seen()).expect("a directory").flatten();
        let own = entries.filter(|it| it.file_name().to_string_lossy().starts_with(&prefix));
        let mut dirs: Vec<PathBuf> = own.map(|entry| entry.path()).collect();
        dirs.sort();
        dirs
    }

    /// Writes until not a byte fits.
    fn fill(&self) {
        let full = (0..9_999)
            .find(|n| fs::write(self.seen().join(format!("fill-{n}")), vec![0; 4_096]).is_err());
        assert!(full.is_some(), "a disk of two megabytes is full some time");
    }

    fn empty(&self) {
        for entry in fs::read_dir(self.seen()).expect("a directory").flatten() {
            if entry.file_name().to_string_lossy().starts_with("fill-") {
                fs::remove_file(entry.path()).expect("removable");
            }
        }
    }

    fn remount(&self, how: &str) {
        let pid = self.pid.to_string();
        let mut command = Command::new("nsenter");
        command.args(["--target", &pid, "--mount", "mount", "-o", &format!("remount,{how}")]);
        assert!(command.arg(&self.dir).status().expect("nsenter").success());
    }

    /// Everything of the newest list lies on the disk as it is served.
    async fn has_what_is_listed(&self, viewer: &Viewer) {
        let dir = self.dirs(ROOM).pop().expect("a directory of the room");
        let list = viewer.newest.borrow().clone().expect("a list");
        for segment in list.closed() {
            let served = viewer.http.get(&path(&segment.uri)).await.expect("an answer");
            let stored = fs::read(dir.join(&segment.uri)).expect("caught up");
            assert_eq!((served.status, stored), (200, served.body.to_vec()), "{}", segment.uri);
        }
    }
}

fn path(file: &str) -> String {
    format!("/hls/{ROOM}/{file}")
}

/// A player with low latency that notes what it cannot get.
struct Viewer {
    http: Http,
    newest: watch::Receiver<Option<Playlist>>,
    playing: JoinHandle<BTreeSet<(u64, usize)>>,
}

impl Viewer {
    async fn watch(http: Http) -> Self {
        let (seen, newest) = watch::channel(None);
        let playing = tokio::spawn(play(http.clone(), seen));
        let viewer = Self { http, newest, playing };
        viewer.next_segments(1).await;
        viewer
    }

    /// Waits until as many whole segments more are listed.
    async fn next_segments(&self, count: u64) {
        let end = |list: &Option<Playlist>| {
            list.as_ref().and_then(|list| list.closed().next_back().map(|segment| segment.msn))
        };
        let mut newest = self.newest.clone();
        let goal = end(&newest.borrow()).map_or(0, |msn| msn + count);
        let reached = newest.wait_for(|list| end(list) >= Some(goal));
        drop(timeout(PATIENCE, reached).await.expect("in time").expect("a viewer"));
    }

    /// It saw every part of every segment between its first and the last.
    async fn lost_nothing(self) {
        let parts = timeout(PATIENCE, self.playing).await.expect("the end").expect("a viewer");
        let (first, last) = (parts.first().expect("a part").0, parts.last().expect("a part").0);
        for msn in first + 1..last {
            let seen = (0..5).filter(|part| parts.contains(&(msn, *part))).count();
            assert_eq!(seen, 5, "segment {msn} has five parts: {parts:?}");
        }
    }
}

async fn play(http: Http, seen: watch::Sender<Option<Playlist>>) -> BTreeSet<(u64, usize)> {
    let mut parts = BTreeSet::new();
    let mut directives = String::new();
    loop {
        let answer = http.get(&path(&format!("live.m3u8{directives}"))).await.expect("an answer");
        assert!(
            answer.status == 200 || directives.is_empty(),
            "{}: {}",
            answer.status,
            answer.text()
        );
        if answer.status != 200 {
            continue;
        }
        let list = Playlist::parse(answer.text()).expect("a playlist");
        assert!(list.segments.iter().all(|it| !it.discontinuity), "{}", list.text);
        for segment in &list.segments {
            for (index, part) in segment.parts.iter().enumerate() {
                if parts.insert((segment.msn, index)) {
                    let answer = http.get(&path(&part.uri)).await.expect("an answer");
                    assert_eq!(answer.status, 200, "{}", part.uri);
                }
            }
        }
        let ended = list.is_ended();
        let end = list.segments.last().expect("a segment");
        let (msn, part) = match end.duration {
            Some(_) => (end.msn + 1, 0),
            None => (end.msn, end.parts.len()),
        };
        directives = format!("?_HLS_msn={msn}&_HLS_part={part}");
        seen.send_replace(Some(list));
        if ended {
            return parts;
        }
    }
}
