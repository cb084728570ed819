//! The one thread on which every FFmpeg is forked.
//!
//! The parent-death signal is tied to the forking *thread*, so that thread lives as long as the daemon. Affinity is
//! inherited from it, so no FFmpeg ever runs unpinned, not even for its first instruction.

use std::{
    ffi::OsString,
    io,
    process::{ExitStatus, Stdio},
    thread,
};

use command_fds::{CommandFdExt as _, FdMapping};
use daemon::cpus::CpuList;
use nix::{
    sys::{prctl::set_pdeathsig, signal::Signal},
    unistd::gettid,
};
use tokio::{
    process::{Child, Command},
    runtime::Handle,
    sync::{mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::{
    log_tail::{self, Log},
    pipes::ChildEnd,
};

/// What to start.
#[derive(Debug)]
pub struct Spawn {
    /// The program.
    pub program: OsString,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// The only core it may use.
    pub cpu: usize,
    /// Pipe ends it gets.
    pub pipes: Vec<ChildEnd>,
}

/// Why a process did not start.
#[derive(Debug, thiserror::Error)]
pub enum SpawnError {
    /// Fork or exec failed.
    #[error("`{program}` does not start: {source}")]
    Exec {
        /// The program.
        program: String,
        /// What the system said.
        source: io::Error,
    },
    /// The launcher thread is gone, which happens only at the end of the daemon.
    #[error("the daemon is stopping")]
    Stopping,
}

/// Starts processes. Clones share the one thread.
#[derive(Clone, Debug)]
pub struct Launcher {
    thread: i32,
    requests: mpsc::UnboundedSender<(Spawn, oneshot::Sender<Result<Process, SpawnError>>)>,
}

impl Launcher {
    /// Starts the thread.
    pub fn start() -> io::Result<Self> {
        let (requests, mut inbox) =
            mpsc::unbounded_channel::<(Spawn, oneshot::Sender<Result<Process, SpawnError>>)>();
        let runtime = Handle::current();
        let (told, thread) = std::sync::mpsc::channel();
        thread::Builder::new().name("launcher".into()).spawn(move || {
            // tokio registers each child with its runtime, which must therefore be entered here.
            let _entered = runtime.enter();
            // Whoever starts the launcher waits for it.
            _ = told.send(gettid().as_raw());
            while let Some((spawn, reply)) = inbox.blocking_recv() {
                // An asker that gave up drops the process, which kills it.
                drop(reply.send(fork(spawn)));
            }
        })?;
        let thread = thread.recv().map_err(io::Error::other)?;
        Ok(Self { thread, requests })
    }

    /// The thread whose children all processes are.
    pub fn thread(&self) -> i32 {
        self.thread
    }

    /// Returns when the thread has ended, which it does not while a handle is there.
    pub async fn gone(&self) {
        self.requests.closed().await;
    }

    /// Starts one process.
    pub async fn spawn(&self, spawn: Spawn) -> Result<Process, SpawnError> {
        let (reply, answer) = oneshot::channel();
        self.requests.send((spawn, reply)).map_err(|_| SpawnError::Stopping)?;
        answer.await.map_err(|_| SpawnError::Stopping)?
    }
}

/// A running process. Dropping it sends SIGKILL; the runtime reaps it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    pid: u32,
    log: watch::Receiver<Log>,
    follower: JoinHandle<()>,
}

/// How a process ended. Any end is a failure to heal: FFmpeg's code 0 only means that its input fell silent.
#[derive(Debug)]
pub struct Exit {
    /// Code or signal.
    pub status: Option<ExitStatus>,
    /// Its last lines.
    pub log: String,
}

impl std::fmt::Display for Exit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.status {
            Some(status) => write!(f, "{status}")?,
            None => f.write_str("unknown exit")?,
        }
        if !self.log.is_empty() {
            write!(f, ": {}", self.log)?;
        }
        Ok(())
    }
}

impl Process {
    /// The process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Waits for the end, reaps the process and answers how it ended.
    pub async fn exited(&mut self) -> Exit {
        let status = self.child.wait().await.ok();
        // Standard error is at its end now, unless a grandchild holds it, which FFmpeg never starts.
        if !self.follower.is_finished() {
            drop((&mut self.follower).await);
        }
        Exit { status, log: self.log() }
    }

