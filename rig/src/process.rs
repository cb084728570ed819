//! A daemon as a process: with a directory and a log of its own, killed when dropped.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;
use tokio::{
    net::UnixDatagram,
    process::{Child, Command},
    time::timeout,
};

use crate::{PATIENCE, usage::Usage};

/// How much of the log a failure shows, in lines.
const SHOWN: usize = 60;

/// A running daemon.
#[derive(Debug)]
pub struct Daemon {
    name: &'static str,
    process: Child,
    pid: u32,
    log: PathBuf,
    /// Removed with the daemon.
    _directory: TempDir,
}

impl Daemon {
    /// Runs what `command` makes for a directory. Returns when the daemon says that it serves.
    ///
    /// # Panics
    /// When it does not; with its log.
    pub async fn start(name: &'static str, command: impl FnOnce(&Path) -> Command) -> Self {
        let directory = TempDir::new().expect("a directory");
        let mut command = command(directory.path());
        let log = directory.path().join(format!("{name}.log"));
        let file = File::create(&log).expect("a log");
        // It tells when it serves as it tells systemd.
        let notify = directory.path().join("notify");
        let told = UnixDatagram::bind(&notify).expect("a socket");
        command
            .env("NOTIFY_SOCKET", &notify)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("the log again"))
            .stderr(file)
            .kill_on_drop(true);
        let process =
            command.spawn().unwrap_or_else(|error| panic!("{name} does not run: {error}"));
        let pid = process.id().expect("a running process");
        let mut daemon = Self { name, process, pid, log, _directory: directory };
        daemon.serves(&told).await;
        daemon
    }

    async fn serves(&mut self, told: &UnixDatagram) {
        let mut message = [0; 512];
        let waiting = async {
            loop {
                let length = told.recv(&mut message).await.expect("a notification");
                if message[..length].starts_with(b"READY=1") {
                    return;
                }
            }
        };
        tokio::select! {
            () = waiting => {}
            ended = self.process.wait() => panic!("{} ended at once: {ended:?}", self.name),
            () = tokio::time::sleep(PATIENCE) => panic!("{} does not serve", self.name),
        }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        matches!(self.process.try_wait(), Ok(None))
    }

    /// SIGTERM; returns when it has ended, and how.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn terminate(&mut self) -> ExitStatus {
        let pid = Pid::from_raw(i32::try_from(self.pid).expect("a process id"));
        kill(pid, Signal::SIGTERM).unwrap_or_else(|error| panic!("{}: {error}", self.name));
        let ended = timeout(PATIENCE, self.process.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("{} goes on after SIGTERM", self.name));
        ended.expect("its status")
    }

    /// `kill -9`; returns when it has ended.
    ///
    /// # Panics
    /// When it does not end.
    pub async fn kill(&mut self) {
        self.process.kill().await.unwrap_or_else(|error| panic!("{} stays: {error}", self.name));
    }

    /// What it takes now, without what it has started.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn usage(&self) -> Usage {
        Usage::of(self.pid)
    }

    /// All it has logged.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|log| String::from_utf8_lossy(&log).into()).unwrap_or_default()
    }

    /// Lines of the log that tell of a panic.
    pub fn panics(&self) -> Vec<String> {
        self.log().lines().filter(|line| line.contains("panicked at")).map(Into::into).collect()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // One that has ended already is no error.
        drop(self.process.start_kill());
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let shown = lines.len().saturating_sub(SHOWN);
            eprintln!("--- the end of {}'s log\n{}\n---", self.name, lines[shown..].join("\n"));
        }
    }
}
