//! The files of one broadcast. Every part is appended to its segment's file before a playlist
//! names it, so that a killed process leaves nothing behind that a player was promised and cannot
//! get.
//!
//! Durability: bytes handed to the kernel survive the death of this process, kill -9 included,
//! because the page cache is the kernel's. Only a power loss can take them, and then at most what
//! was written in the last half a minute; a live stream is not worth an fsync five times a second.
//! Suspending syncs, because a restart of the machine may follow.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::names;

/// Why a broadcast is not on disk.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The operating system refused.
    #[error("cannot write {}: {source}; free space or make the directory writable", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A segment file is not as long as what has been written to it.
    #[error("{} holds {found} bytes instead of {expected}; something else writes to it", path.display())]
    Torn {
        /// The file.
        path: PathBuf,
        /// Its length in bytes.
        found: u64,
        /// The length it must have.
        expected: u64,
    },
    /// The disk takes longer than a live stream can wait.
    #[error("{} does not answer in time; use a faster disk", path.display())]
    Slow {
        /// The directory.
        path: PathBuf,
    },
    /// The writing task is gone.
    #[error("the task writing {} stopped: {source}", path.display())]
    Stopped {
        /// The directory.
        path: PathBuf,
        /// Why.
        source: tokio::task::JoinError,
    },
}

/// One change to the directory. File names are plain names inside it.
#[derive(Debug)]
pub enum Job {
    /// Appends to a file that must have `offset` bytes; at 0 the file is made anew.
    Append {
        /// The file.
        file: String,
        /// How long it is.
        offset: u64,
        /// What comes behind.
        data: Bytes,
    },
    /// Appends to a file of lines, wherever it ends.
    Note {
        /// The file.
        file: String,
        /// Whole lines.
        data: Vec<u8>,
    },
    /// Replaces a file's content at once: a reader finds the old or the new, never half.
    Replace {
        /// The file.
        file: String,
        /// The new content.
        data: Vec<u8>,
    },
    /// Writes a file whose content never changes, unless it is there in full.
    Ensure {
        /// The file.
        file: String,
        /// The content, in order.
        chunks: Vec<Bytes>,
    },
    /// Removes a file, if it is there.
    Remove {
        /// The file.
        file: String,
    },
    /// Removes every media file that is not named.
    Sweep {
        /// What stays.
        keep: HashSet<String>,
    },
    /// Moves every media file that is not named, and the DVR window's file, into the directory `to`, with a copy of the
    /// timeline. What is there already stays.
    SetAside {
        /// What stays.
        keep: HashSet<String>,
        /// A plain name, new to the directory.
        to: String,
    },
    /// Waits until the files and the directory are on the disk itself.
    Sync {
        /// The files.
        files: Vec<String>,
    },
}

/// A broadcast's directory, written from the blocking pool, one batch at a time and in order.
#[derive(Debug)]
pub struct Disk {
    dir: PathBuf,
    stuck: Option<JoinHandle<Result<(), Error>>>,
    writer: Arc<watch::Sender<()>>,
}

/// Tells when a directory is written no more: its [`Disk`] is gone, and so is the last batch, which a
/// disk that hangs may hold for much longer.
#[derive(Debug, Clone)]
pub struct Writer(watch::Receiver<()>);

impl Writer {
    /// Returns when nothing writes any more.
    pub async fn gone(mut self) {
        while self.0.changed().await.is_ok() {}
    }
}

impl Disk {
    /// The directory `dir`, which the first batch creates.
    #[must_use]
    pub fn new(dir: PathBuf) -> Self {
        Self { dir, stuck: None, writer: Arc::new(watch::Sender::new(())) }
    }

    /// Tells when nothing of this writes any more.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer(self.writer.subscribe())
    }

    /// Runs `jobs` in order until one fails, and waits for `patience` at most. A disk that does not
    /// answer in time keeps its one thread; no further batch starts before it is done.
    ///
    /// # Errors
    /// The first failure. The state of the files of that batch is unknown then; write them again
    /// with [`Job::Ensure`].
    pub async fn run(&mut self, jobs: Vec<Job>, patience: Duration) -> Result<(), Error> {
        if let Some(stuck) = self.stuck.take_if(|stuck| !stuck.is_finished()) {
            self.stuck = Some(stuck);
            return Err(Error::Slow { path: self.dir.clone() });
        }
        self.stuck = None;
        let (dir, writer) = (self.dir.clone(), Arc::clone(&self.writer));
        let mut batch = tokio::task::spawn_blocking(move || {
            let result = run(&dir, jobs);
            drop(writer);
            result
        });
        match tokio::time::timeout(patience, &mut batch).await {
            Ok(Ok(result)) => result,
            Ok(Err(source)) => Err(Error::Stopped { path: self.dir.clone(), source }),
            Err(_) => {
                self.stuck = Some(batch);
                Err(Error::Slow { path: self.dir.clone() })
            }
        }
    }
}