    /// SIGKILL, then reaps: FFmpegs own no files, and a starved one ignores SIGTERM.
    pub async fn kill(mut self) {
        if let Err(error) = self.child.kill().await {
            tracing::debug!(pid = self.pid, %error, "the process was gone already");
        }
    }

    /// Its last lines so far, in one.
    pub fn log(&self) -> String {
        self.log.borrow().tail()
    }

    /// What it has written so far, to be watched.
    pub fn lines(&self) -> watch::Receiver<Log> {
        self.log.clone()
    }
}

fn fork(Spawn { program, args, cpu, pipes }: Spawn) -> Result<Process, SpawnError> {
    let name = program.to_string_lossy().into_owned();
    let failed = |source| SpawnError::Exec { program: name.clone(), source };
    CpuList::from(cpu)
        .pin_this_thread()
        .map_err(|error| failed(io::Error::other(error.to_string())))?;
    let mut command = Command::new(&program);
    command
        .args(args)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .process_group(0);
    let mappings = pipes
        .into_iter()
        .map(|ChildEnd { fd, end }| FdMapping { parent_fd: end, child_fd: fd })
        .collect();
    command.fd_mappings(mappings).map_err(|error| failed(io::Error::other(error.to_string())))?;
    #[expect(unsafe_code, reason = "the death signal can only be set between fork and exec")]
    // SAFETY: prctl(2) is async-signal-safe and the closure touches nothing else of the parent.
    unsafe {
        command.pre_exec(|| Ok(set_pdeathsig(Signal::SIGKILL)?));
    }
    let mut child = command.spawn().map_err(failed)?;
    let pid = child.id().unwrap_or_default();
    let (lines, log) = watch::channel(Log::default());
    let follower = match child.stderr.take() {
        Some(stderr) => tokio::spawn(log_tail::follow(stderr, lines)),
        None => tokio::spawn(std::future::ready(())),
    };
    Ok(Process { child, pid, log, follower })
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt as _;

    use super::*;
    use crate::process::output;

    fn shell(script: &str) -> Spawn {
        let cpu = CpuList::allowed().expect("cores").last().expect("a core");
        Spawn {
            program: "sh".into(),
            args: vec!["-c".into(), script.into()],
            cpu: cpu.iter().next().expect("a core"),
            pipes: vec![],
        }
    }

    #[tokio::test]
    async fn a_process_runs_on_its_core_only_and_writes_into_its_pipe() {
        let launcher = Launcher::start().expect("a launcher");
        let (mut pipe, end) = output(3).expect("a pipe");
        let mut spawn = shell("grep Cpus_allowed_list /proc/self/status >&3");
        let cpu = spawn.cpu;
        spawn.pipes.push(end);
        let mut process = launcher.spawn(spawn).await.expect("a process");
        let mut text = String::new();
        pipe.read_to_string(&mut text).await.expect("its output");
        assert_eq!(text.split_whitespace().last(), Some(cpu.to_string().as_str()));
        assert!(process.exited().await.status.is_some_and(|status| status.success()));
    }

    #[tokio::test]
    async fn an_exit_carries_the_last_lines() {
        let launcher = Launcher::start().expect("a launcher");
        let mut process = launcher.spawn(shell("echo why >&2; exit 3")).await.expect("a process");
        assert_eq!(process.exited().await.to_string(), "exit status: 3: why");
    }

    #[tokio::test]
    async fn a_dropped_process_is_killed() {
        let launcher = Launcher::start().expect("a launcher");
        let (mut pipe, end) = output(3).expect("a pipe");
        let mut spawn = shell("exec sleep 1000");
        spawn.pipes.push(end);
        let process = launcher.spawn(spawn).await.expect("a process");
        drop(process);
        let mut rest = Vec::new();
        pipe.read_to_end(&mut rest).await.expect("the end of the pipe");
        assert!(rest.is_empty());
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let launcher = Launcher::start().expect("a launcher");
        let spawn = Spawn { program: "/nonexistent/ffmpeg".into(), ..shell("") };
        let error = launcher.spawn(spawn).await.expect_err("no such program");
        assert!(error.to_string().starts_with("`/nonexistent/ffmpeg` does not start"));
    }
}
