//! One line per state change: for people on a terminal, JSON for machines otherwise.

use std::io::{self, IsTerminal as _};

use tracing_subscriber::EnvFilter;

/// Installs the process-wide log, on standard error. `RUST_LOG` overrides `default_filter`.
///
/// Calling it twice keeps the first log.
pub fn init(default_filter: &str) {
    let filter =
        EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default_filter));
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
