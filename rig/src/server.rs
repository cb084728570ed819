//! sfu-server as a process, on ports of its own.

use std::{net::SocketAddr, ops::Deref, path::Path};

use tokio::process::Command;

use crate::{dump::Dump, http, ports, process::Daemon};

/// Workers that may run: each has a media port.
const MAX_WORKERS: u16 = 8;
/// Ports towards the composer.
const PLAIN_PORTS: u16 = 96;
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
    daemon: Daemon,
}

impl Server {
    /// Returns when it serves. It makes no broadcasts unless `extra` names `--broadcast` (and `--composer`); of any flag,
    /// what `extra` says counts.
    ///
    /// # Panics
    /// When it does not start; with its log.
    pub async fn start(binary: impl AsRef<Path>, extra: &[&str]) -> Self {
        let (http, ops) = (ports::free_tcp(), ports::free_tcp());
        let plain = ports::free_range(PLAIN_PORTS);
        let flags = [
            ("--listen", http.to_string()),
            ("--ops-listen", ops.to_string()),
            ("--rtc-port", ports::free_range(MAX_WORKERS).to_string()),
            ("--plain-ports", format!("{plain}-{}", plain + PLAIN_PORTS - 1)),
            ("--broadcast", "off".into()),
        ];
        let daemon = Daemon::start("sfu-server", |directory| {
            let mut command = Command::new(binary.as_ref());
            for (flag, value) in flags.iter().filter(|(flag, _)| !extra.contains(flag)) {
                command.args([flag, value.as_str()]);
            }
            let key = directory.join("rejoin.key");
            command.args(extra).envs(ENVIRONMENT).env("SFU_KEY_FILE", key);
            command
        })
        .await;
        let ready = http::get(ops, "/readyz").await;
        assert_eq!(ready.status, 200, "{ready:?}");
        Self { http, ops, daemon }
    }

    /// Whether it still runs.
    pub fn runs(&mut self) -> bool {
        self.daemon.runs()
    }

    /// SIGTERM; returns when it has ended, and how.
    pub async fn terminate(&mut self) -> std::process::ExitStatus {
        self.daemon.terminate().await
    }

    /// What mediasoup holds now.
    ///
    /// # Panics
    /// When the server does not say.
    pub async fn dump(&self) -> Dump {
        Dump::parse(&http::get(self.ops, "/dump").await.body)
    }
}

impl Deref for Server {
    type Target = Daemon;

    fn deref(&self) -> &Daemon {
        &self.daemon
    }
}
