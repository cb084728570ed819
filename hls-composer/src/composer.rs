//! The assembled daemon: every start-up step, in one place, in the right order.

use std::{
    net::TcpListener,
    path::{Path, PathBuf},
    pin::pin,
    time::Duration,
};

use anyhow::Context as _;
use daemon::{
    cpus::CpuList,
    listen,
    ops::{Guard, Readiness},
    ready,
    signals::Termination,
};
use proto::v1::composer_server::ComposerServer;
use tokio::{sync::watch, task::JoinHandle};
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig, server::TcpIncoming};

use crate::{
    Config,
    broadcast::{Directory, DirectoryConfig},
    grpc::Service,
    http,
    ports::Ports,
    process::{
        Launcher,
        probe::{self, ProbeError},
    },
};

/// How long running HTTP requests may take to finish at the end.
const GRACE: Duration = Duration::from_millis(500);
/// A half-open link to the SFU is noticed within twice this.
const KEEPALIVE: Duration = Duration::from_secs(4);

/// A daemon that is bound and ready to run.
pub struct Composer {
    config: Config,
    http: TcpListener,
    grpc: TcpListener,
    ops: TcpListener,
    tls: Option<listen::Tls>,
    grpc_tls: Option<ServerTlsConfig>,
    directory: Directory,
    keeping: JoinHandle<()>,
    ports: Ports,
    unready: Option<String>,
    termination: Termination,
}

impl Composer {
    /// Binds every listener, asks FFmpeg what it can do, and goes on with unfinished broadcasts.
    ///
    /// # Errors
    /// One sentence for the operator: which flag is wrong, or which address is busy.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let termination = Termination::listen().context("signal handlers cannot be installed")?;
        let http = listen::bind("--http-listen", config.http_listen)?;
        let grpc = listen::bind("--grpc-listen", config.grpc_listen)?;
        let ops = listen::bind("--ops-listen", config.ops_listen)?;
        let tls = match (&config.tls_cert, &config.tls_key) {
            (Some(cert), Some(key)) => Some(listen::Tls::load(cert, key)?),
            _ => None,
        };
        let grpc_tls = grpc_tls(&config)?;
        let allowed = CpuList::allowed()?;
        let cpus = match &config.cpus {
            Some(cpus) => cpus.clone(),
            None => allowed.last().context("this process may use no core")?,
        };
        cpus.check(&allowed).context("--cpus")?;
        warn_about_ports(&config);

