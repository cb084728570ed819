//! sfu-server as a process: on ports of its own, with a log of its own, killed when dropped.

use std::{
    fs::File,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::Stdio,
};

use procfs::process::Process;
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpStream, UnixDatagram},
    process::{Child, Command},
    time::timeout,
};

use crate::{PATIENCE, dump::Dump, ports};

/// How much of the log a failure shows, in lines.
const SHOWN: usize = 60;
/// Workers that may run: each has a media port.
const MAX_WORKERS: u16 = 8;
/// What tests want of every server, as the environment says it: a flag counts more, and a server that does not know one of
/// them ignores it. Seats are kept for a second, and a client may ask as fast as it can.
const ENVIRONMENT: [(&str, &str); 2] = [("SFU_SEAT_GRACE", "1s"), ("SFU_MAX_REQUESTS", "100000")];

/// A running server.
#[derive(Debug)]
pub struct Server {
    /// HTTP, Socket.IO.
    pub http: SocketAddr,
    /// `/livez`, `/readyz`, `/dump`.
    pub ops: SocketAddr,
    process: Child,
    pid: u32,
    log: PathBuf,
    /// Removed with the server.
    _directory: TempDir,
}

/// What the process takes at one moment.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Resident memory, in bytes.
    pub rss: u64,
    /// Processor time since its start, in seconds.
    pub cpu: f64,
}

impl Server {
    /// Returns when it serves. It makes no broadcasts unless `extra` names `--broadcast` (and `--composer`); of any flag,
    /// what `extra` says counts.
    ///
    /// # Panics
    /// When it does not start; with its log.
    pub async fn start(binary: impl AsRef<Path>, extra: &[&str]) -> Self {
        let directory = TempDir::new().expect("a directory");
        let log = directory.path().join("sfu-server.log");
        // It tells when it serves as it tells systemd.
        let notify = directory.path().join("notify");
        let told = UnixDatagram::bind(&notify).expect("a socket");
        let (http, ops) = (ports::free_tcp(), ports::free_tcp());
        let plain = ports::free_range(48);
        let mut command = Command::new(binary.as_ref());
        for (flag, value) in [
            ("--listen", http.to_string()),
            ("--ops-listen", ops.to_string()),
            ("--rtc-port", ports::free_range(MAX_WORKERS).to_string()),
            ("--plain-ports", format!("{plain}-{}", plain + 47)),
            ("--broadcast", "off".into()),
        ] {
            if !extra.contains(&flag) {
                command.args([flag, &value]);
            }
        }
        let file = File::create(&log).expect("a log");
        command
            .args(extra)
            .envs(ENVIRONMENT)
            .env("SFU_KEY_FILE", directory.path().join("rejoin.key"))
            .env("NOTIFY_SOCKET", &notify)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("the log again"))
            .stderr(file)
            .kill_on_drop(true);
        let process = command
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not run: {error}", binary.as_ref().display()));
        let pid = process.id().expect("a running process");
        let mut server = Self { http, ops, process, pid, log, _directory: directory };
        server.serves(&told).await;
        let ready = server.get("/readyz").await;
        assert!(ready.starts_with("HTTP/1.0 200") || ready.starts_with("HTTP/1.1 200"), "{ready}");
        server
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
            ended = self.process.wait() => panic!("the server ended at once: {ended:?}"),
            () = tokio::time::sleep(PATIENCE) => panic!("the server does not serve"),
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

    /// What it takes now.
    ///
    /// # Panics
    /// When the process is gone.
    pub fn usage(&self) -> Usage {
        let pid = i32::try_from(self.pid).expect("a process id");
        let stat = Process::new(pid).and_then(|process| process.stat()).expect("a running server");
        let ticks = (stat.utime + stat.stime) as f64;
        Usage {
            rss: stat.rss * procfs::page_size(),
            cpu: ticks / procfs::ticks_per_second() as f64,
        }
    }

    /// All it has logged.
    pub fn log(&self) -> String {
        std::fs::read(&self.log).map(|log| String::from_utf8_lossy(&log).into()).unwrap_or_default()
    }

    /// Lines of the log that tell of a panic.
    pub fn panics(&self) -> Vec<String> {
        self.log().lines().filter(|line| line.contains("panicked at")).map(Into::into).collect()
    }

    /// What mediasoup holds now.
    ///
    /// # Panics
    /// When the server does not say.
    pub async fn dump(&self) -> Dump {
        let answer = self.get("/dump").await;
        let (_, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
        Dump::parse(body)
    }

    /// Head and body of what its ops listener answers.
    async fn get(&self, path: &str) -> String {
        let asking = async {
            let mut stream = TcpStream::connect(self.ops).await?;
            // HTTP/1.0: the answer comes in one piece and ends with the connection.
            stream.write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.map(|_| answer)
        };
        let answer = timeout(PATIENCE, asking).await.expect("an answer in time");
        answer.unwrap_or_else(|error| panic!("{path}: {error}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // One that has ended already is no error.
        drop(self.process.start_kill());
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let shown = lines.len().saturating_sub(SHOWN);
            eprintln!("--- the end of sfu-server's log\n{}\n---", lines[shown..].join("\n"));
        }
    }
}
