//! `hls-composer`: see the library's documentation.

use std::{process::ExitCode, time::Duration};

use clap::Parser as _;
use hls_composer::{Composer, Config};

/// How long threads that wait for a disk may keep a process whose work is done.
const LAST_THREADS: Duration = Duration::from_millis(500);

fn main() -> ExitCode {
    let config = Config::parse();
    daemon::logging::init("info");
    daemon::limits::raise_open_files();
    let outcome = tokio::runtime::Runtime::new().map_err(Into::into).and_then(|runtime| {
        let outcome = runtime.block_on(async { Composer::start(config).await?.run().await });
        runtime.shutdown_timeout(LAST_THREADS);
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