        let unready = match probe::probe(&config.ffmpeg).await {
            Ok(version) => {
                tracing::info!(version, %cpus, "FFmpeg found");
                None
            }
            Err(error) => {
                tracing::error!("{error}");
                Some(error.to_string())
            }
        };
        let launcher = Launcher::start().context("the launcher thread does not start")?;
        let ports = Ports::start(config.rtp_ip, config.rtp_ports);
        let data_dir = config.data_dir();
        let (directory, keeping) = Directory::start(DirectoryConfig {
            sdp_dir: sdp_dir(&data_dir),
            data_dir,
            ffmpeg: config.ffmpeg.clone(),
            cpus: cpus.iter().collect(),
            fps: config.fps,
            public_url: config.public_url.trim_end_matches('/').to_owned(),
            claim_grace: config.claim_grace,
            keep: config.keep,
            cpu_budget: config.cpu_budget,
            max_broadcasts: config.max_broadcasts,
            max_inputs: config.max_inputs,
            dvr: config.dvr.unwrap_or_default(),
            launcher,
            ports: ports.clone(),
        })
        .await;
        Ok(Self {
            config,
            http,
            grpc,
            ops,
            tls,
            grpc_tls,
            directory,
            keeping,
            ports,
            unready,
            termination,
        })
    }

    /// Serves until SIGTERM or SIGINT, which is a restart and not an end: playlists stay open. As long as FFmpeg will not do,
    /// it is asked again, and no broadcast is opened.
    ///
    /// # Errors
    /// A listener stopped by itself.
    pub async fn run(mut self) -> anyhow::Result<()> {
        let readiness = match &self.unready {
            None => Readiness::Ready,
            Some(reason) => Readiness::NotReady(reason.clone()),
        };
        let (readiness, observed) = watch::channel(readiness);
        let (refusal, unready) = watch::channel(self.unready.clone());
        let (stop, stopping) = watch::channel(());
        let until = |mut stopping: watch::Receiver<()>| async move {
            // The sender is never used: its end is the signal.
            let _ended = stopping.changed().await;
        };
        let mut http = tokio::spawn(listen::serve(
            self.http,
            self.tls,
            http::router(self.directory.rooms.clone(), self.config.max_ll_viewers),
            until(stopping.clone()),
            GRACE,
        ));
        // Nothing here changes anything, so nobody needs a token.
        let guard = Guard::new(&self.config.ops_host, None);
        let mut ops = tokio::spawn(listen::serve(
            self.ops,
            None,
            daemon::ops::router(observed, axum::Router::new(), guard),
            until(stopping.clone()),
            GRACE,
        ));

        let (health, health_service) = tonic_health::server::health_reporter();
        type Served = ComposerServer<Service>;
        if self.unready.is_none() {
            health.set_serving::<Served>().await;
        } else {
            health.set_not_serving::<Served>().await;
        }
        let service = Service::new(self.directory.clone(), self.ports, unready);
        let reflection = || {
            tonic_reflection::server::Builder::configure()
                .register_encoded_file_descriptor_set(proto::DESCRIPTOR_SET)
                .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
        };
        let mut server = Server::builder()
            .http2_keepalive_interval(Some(KEEPALIVE))
            .http2_keepalive_timeout(Some(KEEPALIVE));
        if let Some(tls) = self.grpc_tls {
            server = server.tls_config(tls).context("--grpc-tls-cert")?;
        }
        let listener = tokio::net::TcpListener::from_std(self.grpc)?;
        // Answers are small and awaited: held back for more, each costs a delayed acknowledgement (40 ms).
        let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
        let router = server
            .add_service(health_service)
            .add_service(reflection().build_v1()?)
            .add_service(reflection().build_v1alpha()?)
            .add_service(ComposerServer::new(service));
        let mut grpc = tokio::spawn(router.serve_with_incoming(incoming));

        tracing::info!(
            grpc = %self.config.grpc_listen,
            hls = %self.config.http_listen,
            "composing at {} frames a second",
            self.config.fps
        );
        ready::ready(self.unready.as_deref().unwrap_or("composing"));
        let unfit = |error: ProbeError| {
            let reason = error.to_string();
            refusal.send_replace(Some(reason.clone()));
            readiness.send_replace(Readiness::NotReady(reason));
        };
        let mut fit = pin!(probe::until_fit(&self.config.ffmpeg, unfit));
        let mut is_fit = self.unready.is_none();
        loop {
            tokio::select! {
                signal = self.termination.asked() => {
                    tracing::info!(signal, "stopping; playlists stay open for the next process");
                    break;
                }
                ended = &mut http => break ended??,
                ended = &mut ops => break ended??,
                ended = &mut grpc => break ended??,
                ended = &mut self.keeping => {
                    ended.context("the directory of broadcasts failed")?;
                    anyhow::bail!("the directory of broadcasts ended by itself");
                }
                version = &mut fit, if !is_fit => {
                    is_fit = true;
                    tracing::info!(version, "FFmpeg found: broadcasts are opened from now on");
                    refusal.send_replace(None);
                    readiness.send_replace(Readiness::Ready);
                    health.set_serving::<Served>().await;
                    ready::ready("composing");
                }
            }
        }
        ready::stopping();
        readiness.send_replace(Readiness::NotReady("stopping".into()));
        refusal.send_replace(Some("the composer is stopping".into()));
        self.directory.suspend().await;
        // Open claims would hold a graceful stop for ever; their end tells the SFU to come back.
        grpc.abort();
        drop(stop);
        http.await??;
        ops.await??;
        Ok(())
    }
}

/// SDP files are needed as long as the process lives, and so that people can join when the disk is full: in memory
/// where systemd gives a directory there.
fn sdp_dir(data_dir: &Path) -> PathBuf {
    let runtime = std::env::var_os("RUNTIME_DIRECTORY").filter(|dir| !dir.is_empty());
    runtime.map_or_else(|| data_dir.join(".sdp"), |dir| Path::new(&dir).join("sdp"))
}

