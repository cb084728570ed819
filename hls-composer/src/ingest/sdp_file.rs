//! The SDP file of an input: a few lines, on a disk that may hang.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::{sync::Semaphore, task::spawn_blocking, time::timeout};

use super::sdp::{self, Kind, Track};
use crate::ports::PortPair;

/// SDP files that may be written or removed at the same time, over all broadcasts. Each holds a thread, for as long as a
/// disk that hangs takes, and climbs are tried again without end; the threads are the ones that posters are drawn on and
/// media is written from.
pub const SDP_JOBS: usize = 8;
/// A few lines are written within this, or the disk hangs.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the SDP of an input is, if its id can be a file name.
pub(super) fn path(dir: &Path, id: &str) -> Option<PathBuf> {
    let safe = id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    safe.then(|| dir.join(format!("{id}.sdp")))
}

/// Describes `tracks` on the ports leased for them; nothing without a lease.
pub(super) fn content(leases: &[(Kind, PortPair)], tracks: &[Track]) -> Option<String> {
    let (_, first) = leases.first()?;
    let ported: Vec<(u16, Track)> = leases
        .iter()
        .filter_map(|(kind, pair)| {
            let track = tracks.iter().find(|track| track.kind == *kind)?;
            Some((pair.rtp(), track.clone()))
        })
        .collect();
    Some(sdp::write(first.ip(), &ported))
}

/// Step 5: answers the path when the file is there.
pub(super) async fn write(
    jobs: &Arc<Semaphore>,
    path: PathBuf,
    content: String,
) -> Result<PathBuf, String> {
    let file = path.clone();
    let write = move || {
        if let Some(dir) = file.parent() {
            fs::create_dir_all(dir)?;
        }
        fs::write(&file, content)
    };
    match on_disk(jobs, write).await {
        Ok(()) => Ok(path),
        Err(error) => Err(format!("{} cannot be written: {error}", path.display())),
    }
}

/// Removes the file. It may be gone with its directory; what stays goes with that.
pub(super) async fn remove(jobs: &Arc<Semaphore>, path: PathBuf) {
    drop(on_disk(jobs, move || fs::remove_file(path)).await);
}

/// Does `job` on a thread, and waits for [`PATIENCE`] at most, its turn included.
async fn on_disk(
    jobs: &Arc<Semaphore>,
    job: impl FnOnce() -> io::Result<()> + Send + 'static,
) -> io::Result<()> {
    let doing = async {
        let place = Arc::clone(jobs).acquire_owned().await.map_err(io::Error::other)?;
        let done = spawn_blocking(move || {
            let done = job();
            // Whoever asked may be gone by then, and the thread still waits for the disk.
            drop(place);
            done
        });
        done.await.map_err(io::Error::other).flatten()
    };
    let hangs = |_| io::Error::other(format!("its disk does not answer within {PATIENCE:?}"));
    timeout(PATIENCE, doing).await.map_err(hangs).flatten()
}

#[cfg(test)]
mod tests {
    use nix::{sys::stat::Mode, unistd::mkfifo};

    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn a_disk_that_hangs_holds_few_threads_however_often_inputs_climb() {
        let dir = tempfile::tempdir().expect("a directory");
        // Opening a pipe for writing blocks until somebody reads from it.
        let pipe = dir.path().join("ada.sdp");
        mkfifo(&pipe, Mode::S_IRWXU).expect("a pipe");
        let jobs = Arc::new(Semaphore::new(SDP_JOBS));
        // More than tokio has threads for what blocks.
        let climbs: Vec<_> = (0..600)
            .map(|_| {
                let (jobs, pipe) = (Arc::clone(&jobs), pipe.clone());
                tokio::spawn(async move { write(&jobs, pipe, "v=0".to_owned()).await })
            })
            .collect();
        for climb in climbs {
            let error = climb.await.expect("no panic").expect_err("a disk that hangs");
            assert!(error.contains("its disk does not answer"), "{error}");
        }
        let drawn = timeout(Duration::from_secs(20), spawn_blocking(|| "a poster is drawn")).await;
        // Whoever still waits ends with the test.
        let both = fs::OpenOptions::new().read(true).write(true).open(&pipe).expect("both ends");
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(both);
        drawn.expect("other work goes on").expect("no panic");
    }
}
