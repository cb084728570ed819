//! nginx with the configuration that docs/operations.md tells operators to use.

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

const DOCUMENTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/nginx/hls.conf");

/// A running nginx; stopped when dropped.
pub struct Nginx {
    pub address: SocketAddr,
    dir: TempDir,
    process: Child,
}

/// A request that reached the origin.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Seconds since 1970, when it was answered.
    pub at: f64,
    pub status: String,
    pub uri: String,
}

impl Nginx {
    /// In front of `origin`. It serves when this returns.
    pub fn before(origin: SocketAddr) -> Self {
        let dir = TempDir::new().expect("a directory");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("its address");
        drop(listener);
        let documented = fs::read_to_string(DOCUMENTED).expect("docs/nginx/hls.conf");
        let mut here = documented.clone();
        for (theirs, ours) in [
            ("/var/cache/nginx/hls", dir.path().join("cache").display().to_string()),
            ("server 127.0.0.1:3001;", format!("server {origin};")),
            ("    listen 80;", format!("    listen {address} backlog=4096;")),
        ] {
            assert_eq!(here.matches(theirs).count(), 1, "docs/nginx/hls.conf says {theirs:?} once");
            here = here.replace(theirs, &ours);
        }
        fs::write(dir.path().join("hls.conf"), here).expect("writable");
        fs::write(dir.path().join("nginx.conf"), main(&dir)).expect("writable");
        let command = || {
            let mut command = Command::new("nginx");
            command.arg("-c").arg(dir.path().join("nginx.conf")).arg("-p").arg(dir.path());
            command.arg("-e").arg(dir.path().join("error.log")).stdin(Stdio::null());
            command
        };
        let tested =
            command().args(["-t", "-q"]).status().expect("nginx: scripts/install-deps test");
        assert!(tested.success(), "nginx takes the documented configuration");
        let process = command().spawn().expect("nginx");
        while std::net::TcpStream::connect(address).is_err() {
            std::thread::yield_now();
        }
        Self { address, dir, process }
    }

    /// Every request that was not answered from the cache, so far.
    pub fn asked(&self) -> Vec<Asked> {
        let log = fs::read_to_string(self.dir.path().join("origin.log")).expect("a log");
        let line = |line: &str| {
            let mut words = line.split(' ').map(str::to_owned);
            let at = words.next()?.parse().ok()?;
            Some(Asked { at, status: words.next()?, uri: words.next()? })
        };
        log.lines().filter_map(line).collect()
    }

    pub fn errors(&self) -> String {
        fs::read_to_string(self.dir.path().join("error.log")).unwrap_or_default()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its workers end with it only when it is asked.
        let pid = self.process.id().to_string();
        let _asked = Command::new("kill").args(["-TERM", &pid]).status();
        let _ended = self.process.wait();
    }
}

/// What surrounds the documented file: one worker, everything in `dir`, and a log of what reaches the origin.
fn main(dir: &TempDir) -> String {
    let path = |name: &str| -> PathBuf { dir.path().join(name) };
    // Started as root it would give its worker to somebody who may not read the directory.
    let user = if nix::unistd::geteuid().is_root() { "user root;" } else { "" };
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|name| format!("    {name}_temp_path {};\n", path(name).display()))
        .concat();
    format!(
        "{user}\ndaemon off;\npid {};\nworker_processes 1;\nworker_rlimit_nofile 20000;\n\
         events {{ worker_connections 16000; }}\n\
         http {{\n{temporary}\
         \x20   map $upstream_status $reached {{ default 1; \"\" 0; }}\n\
         \x20   log_format origin '$msec $upstream_status $request_uri';\n\
         \x20   access_log {} origin if=$reached;\n\
         \x20   include {};\n}}\n",
        path("pid").display(),
        path("origin.log").display(),
        path("hls.conf").display(),
    )
}