fn grpc_tls(config: &Config) -> anyhow::Result<Option<ServerTlsConfig>> {
    match (&config.grpc_tls_cert, &config.grpc_tls_key) {
        (Some(cert), Some(key)) => {
            let read = |path: &std::path::Path| {
                std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
            };
            let identity = Identity::from_pem(read(cert)?, read(key)?);
            let tls = ServerTlsConfig::new().identity(identity);
            let Some(path) = &config.grpc_client_ca else { return Ok(Some(tls)) };
            let (authorities, _) = listen::authorities(path).context("--grpc-client-ca")?;
            Ok(Some(tls.client_ca_root(Certificate::from_pem(authorities))))
        }
        _ if config.insecure || listen::is_loopback(config.grpc_listen.ip()) => Ok(None),
        _ => anyhow::bail!(
            "--grpc-listen {} lets other machines control broadcasts: give --grpc-tls-cert and --grpc-tls-key, or --insecure inside a trusted network",
            config.grpc_listen
        ),
    }
}

fn warn_about_ports(config: &Config) {
    let Ok(text) = std::fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range") else {
        return;
    };
    let mut bounds = text.split_whitespace().filter_map(|port| port.parse().ok());
    if let (Some(first), Some(last)) = (bounds.next(), bounds.next())
        && config.rtp_ports.overlaps(first, last)
    {
        tracing::warn!(
            "--rtp-ports {} overlaps the system's ephemeral ports {first}-{last}: other programs will take some",
            config.rtp_ports
        );
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use proto::v1::{self, composer_client::ComposerClient};
    use tokio::time::timeout;
    use tonic::transport::Channel;
    use tonic_health::pb::{
        HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
    };

    use super::*;

    /// Far beyond what anything takes.
    const PATIENCE: Duration = Duration::from_secs(60);

    fn config(data: &Path, ffmpeg: &Path) -> Config {
        let any = "127.0.0.1:0";
        let flags = ["--grpc-listen", any, "--http-listen", any, "--ops-listen", any];
        let (data, ffmpeg) = (data.display().to_string(), ffmpeg.display().to_string());
        let paths = ["--data-dir", &data, "--ffmpeg", &ffmpeg];
        Config::parse_from(["hls-composer"].into_iter().chain(flags).chain(paths))
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_ffmpeg_that_is_installed_later_is_found_and_broadcasts_are_opened_then() {
        let dir = tempfile::TempDir::new().expect("a directory");
        let ffmpeg = dir.path().join("ffmpeg");
        let composer = Composer::start(config(dir.path(), &ffmpeg)).await.expect("a composer");
        let grpc = composer.grpc.local_addr().expect("an address");
        let _running = tokio::spawn(composer.run());
        let channel = Channel::from_shared(format!("http://{grpc}")).expect("an address");
        let channel = channel.connect().await.expect("a listener");
        let mut client = ComposerClient::new(channel.clone());
        let request =
            || v1::OpenBroadcastRequest { room_id: "room".into(), epoch: 1, ..Default::default() };
        let refused = client.open_broadcast(request()).await.expect_err("no FFmpeg");
        assert!(refused.message().contains("does not start"), "{refused}");
        let service = HealthCheckRequest { service: "composer.v1.Composer".into() };
        let mut health =
            HealthClient::new(channel).watch(service).await.expect("a watch").into_inner();
        let now = health.message().await.expect("a status").expect("the first");
        assert_eq!(now.status(), ServingStatus::NotServing);

        let path = std::env::var_os("PATH").expect("a path");
        let mut programs = std::env::split_paths(&path).map(|dir| dir.join("ffmpeg"));
        let installed = programs.find(|it| it.exists()).expect("ffmpeg is installed");
        std::os::unix::fs::symlink(installed, &ffmpeg).expect("a link");
        let next = timeout(PATIENCE, health.message()).await.expect("in time");
        let next = next.expect("a status").expect("the next");
        assert_eq!(next.status(), ServingStatus::Serving);
        drop(client.open_broadcast(request()).await.expect("a claim"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_panic_of_the_directory_ends_the_process_with_a_reason() {
        let dir = tempfile::TempDir::new().expect("a directory");
        let config = config(dir.path(), Path::new("ffmpeg"));
        let composer = Composer::start(config).await.expect("a composer");
        let directory = composer.directory.clone();
        let running = tokio::spawn(composer.run());
        directory.poison().await;
        let end = timeout(PATIENCE, running).await.expect("its end");
        let error = end.expect("no panic").expect_err("the process fails");
        assert!(format!("{error:#}").contains("the directory"), "{error:#}");
    }
}
