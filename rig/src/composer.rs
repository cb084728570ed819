//! hls-composer as a process, on ports of its own, and what it says of itself over gRPC.

use std::{
    net::SocketAddr,
    ops::Deref,
    path::{Path, PathBuf},
};

use proto::v1::{BroadcastStatus, GetBroadcastRequest, composer_client::ComposerClient};
use tokio::process::Command;
use tonic::transport::Channel;

use crate::{ports, process::Daemon, until, usage};

/// For eight participants two tracks of two ports each, twice over: what is given back is in quarantine for a while.
const RTP_PORTS: u16 = 96;

/// A running composer.
#[derive(Debug)]
pub struct Composer {
    /// `composer.v1`.
    pub grpc: SocketAddr,
    /// HLS.
    pub http: SocketAddr,
    daemon: Daemon,
    client: ComposerClient<Channel>,
}

impl Composer {
    /// Returns when it serves. It runs ahead of other processes, as its systemd unit has it.
    ///
    /// # Panics
    /// When it does not start; with its log.
    pub async fn start(binary: impl AsRef<Path>, extra: &[&str]) -> Self {
        let [grpc, http, ops] = std::array::from_fn(|_| ports::free_tcp());
        let rtp = ports::free_range(RTP_PORTS);
        let daemon = Daemon::start("hls-composer", |directory| {
            let mut command = Command::new("nice");
            command.args(["-n", "-10"]).arg(binary.as_ref());
            command.arg("--data-dir").arg(directory.join("hls"));
            for (flag, value) in [
                ("--grpc-listen", grpc.to_string()),
                ("--http-listen", http.to_string()),
                ("--ops-listen", ops.to_string()),
                ("--rtp-ports", format!("{rtp}-{}", rtp + RTP_PORTS - 1)),
            ] {
                command.args([flag, &value]);
            }
            command.args(extra);
            command
        })
        .await;
        let channel = Channel::from_shared(format!("http://{grpc}")).expect("an address");
        let channel = channel.connect().await.expect("a bound listener");
        Self { grpc, http, daemon, client: ComposerClient::new(channel) }
    }

    /// Where `hls-composer` is, given another program of the same build.
    ///
    /// # Panics
    /// When it has not been built; with how to build it.
    pub fn binary_beside(program: impl AsRef<Path>) -> PathBuf {
        let binary = program.as_ref().with_file_name("hls-composer");
        let there = binary.is_file();
        assert!(
            there,
            "{} is missing; run: cargo build --release --workspace --bins",
            binary.display()
        );
        binary
    }

    /// A room's broadcast as it is now.
    ///
    /// # Errors
    /// With the composer's own words when it has none.
    pub async fn broadcast(&self, room: &str) -> Result<BroadcastStatus, String> {
        let request = GetBroadcastRequest { room_id: room.into() };
        let answer = self.client.clone().get_broadcast(request).await;
        answer.map(tonic::Response::into_inner).map_err(|status| status.message().to_owned())
    }

    /// `kill -9`; returns when nothing that it started runs any more.
    ///
    /// # Panics
    /// When something does.
    pub async fn kill(mut self) {
        let children = usage::descendants(self.pid());
        self.daemon.kill().await;
        until("hls-composer's processes end with it", async || {
            let running: Vec<&u32> = children.iter().filter(|pid| usage::runs(**pid)).collect();
            if running.is_empty() { Ok(()) } else { Err(format!("{running:?} run")) }
        })
        .await;
    }
}

impl Deref for Composer {
    type Target = Daemon;

    fn deref(&self) -> &Daemon {
        &self.daemon
    }
}
