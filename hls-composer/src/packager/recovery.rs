//! Finds the broadcasts a former process left behind, and goes on with them under the same URLs.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use bytes::Bytes;
use daemon::state_file;
use tracing::warn;

use super::config::{Config, ConfigError};
use super::record::{Loaded, Record};
use super::task::{self, Handle, Packager};
use super::{Address, names};

/// A broadcast found on disk.
#[derive(Debug, Clone)]
pub struct Recovered {
    /// The room it belongs to.
    pub room_id: String,
    /// Its name for viewers.
    pub address: Option<Address>,
    /// Its directory.
    pub dir: PathBuf,
    /// When it ended; `None` for one that was interrupted and can be resumed.
    pub ended_at: Option<SystemTime>,
    record: Record,
}

/// The broadcasts in the directories right under `data_dir`, in the order of their names. Blocking:
/// call it at start, or from the blocking pool. A directory without a usable timeline is left out
/// with one line in the log; so is a `data_dir` that cannot be read, unless it does not exist yet.
#[must_use]
pub fn scan(data_dir: &Path) -> Vec<Recovered> {
    let entries = match fs::read_dir(data_dir) {
        Ok(entries) => entries,
        Err(error) => {
            if error.kind() != std::io::ErrorKind::NotFound {
                warn!(directory = %data_dir.display(), %error, "cannot look for old broadcasts");
            }
            return Vec::new();
        }
    };
    // A hidden directory is somebody else's: no room's name begins with a dot.
    let shown =
        entries.flatten().filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    let dirs = shown.map(|entry| entry.path()).filter(|path| path.is_dir());
    let mut found: Vec<Recovered> = dirs.filter_map(find).collect();
    found.sort_by(|a, b| a.dir.cmp(&b.dir));
    found
}

/// The broadcast in the directory `dir`. Blocking. One line in the log says why there is none.
#[must_use]
pub fn find(dir: PathBuf) -> Option<Recovered> {
    match Record::read(&dir) {
        Ok(record) => Some(Recovered {
            room_id: record.room_id.clone(),
            address: record.address.clone(),
            ended_at: record.ended_at,
            dir,
            record,
        }),
        Err(error) => {
            warn!(directory = %dir.display(), %error, "a stored broadcast is of no use");
            None
        }
    }
}

/// Goes on with a broadcast: its segments are listed and served again at once, the interrupted one
/// closed from its whole parts, and the next encoder generation begins behind a discontinuity.
/// Media Sequence Numbers go on. A broadcast that had ended stays ended.
///
/// The directory and the room are those of `recovered`; `config` gives the ticks per second and an
/// incarnation that was never used before.
///
/// # Errors
/// When `config` is not valid.
pub async fn resume(
    config: Config,
    recovered: Recovered,
) -> Result<(Handle, Packager), ConfigError> {
    let Recovered { room_id, address, dir, record, .. } = recovered;
    let config = Config { room_id, address, dir, ..config };
    config.validate()?;
    let (dir, incarnation, fps) = (config.dir.clone(), config.incarnation.clone(), config.fps);
    let window = config.window;
    let load = tokio::task::spawn_blocking(move || {
        // It may have been killed before its first poster.
        let poster = state_file::read(&dir.join(names::POSTER), names::MOST_BYTES).ok();
        (record.load(&dir, &incarnation, fps, window), poster.map(Bytes::from))
    });
    let (Loaded { timeline, all_read }, poster) =
        load.await.map_err(|source| ConfigError::Loading { source })?;
    let (handle, packager) = task::with_timeline(config, timeline, poster);
    Ok((handle, if all_read { packager } else { packager.setting_aside() }))
}
