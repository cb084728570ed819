//! The assembled server: every start-up step, in one place, in the right order.

use std::{
    net::{IpAddr, SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use daemon::{
    cpus::CpuList,
    listen,
    ops::{Guard, Readiness},
    ready,
    secret::{Secret, SecretError},
    signals::Termination,
};
use tokio::sync::watch;

use crate::{
    BroadcastMode, Config, broadcast,
    composer_client::{self, Identity, Trust},
    http::{self, Upstream},
    media::{
        relays::Relays,
        workers::{UDP_BUFFER, WorkerConfig, Workers},
    },
    room::{Capacity, Directory, Door, RoomConfig},
    signaling::handlers::Limits,
    tokens::{Key, Revoker, Tokens},
};

#[cfg(test)]
mod faults;

/// How long running requests may take to finish at the end.
const GRACE: Duration = Duration::from_secs(1);

/// A server that is bound and ready to run.
pub struct Server {
    config: Config,
    http: TcpListener,
    ops: TcpListener,
    guard: Guard,
    tls: Option<listen::Tls>,
    door: Door,
    workers: Workers,
    hls_upstream: Upstream,
    termination: Termination,
}

impl Server {
    /// Binds every listener and starts the media workers.
    ///
    /// # Errors
    /// One sentence for the operator: which flag is wrong, or which address is busy.
    pub async fn start(config: Config) -> anyhow::Result<Self> {
        let termination = Termination::listen().context("signal handlers cannot be installed")?;
        let Secrets { join, turn, ops } = Secrets::of(&config)?;
        let guard = Guard::new(&config.ops_host, ops);
        let http = listen::bind("--listen", config.listen)?;
        let ops_listener = listen::bind("--ops-listen", config.ops_listen)?;
        let tls = match (&config.tls_cert, &config.tls_key) {
            (Some(cert), Some(key)) => Some(listen::Tls::load(cert, key)?),
            _ => None,
        };
        let trust = Trust::load(config.composer_ca.as_deref())?;
        let hls_upstream = Upstream::new(&config.hls_upstream, &trust)?;
        let identity = match (&config.composer_cert, &config.composer_key) {
            (Some(cert), Some(key)) => Some(Identity::load(cert, key)?),
            _ => None,
        };
        let composer = composer_client::endpoint(&config.composer, &trust, identity.as_ref())?;
        let workers = Workers::start(worker_config(&config)?).await?;
        let (tokens, revoker) = tokens(&config, join.as_ref())?;
        let broadcasts = (config.broadcast == BroadcastMode::Auto)
            .then(|| broadcast::Config { composer, plain_ports: config.plain_ports.range() });
        let rooms = RoomConfig {
            capacity: Capacity { publishers: config.max_peers.get(), viewers: config.max_viewers },
            max_producers: config.max_producers,
            seat_grace: config.seat_grace,
            linger: config.broadcast_linger,
            relays: Relays::new(config.turn_url.clone(), turn.as_ref())?,
            revoker: revoker.clone(),
            broadcasts,
        };
        let directory = Directory::start(workers.clone(), rooms, config.max_rooms.get());
        let door = Door { directory, tokens, revoker };
        Ok(Self {
            config,
            http,
            ops: ops_listener,
            guard,
            tls,
            door,
            workers,
            hls_upstream,
            termination,
        })
    }

    /// Serves until SIGTERM or SIGINT.
    ///
    /// # Errors
    /// A listener stopped by itself, or a task did without which nothing works: better a new process than a dead one.
    pub async fn run(mut self) -> anyhow::Result<()> {
        let addr = self.http.local_addr()?;
        announce(&self.config, addr);
        let (readiness, observed) = watch::channel(Readiness::Ready);
        let (stop, stopping) = watch::channel(());
        let until = |mut stopping: watch::Receiver<()>| async move {
            // The sender is never used: its end is the signal.
            let _ended = stopping.changed().await;
        };
        let limits = Limits {
            connections: self.config.max_connections,
            requests_per_second: self.config.max_requests.get(),
            allowed_origins: Arc::from(self.config.allowed_origins.clone()),
        };
        let (frontend, public) = (&self.config.frontend_dir, self.config.public_url.as_ref());
        let failed = failed(self.door.clone(), self.workers.clone());
        let router = http::router(self.door, limits, frontend, public, self.hls_upstream);
        let mut public = tokio::spawn(listen::serve(
            self.http,
            self.tls,
            router,
            until(stopping.clone()),
            GRACE,
        ));
        let mut ops = tokio::spawn(listen::serve(
            self.ops,
            None,
            daemon::ops::router(observed, http::ops::router(self.workers), self.guard),
            until(stopping),
            GRACE,
        ));
        ready::ready(&format!("serving on {addr}"));
        tokio::select! {
            signal = self.termination.asked() => tracing::info!(signal, "stopping"),
            ended = &mut public => ended??,
            ended = &mut ops => ended??,
            what = failed => anyhow::bail!(
                "a fault of the server has ended {what}, without which it does nothing: the log says where, above"
            ),
        }
        ready::stopping();
        readiness.send_replace(Readiness::NotReady("stopping".into()));
        drop(stop);
        public.await??;
        ops.await??;
        Ok(())
    }
}

/// Waits until a task has ended by a panic that every room needs; says which.
async fn failed(door: Door, workers: Workers) -> &'static str {
    tokio::select! {
        () = door.directory.ended() => "the room directory",
        () = workers.ended() => "the pool of media workers",
        () = door.revoker.ended() => "the list of ended rooms",
    }
}

/// What only the right people know. Said first: nothing is bound for a server that anybody could enter.
struct Secrets {
    join: Option<Secret>,
    turn: Option<Secret>,
    ops: Option<Secret>,
}

impl Secrets {
    fn of(config: &Config) -> Result<Self, SecretError> {
        Ok(Self {
            join: Secret::strong(
                "--join-secret",
                "SFU_JOIN_SECRET",
                config.join_secret.as_deref(),
            )?,
            // The relay's own operator chose it.
            turn: Secret::given("--turn-secret", "SFU_TURN_SECRET", config.turn_secret.as_deref())?,
            ops: Secret::strong("--ops-token", "SFU_OPS_TOKEN", config.ops_token.as_deref())?,
        })
    }
}

fn tokens(config: &Config, join_secret: Option<&Secret>) -> anyhow::Result<(Tokens, Revoker)> {
    let path = config.key_file.clone().unwrap_or_else(Config::default_key_file);
    let list = path.with_added_extension("revoked");
    let (key, list) = match Key::load_or_make(&path) {
        Ok(key) => (key, Some(list)),
        Err(error) if config.key_file.is_none() => {
            tracing::warn!(
                "{error}; until then calls do not come back by themselves after a restart of this server"
            );
            (Key::random(), None)
        }
        Err(error) => return Err(error.into()),
    };
    let lifetime = config.rejoin_lifetime;
    let revoker = Revoker::start(list, &key, lifetime);
    Ok((Tokens::new(&key, join_secret, lifetime), revoker))
}

fn worker_config(config: &Config) -> anyhow::Result<WorkerConfig> {
    let allowed = CpuList::allowed()?;
    let composer = config.composer_cpus.clone().or_else(|| allowed.last());
    let cpus = match composer {
        Some(composer) => allowed.without(&composer),
        None => allowed,
    };
    Ok(WorkerConfig {
        count: config.workers.map_or(cpus.len(), std::num::NonZero::get),
        cpus,
        listen_ip: config.rtc_listen_ip,
        announced: Arc::from(config.rtc_announced_address.clone()),
        first_port: config.rtc_port,
    })
}

/// Says which URLs will work, and warns where they will not.
fn announce(config: &Config, addr: SocketAddr) {
    let scheme = if config.tls_cert.is_some() { "https" } else { "http" };
    let host = match addr.ip() {
        ip if listen::is_loopback(ip) || ip.is_unspecified() => "localhost".to_owned(),
        IpAddr::V6(ip) => format!("[{ip}]"),
        IpAddr::V4(ip) => ip.to_string(),
    };
    tracing::info!("open {scheme}://{host}:{}", addr.port());
    if listen::is_loopback(addr.ip()) {
        tracing::warn!(
            "--listen {addr} is reachable from this machine only; --listen 0.0.0.0:{} opens it to others",
            addr.port()
        );
    } else if config.tls_cert.is_none() {
        tracing::warn!(
            "browsers on other machines give no camera to http:// pages; use --tls-cert and --tls-key, or a proxy with HTTPS in front"
        );
    }
    if listen::is_loopback(config.rtc_listen_ip) && !listen::is_loopback(addr.ip()) {
        tracing::warn!(
            "--rtc-listen-ip {} takes media from this machine only",
            config.rtc_listen_ip
        );
    }
    if config.rtc_listen_ip.is_unspecified() && config.rtc_announced_address.is_empty() {
        tracing::warn!(
            "--rtc-listen-ip {} is no address a browser can send to; name one with --rtc-announced-address",
            config.rtc_listen_ip
        );
    }
    let most = std::fs::read_to_string("/proc/sys/net/core/rmem_max");
    if let Some(most) = most.ok().and_then(|most| most.trim().parse::<u32>().ok())
        && most < UDP_BUFFER
    {
        tracing::warn!(
            "net.core.rmem_max is {most}: when this machine is busy, packets of everybody are lost; `sysctl -w net.core.rmem_max={UDP_BUFFER}` as root keeps them"
        );
    }
    for address in &config.rtc_announced_address {
        if address.parse::<IpAddr>().is_ok_and(|ip| ip.is_unspecified()) {
            tracing::warn!(
                "--rtc-announced-address {address} is no address a browser can send to; name this machine's own"
            );
        }
        if address.parse::<IpAddr>().is_ok_and(is_private) {
            tracing::warn!(
                "--rtc-announced-address {address} is private: only browsers in that network reach it"
            );
        }
    }
}

fn is_private(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.is_private() || ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}
