//! Nothing leaks: ports, processes and memory are what they were after many inputs have come and gone.

use std::time::Instant;

use crate::rig::{
    daemon::{Daemon, PATIENCE, ROOM, input},
    rig_count,
    sender::Ssrcs,
    sfu::Sfu,
};
use procfs::process::Process;
use proto::v1;
use tokio::time::timeout;

/// Memory may differ by this much: allocators keep what they were given for a while.
const NOISE: u64 = 8 << 20;

#[tokio::test(flavor = "multi_thread")]
async fn ports_that_are_reserved_and_released_again_and_again_are_all_free_in_the_end() {
    let mut daemon = Daemon::start(&["--rtp-ports", "10000-31999"]).await;
    let _sfu = Sfu::open(&mut daemon, 1).await;
    let (mut before, begun) = (0, Instant::now());
    let cycles = rig_count(1000, 10_000);
    for n in 0..cycles {
        let id = format!("input-{n}");
        daemon.scene(1, n as u64 + 1, &[&id]).await;
        let ports = daemon
            .reserve_tracks(1, &id, &[v1::MediaKind::Audio])
            .await
            .expect("ports, and no EADDRINUSE");
        assert_eq!(ports.len(), 1);
        daemon.stop(1, &id).await;
        if n == cycles / 10 {
            before = resident(&daemon);
        }
    }
    let after = resident(&daemon);
    all_free(&mut daemon).await;
    println!(
        "{cycles} reservations in {:?}: {} MB before, {} MB after",
        begun.elapsed(),
        before >> 20,
        after >> 20
    );
    assert!(after < before + NOISE, "{before} bytes before, {after} bytes after");
}

#[tokio::test(flavor = "multi_thread")]
async fn inputs_that_start_and_stop_again_and_again_leave_no_process_no_port_and_no_memory_behind()
{
    let mut daemon = Daemon::start(&["--rtp-ports", "32000-32767"]).await;
    let mut sfu = Sfu::open(&mut daemon, 1).await;
    let (mut before, begun) = (0, Instant::now());
    let cycles = rig_count(300, 500);
    for n in 0..cycles {
        let id = format!("input-{n}");
        daemon.scene(1, n as u64 + 1, &[&id]).await;
        daemon.reserve(1, &id).await.expect("ports, and no EADDRINUSE");
        let generation = daemon.start_input(1, &id, Ssrcs::of(0)).await.expect("an FFmpeg");
        assert_eq!(generation, 1, "no bind fails");
        daemon.confirm(1, &id, generation).await;
        daemon.stop(1, &id).await;
        sfu.until(|status| input(status, &id).is_none()).await;
        if n == cycles / 10 {
            before = resident(&daemon);
        }
    }
    let after = resident(&daemon);
    let encoder = sfu.status.borrow().encoder.expect("an encoder").pid;
    let children = children(&daemon);
    assert_eq!(children, [encoder], "only the encoder of {ROOM} is left, and no zombie");
    all_free(&mut daemon).await;
    println!(
        "{cycles} inputs in {:?}: {} MB before, {} MB after",
        begun.elapsed(),
        before >> 20,
        after >> 20
    );
    assert!(after < before + NOISE, "{before} bytes before, {after} bytes after");
}

/// Waits until no port is leased or in quarantine.
async fn all_free(daemon: &mut Daemon) {
    let waiting = async {
        while daemon.usage().await != (0, 0) {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, waiting).await.expect("every port is free again");
}

fn resident(daemon: &Daemon) -> u64 {
    let process = Process::new(daemon.pid() as i32).expect("the daemon");
    let pages = process.statm().expect("its memory").resident;
    pages * procfs::page_size()
}

/// Its child processes, zombies included.
fn children(daemon: &Daemon) -> Vec<u32> {
    let all = procfs::process::all_processes().expect("processes");
    let stats = all.filter_map(|process| process.ok()?.stat().ok());
    stats.filter(|stat| stat.ppid == daemon.pid() as i32).map(|stat| stat.pid as u32).collect()
}
