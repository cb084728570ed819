//! The command line and environment of `hls-composer`.

use std::{
    ffi::OsString,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    time::Duration,
};

use clap::Parser;
use daemon::cpus::CpuList;

use crate::ports::PortRange;

/// Composes each room's RTP into one small live picture and serves it as LL-HLS.
#[derive(Clone, Debug, Parser)]
#[command(version, about)]
pub struct Config {
    /// Address of the gRPC service composer.v1.Composer.
    #[arg(long, env = "COMPOSER_GRPC_LISTEN", default_value = "127.0.0.1:50051")]
    pub grpc_listen: SocketAddr,

    /// Address of the HLS listener.
    #[arg(long, env = "COMPOSER_HTTP_LISTEN", default_value = "127.0.0.1:3001")]
    pub http_listen: SocketAddr,

    /// Origin put in front of playlist URLs, as `https://live.example.org`; empty keeps them relative.
    #[arg(long, env = "COMPOSER_PUBLIC_URL", default_value = "", hide_default_value = true)]
    pub public_url: String,

    /// UDP ports on which FFmpegs receive RTP and RTCP.
    #[arg(long, env = "COMPOSER_RTP_PORTS", default_value = "12000-12999")]
    pub rtp_ports: PortRange,

    /// Address on which FFmpegs receive RTP and RTCP.
    #[arg(long, env = "COMPOSER_RTP_IP", default_value_t = IpAddr::V4(Ipv4Addr::LOCALHOST))]
    pub rtp_ip: IpAddr,

    /// Where segments are kept; default: $STATE_DIRECTORY, else ./var/hls.
    #[arg(long, env = "COMPOSER_DATA_DIR")]
    pub data_dir: Option<PathBuf>,

    /// Cores of the FFmpegs, as for `taskset -c` (1, 1-3 or 0,2); default: the last allowed one.
    #[arg(long, env = "COMPOSER_CPUS")]
    pub cpus: Option<CpuList>,

    /// Pictures a second: 5, 10, 15, 20, 25, 30, 40, 50 or 60.
    #[arg(long, env = "COMPOSER_FPS", default_value_t = 15, value_parser = fps)]
    pub fps: u32,

    /// The FFmpeg to run.
    #[arg(long, env = "COMPOSER_FFMPEG", default_value = "ffmpeg")]
    pub ffmpeg: OsString,

    /// Address of /livez and /readyz.
    #[arg(long, env = "COMPOSER_OPS_LISTEN", default_value = "127.0.0.1:9101")]
    pub ops_listen: SocketAddr,

    /// Names under which the ops listener answers, beside its addresses and localhost; a comma separates several.
    #[arg(long, env = "COMPOSER_OPS_HOST", value_delimiter = ',')]
    pub ops_host: Vec<String>,

    /// How long a broadcast whose SFU is away stays open.
    #[arg(long, env = "COMPOSER_CLAIM_GRACE", default_value = "45s", value_parser = daemon::duration::parse)]
    pub claim_grace: Duration,

    /// How long an ended playlist stays.
    #[arg(long, env = "COMPOSER_KEEP", default_value = "60s", value_parser = daemon::duration::parse)]
    pub keep: Duration,

    /// Percent of a core that broadcasts may use together; beyond it new ones are refused.
    #[arg(long, env = "COMPOSER_CPU_BUDGET", default_value_t = 85, value_parser = clap::value_parser!(u32).range(10..=100))]
    pub cpu_budget: u32,

    /// Broadcasts at the same time.
    #[arg(long, env = "COMPOSER_MAX_BROADCASTS", default_value_t = 100)]
    pub max_broadcasts: usize,

    /// Inputs of one broadcast: a camera with its microphone is one, and so is a shared screen.
    #[arg(long, env = "COMPOSER_MAX_INPUTS", default_value_t = 24)]
    pub max_inputs: usize,

    /// How far back the playlist dvr.m3u8 reaches, 30s or more; default: there is none.
    #[arg(long, env = "COMPOSER_DVR", value_parser = window)]
    pub dvr: Option<Duration>,

    /// Viewers of low latency; who comes when there are more gets a playlist without.
    #[arg(long, env = "COMPOSER_MAX_LL_VIEWERS", default_value_t = 1000)]
    pub max_ll_viewers: u32,

    /// Certificate chain (PEM) of the HLS listener; with --tls-key it speaks HTTPS.
    #[arg(long, env = "COMPOSER_TLS_CERT", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,

    /// Private key (PEM) of --tls-cert.
    #[arg(long, env = "COMPOSER_TLS_KEY", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Certificate chain (PEM) of the gRPC listener.
    #[arg(long, env = "COMPOSER_GRPC_TLS_CERT", requires = "grpc_tls_key")]
    pub grpc_tls_cert: Option<PathBuf>,

    /// Private key (PEM) of --grpc-tls-cert.
    #[arg(long, env = "COMPOSER_GRPC_TLS_KEY", requires = "grpc_tls_cert")]
    pub grpc_tls_key: Option<PathBuf>,

    /// Authorities (PEM) of clients: the gRPC listener answers nobody without a certificate of theirs.
    #[arg(long, env = "COMPOSER_GRPC_CLIENT_CA", requires = "grpc_tls_cert")]
    pub grpc_client_ca: Option<PathBuf>,

    /// Allow gRPC without TLS on an address that other machines reach.
    #[arg(long, env = "COMPOSER_INSECURE")]
    pub insecure: bool,
}

/// A tick is a whole number of samples, and a part of 200 ms a whole number of ticks.
fn fps(text: &str) -> Result<u32, String> {
    let fps: u32 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    let fits = (5..=60).contains(&fps) && fps.is_multiple_of(5) && 48_000_u32.is_multiple_of(fps);
    fits.then_some(fps)
        .ok_or_else(|| format!("{fps} does not fit: use 5, 10, 15, 20, 25, 30, 40, 50 or 60"))
}

/// A window is longer than the live list, or there is nothing to go back to.
fn window(text: &str) -> Result<Duration, String> {
    let window = daemon::duration::parse(text).map_err(|error| error.to_string())?;
    let fits = window >= Duration::from_secs(30);
    fits.then_some(window).ok_or_else(|| format!("{text} is too short: use 30s or more"))
}

impl Config {
    /// Where segments are kept.
    pub fn data_dir(&self) -> PathBuf {
        let state = || std::env::var_os("STATE_DIRECTORY").filter(|dir| !dir.is_empty());
        match &self.data_dir {
            Some(dir) => dir.clone(),
            None => state().map_or_else(|| PathBuf::from("var/hls"), PathBuf::from),
        }
    }
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

    #[test]
    fn a_dvr_window_is_longer_than_the_live_list() {
        assert_eq!(window("15m"), Ok(Duration::from_secs(900)));
        assert!(window("29s").is_err() && window("").is_err());
    }

    #[test]
    fn frame_rates_give_whole_ticks_and_parts() {
        let accepted: Vec<u32> = (0..100).filter(|n| fps(&n.to_string()).is_ok()).collect();
        assert_eq!(accepted, [5, 10, 15, 20, 25, 30, 40, 50, 60]);
    }
}
