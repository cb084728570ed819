//! The command line and environment of `sfu-server`.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use clap::{Parser, ValueEnum};

use crate::{http::Origin, media::ports::PortRange};

/// WebRTC rooms with an HLS broadcast each: signaling, SFU and the frontend.
#[derive(Clone, Debug, Parser)]
#[command(version = VERSION, about)]
pub struct Config {
    /// Address of HTTP, Socket.IO and the frontend.
    #[arg(long, env = "SFU_LISTEN", default_value = "127.0.0.1:3000")]
    pub listen: SocketAddr,

    /// Where hls-composer answers gRPC.
    #[arg(long, env = "SFU_COMPOSER", default_value = "http://127.0.0.1:50051")]
    pub composer: tonic::transport::Uri,

    /// Address on which browsers' media arrives (UDP and TCP).
    #[arg(long, env = "SFU_RTC_LISTEN_IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub rtc_listen_ip: IpAddr,

    /// Addresses browsers are told to send media to, if they differ from --rtc-listen-ip; a comma separates several.
    #[arg(long, env = "SFU_RTC_ANNOUNCED_ADDRESS", value_delimiter = ',')]
    pub rtc_announced_address: Vec<String>,

    /// Media port of the first worker; worker n listens on this + n.
    #[arg(long, env = "SFU_RTC_PORT", default_value_t = 10000)]
    pub rtc_port: u16,

    /// Ports from which media is sent to the composer.
    #[arg(long, env = "SFU_PLAIN_PORTS", default_value = "11000-11999")]
    pub plain_ports: PortRange,

    /// Where /hls/ requests are forwarded to.
    #[arg(long, env = "SFU_HLS_UPSTREAM", default_value = "http://127.0.0.1:3001")]
    pub hls_upstream: axum::http::Uri,

    /// Authorities (PEM) that vouch for hls-composer where --composer or --hls-upstream is https; default: the system's.
    #[arg(long, env = "SFU_COMPOSER_CA")]
    pub composer_ca: Option<PathBuf>,

    /// Certificate chain (PEM) shown to hls-composer where it asks for one (its --grpc-client-ca); with --composer-key.
    #[arg(long, env = "SFU_COMPOSER_CERT", requires = "composer_key")]
    pub composer_cert: Option<PathBuf>,

    /// Private key (PEM) of --composer-cert.
    #[arg(long, env = "SFU_COMPOSER_KEY", requires = "composer_cert")]
    pub composer_key: Option<PathBuf>,

    /// The --public-url of hls-composer, if it has one: pages may play from there.
    #[arg(long, env = "SFU_PUBLIC_URL")]
    pub public_url: Option<Origin>,

    /// The built frontend.
    #[arg(long, env = "SFU_FRONTEND_DIR", default_value = "frontend/dist")]
    pub frontend_dir: PathBuf,

    /// Address of /livez, /readyz and /dump (what mediasoup holds).
    #[arg(long, env = "SFU_OPS_LISTEN", default_value = "127.0.0.1:9100")]
    pub ops_listen: SocketAddr,

    /// Names under which the ops listener answers, beside its addresses and localhost; a comma separates several.
    #[arg(long, env = "SFU_OPS_HOST", value_delimiter = ',')]
    pub ops_host: Vec<String>,

    /// Whoever shows this to the ops listener (Authorization: Bearer) may ask it everything from everywhere; without it only
    /// this machine changes something. 32 bytes or more.
    #[arg(long, env = "SFU_OPS_TOKEN", hide_env_values = true)]
    pub ops_token: Option<String>,

    /// How many mediasoup workers run; default: one per allowed core except --composer-cpus, at least one.
    #[arg(long, env = "SFU_WORKERS")]
    pub workers: Option<NonZeroUsize>,

    /// Cores left to hls-composer, as in its --cpus; default: the last allowed one.
    #[arg(long, env = "SFU_COMPOSER_CPUS")]
    pub composer_cpus: Option<daemon::cpus::CpuList>,

    /// When a room is broadcast: from its first producer on, or never.
    #[arg(long, env = "SFU_BROADCAST", default_value = "auto")]
    pub broadcast: BroadcastMode,

    /// How long a room's broadcast stays open after the last peer left.
    #[arg(long, env = "SFU_BROADCAST_LINGER", default_value = "30s", value_parser = daemon::duration::parse)]
    pub broadcast_linger: Duration,

