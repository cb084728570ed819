//! `sfu-server`: see the library's documentation.

use std::{process::ExitCode, time::Duration};

use clap::Parser as _;
use sfu_server::{Config, Server};

/// A media worker or a disk that hangs would hold the process for ever: what is left after this is the kernel's to end.
const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let config = Config::parse();
    daemon::logging::init("info,mediasoup=warn,mediasoup::worker=error");
    daemon::limits::raise_open_files();
    let outcome = tokio::runtime::Runtime::new().map_err(Into::into).and_then(|runtime| {
        let outcome = runtime.block_on(async { Server::start(config).await?.run().await });
        runtime.shutdown_timeout(PATIENCE);
        outcome
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
