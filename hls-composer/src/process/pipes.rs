//! Pipes between the daemon and an FFmpeg.

use std::{io, os::fd::OwnedFd};

use nix::{
    fcntl::{FcntlArg, OFlag, fcntl},
    unistd::pipe2,
};
use tokio::net::unix::pipe;

/// Bytes a pipe holds: the kernel's limit for unprivileged processes. 64 kB, the default, is 0.34 s of audio, and a
/// starved encoder then gets partial writes.
const CAPACITY: i32 = 1 << 20;

/// The end of a pipe that a child gets under the descriptor number `fd`.
#[derive(Debug)]
pub struct ChildEnd {
    /// The number FFmpeg's command line names (`pipe:3`).
    pub fd: i32,
    /// The descriptor, closed here once the child has it.
    pub end: OwnedFd,
}

/// A pipe the child writes into.
pub fn output(fd: i32) -> io::Result<(pipe::Receiver, ChildEnd)> {
    let (read, write) = sized_pipe()?;
    Ok((pipe::Receiver::from_owned_fd(read)?, ChildEnd { fd, end: write }))
}

/// A pipe the child writes lines into: of the size the kernel gives it.
pub fn lines(fd: i32) -> io::Result<(pipe::Receiver, ChildEnd)> {
    let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
    Ok((pipe::Receiver::from_owned_fd(read)?, ChildEnd { fd, end: write }))
}

/// A pipe the child reads from.
pub fn input(fd: i32) -> io::Result<(pipe::Sender, ChildEnd)> {
    let (read, write) = sized_pipe()?;
    Ok((pipe::Sender::from_owned_fd(write)?, ChildEnd { fd, end: read }))
}

fn sized_pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe2(OFlag::O_CLOEXEC)?;
    if let Err(error) = fcntl(&write, FcntlArg::F_SETPIPE_SZ(CAPACITY)) {
        // The user's pipe quota (fs.pipe-user-pages-soft) may be used up; the default size still works.
        tracing::warn!(%error, "a pipe keeps its default size: raise fs.pipe-user-pages-soft");
    }
    Ok((read, write))
}
