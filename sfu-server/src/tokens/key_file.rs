//! The key on disk, with which rejoin tokens are signed: it outlives the process, so that a call does as well.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use daemon::state_file;
use rand::Rng as _;

use super::file;

/// What is read of a file in place of a key, to say how long it is.
const MOST: u64 = 4096;

/// 256 random bits.
#[derive(Clone)]
pub struct Key {
    bytes: [u8; 32],
    is_new: bool,
}

/// Why there is no key on disk.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It cannot be read or made.
    #[error("the key file {} cannot be used; name another with --key-file", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no key.
    #[error("the key file {} holds {length} bytes, not 32; remove it, and the next start makes a new one", path.display())]
    Length {
        /// The file.
        path: PathBuf,
        /// What it holds.
        length: usize,
    },
}

impl Key {
    /// A new one, for this process only.
    pub fn random() -> Self {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        Self { bytes, is_new: true }
    }

    /// Whether this process made it: nothing was signed with it before.
    pub fn is_new(&self) -> bool {
        self.is_new
    }

    /// The key at `path`; made there, for the owner only, when there is none.
    ///
    /// # Errors
    /// The file cannot be read or written, or is something else.
    pub fn load_or_make(path: &Path) -> Result<Self, KeyFileError> {
        let failed = |source| KeyFileError::Io { path: path.into(), source };
        match state_file::read(path, MOST) {
            Ok(found) => {
                warn_of_readers(path);
                let length = found.len();
                let bytes = found.try_into();
                bytes
                    .map(|bytes| Self { bytes, is_new: false })
                    .map_err(|_| KeyFileError::Length { path: path.into(), length })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = Self::random();
                file::replace(path, &key.bytes).map_err(failed)?;
                tracing::info!(path = %path.display(), "made a key for rejoin tokens");
                Ok(key)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// What is signed with.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

fn warn_of_readers(path: &Path) {
    let mode = fs::metadata(path).map(|found| found.permissions().mode());
    if mode.is_ok_and(|mode| mode & 0o077 != 0) {
        tracing::warn!(path = %path.display(), "others can read the key of rejoin tokens: chmod 600 it");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scratch() -> tempfile::TempDir {
        tempfile::tempdir().expect("a directory")
    }

    #[test]
    fn a_key_is_made_once_and_read_by_its_owner_only() {
        let dir = scratch();
        let path = dir.path().join("state/rejoin.key");
        let made = Key::load_or_make(&path).expect("made");
        let read = Key::load_or_make(&path).expect("read");
        assert_eq!(made.bytes(), read.bytes());
        assert!(made.is_new() && !read.is_new());
        let mode = fs::metadata(&path).expect("there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_file_that_is_no_key_is_refused_with_the_remedy() {
        let dir = scratch();
        let path = dir.path().join("rejoin.key");
        fs::write(&path, "short").expect("written");
        let refusal = Key::load_or_make(&path).err().expect("refused").to_string();
        assert!(refusal.contains("5 bytes") && refusal.contains("remove it"), "{refusal}");
    }
}