/// Removes a broadcast's directory with everything in it, what makes it one first: half removed it
/// is nothing that could be resumed. Blocking. A directory that is not there is no error.
///
/// # Errors
/// When the operating system refuses.
pub fn remove(dir: &Path) -> Result<(), Error> {
    gone(fs::remove_file(dir.join(names::TIMELINE))).map_err(at(dir))?;
    gone(fs::remove_dir_all(dir)).map_err(at(dir))
}

fn run(dir: &Path, jobs: Vec<Job>) -> Result<(), Error> {
    jobs.into_iter().try_for_each(|job| run_one(dir, job))
}

fn run_one(dir: &Path, job: Job) -> Result<(), Error> {
    match job {
        Job::Append { file, offset, data } => append(&dir.join(file), offset, &data),
        Job::Note { file, data } => {
            let path = dir.join(file);
            let open = OpenOptions::new().create(true).append(true).open(&path);
            open.and_then(|mut file| file.write_all(&data)).map_err(at(&path))
        }
        Job::Replace { file, data } => {
            fs::create_dir_all(dir).map_err(at(dir))?;
            replace(&dir.join(file), &[Bytes::from(data)])
        }
        Job::Ensure { file, chunks } => {
            let path = dir.join(file);
            let length: u64 = chunks.iter().map(|chunk| chunk.len() as u64).sum();
            match fs::metadata(&path) {
                Ok(found) if found.len() == length => Ok(()),
                _ => {
                    fs::create_dir_all(dir).map_err(at(dir))?;
                    replace(&path, &chunks)
                }
            }
        }
        Job::Remove { file } => {
            let path = dir.join(file);
            gone(fs::remove_file(&path)).map_err(at(&path))
        }
        Job::Sweep { keep } => unnamed(dir, &keep)?
            .into_iter()
            .try_for_each(|path| gone(fs::remove_file(&path)).map_err(at(&path))),
        Job::SetAside { keep, to } => set_aside(dir, &keep, &dir.join(to)),
        Job::Sync { files } => {
            let paths = files.iter().map(|file| dir.join(file));
            paths.chain([dir.to_path_buf()]).try_for_each(|path| {
                File::open(&path).and_then(|file| file.sync_all()).map_err(at(&path))
            })
        }
    }
}

fn append(path: &Path, offset: u64, data: &[u8]) -> Result<(), Error> {
    let mut options = OpenOptions::new();
    options.create(true).write(true);
    let mut file = match offset {
        0 => options.truncate(true).open(path),
        _ => OpenOptions::new().append(true).open(path),
    }
    .map_err(at(path))?;
    let found = file.metadata().map_err(at(path))?.len();
    if found != offset {
        return Err(Error::Torn { path: path.to_path_buf(), found, expected: offset });
    }
    file.write_all(data).map_err(at(path))
}

fn replace(path: &Path, chunks: &[Bytes]) -> Result<(), Error> {
    let new = path.with_added_extension("tmp");
    let write = || {
        let mut file = File::create(&new)?;
        chunks.iter().try_for_each(|chunk| file.write_all(chunk))?;
        fs::rename(&new, path)
    };
    write().map_err(|error| {
        // On a full disk half a file is room for nothing else; that it cannot be removed changes nothing.
        drop(fs::remove_file(&new));
        at(path)(error)
    })
}

/// The media files in `dir` that `keep` does not name.
fn unnamed(dir: &Path, keep: &HashSet<String>) -> Result<Vec<PathBuf>, Error> {
    let mut unnamed = Vec::new();
    for entry in fs::read_dir(dir).map_err(at(dir))? {
        let entry = entry.map_err(at(dir))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let media = [".m4s", ".mp4", ".tmp"].iter().any(|ending| name.ends_with(ending));
        if media && !keep.contains(&name) {
            unnamed.push(entry.path());
        }
    }
    Ok(unnamed)
}

fn set_aside(dir: &Path, keep: &HashSet<String>, to: &Path) -> Result<(), Error> {
    fs::create_dir_all(to).map_err(at(to))?;
    let [timeline, window] = [names::TIMELINE, names::WINDOW].map(|name| dir.join(name));
    for path in unnamed(dir, keep)?.iter().chain([&timeline, &window]) {
        let target = to.join(path.file_name().unwrap_or_default());
        // A second try, after the first one failed half way, finds the new ones.
        if target.exists() {
            continue;
        }
        let moved = if *path == timeline {
            fs::copy(path, &target).map(drop)
        } else {
            fs::rename(path, &target)
        };
        gone(moved).map_err(at(path))?;
    }
    Ok(())
}

fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error {
    let path = path.to_path_buf();
    move |source| Error::Io { path, source }
}
