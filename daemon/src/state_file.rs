//! Reading what a daemon keeps on disk: a regular file of a bounded size, or an error. Whatever else stands in its place (a
//! FIFO, a device, a file that has grown) must not hold up a start, or fill the memory.

use std::{
    fs::OpenOptions,
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use nix::fcntl::OFlag;

/// Reads the file at `path`, which holds no more than `most` bytes. Blocking, for as long as the disk takes.
///
/// # Errors
/// It cannot be read, is no regular file, or holds more.
pub fn read(path: &Path, most: u64) -> io::Result<Vec<u8>> {
    // A FIFO that nobody writes to is opened at once.
    let flags = OFlag::O_NONBLOCK.bits();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut bytes = Vec::new();
    file.take(most + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        let reason = format!("it holds more than {most} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use nix::sys::stat::Mode;

    use super::*;

    #[test]
    fn a_regular_file_is_read_whole_and_nothing_else_is_waited_for() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = |name: &str| dir.path().join(name);
        std::fs::write(path("file"), "12345").expect("written");
        std::os::unix::fs::symlink(path("file"), path("link")).expect("linked");
        for name in ["file", "link"] {
            assert_eq!(read(&path(name), 5).expect("read"), b"12345");
            let refused = read(&path(name), 4).expect_err("refused").to_string();
            assert_eq!(refused, "it holds more than 4 bytes");
        }
        nix::unistd::mkfifo(&path("fifo"), Mode::S_IRWXU).expect("a FIFO");
        for other in [path("fifo"), "/dev/zero".into(), dir.path().into()] {
            let refused = read(&other, 5).expect_err("refused").to_string();
            assert_eq!(refused, "it is no regular file", "{}", other.display());
        }
        let absent = read(&path("none"), 5).expect_err("absent");
        assert_eq!(absent.kind(), io::ErrorKind::NotFound);
    }
}