    /// How long the seat of a peer is kept whose connection is lost.
    #[arg(long, env = "SFU_SEAT_GRACE", default_value = "30s", value_parser = daemon::duration::parse)]
    pub seat_grace: Duration,

    /// Most publishing peers in one room.
    #[arg(long, env = "SFU_MAX_PEERS", default_value = "8")]
    pub max_peers: NonZeroUsize,

    /// Most peers in one room that only receive.
    #[arg(long, env = "SFU_MAX_VIEWERS", default_value_t = 16)]
    pub max_viewers: usize,

    /// Most producers of one peer: camera, microphone, screen, screen audio.
    #[arg(long, env = "SFU_MAX_PRODUCERS", default_value_t = 4)]
    pub max_producers: usize,

    /// Most rooms open at once.
    #[arg(long, env = "SFU_MAX_ROOMS", default_value = "100")]
    pub max_rooms: NonZeroUsize,

    /// Most signaling connections at once.
    #[arg(long, env = "SFU_MAX_CONNECTIONS", default_value_t = 1000)]
    pub max_connections: usize,

    /// Requests of one connection a second; as many may come at once.
    #[arg(long, env = "SFU_MAX_REQUESTS", default_value = "100")]
    pub max_requests: NonZeroU32,

    /// Sites whose pages may connect and frame this server's, as browsers write origins: scheme, host, port; a comma separates
    /// several. Default: all.
    #[arg(long, env = "SFU_ALLOWED_ORIGINS", value_delimiter = ',')]
    pub allowed_origins: Vec<Origin>,

    /// Asks for a JWT signed with this (HS256) of whoever creates or joins a room. 32 bytes or more.
    #[arg(long, env = "SFU_JOIN_SECRET", hide_env_values = true)]
    pub join_secret: Option<String>,

    /// Signs what brings clients back after a restart of this server; made when missing. Default: rejoin.key in
    /// $STATE_DIRECTORY, or var/sfu/rejoin.key.
    #[arg(long, env = "SFU_KEY_FILE")]
    pub key_file: Option<PathBuf>,

    /// How long a client that was in a room may be away, over a restart of this server, and come back by itself: 2s to 1h.
    #[arg(long, env = "SFU_REJOIN_LIFETIME", default_value = "10m", value_parser = minutes)]
    pub rejoin_lifetime: Duration,

    /// TURN and STUN addresses for browsers, such as turn:turn.example.org:3478?transport=udp; a comma separates several.
    #[arg(long, env = "SFU_TURN_URL", value_delimiter = ',')]
    pub turn_url: Vec<String>,

    /// Shared with the TURN server (coturn's static-auth-secret): browsers get credentials of 24 hours.
    #[arg(long, env = "SFU_TURN_SECRET", hide_env_values = true, requires = "turn_url")]
    pub turn_secret: Option<String>,

    /// Certificate chain (PEM) of the HTTP listener; with --tls-key it speaks HTTPS.
    #[arg(long, env = "SFU_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// Private key (PEM) of --tls-cert.
    #[arg(long, env = "SFU_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
}

const VERSION: &str =
    concat!(env!("CARGO_PKG_VERSION"), " (mediasoup worker: ", env!("MEDIASOUP_FLAVOUR"), ")");

impl Config {
    /// Where the key is kept when no flag says so.
    pub fn default_key_file() -> PathBuf {
        let state = std::env::var_os("STATE_DIRECTORY").filter(|dir| !dir.is_empty());
        state.map_or_else(|| PathBuf::from("var/sfu"), PathBuf::from).join("rejoin.key")
    }
}

/// Whoever has such a token opens a room again: it holds for no longer than a restart takes.
fn minutes(text: &str) -> Result<Duration, String> {
    let lifetime = daemon::duration::parse(text)?;
    let fits = (Duration::from_secs(2)..=Duration::from_secs(3600)).contains(&lifetime);
    fits.then_some(lifetime).ok_or_else(|| format!("{text} does not fit: use 2s to 1h"))
}

/// When a room is broadcast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum BroadcastMode {
    /// From the first producer on.
    Auto,
    /// Never.
    Off,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_is_the_contract() {
        use clap::CommandFactory as _;
        let help = Config::command().term_width(100).render_long_help().to_string();
        insta::assert_snapshot!(help);
    }
}
