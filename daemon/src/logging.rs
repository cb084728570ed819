//! One line per state change: for people on a terminal, JSON for machines otherwise.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

/// Installs the process-wide log, on standard error. `RUST_LOG` overrides `default_filter`.
///
/// Calling it twice keeps the first log.
pub fn init(default_filter: &str) {
    // An empty RUST_LOG, as `RUST_LOG= command` leaves it, asks for nothing special.
    let asked = std::env::var("RUST_LOG").ok().filter(|filter| !filter.is_empty());
    let filter = EnvFilter::new(asked.as_deref().unwrap_or(default_filter));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let installed = if io::stderr().is_terminal() {
        log.with_target(false).compact().try_init()
    } else {
        log.json().flatten_event(true).try_init()
    };
    if let Err(error) = installed {
        tracing::debug!(%error, "a log is installed already");
    }
}
