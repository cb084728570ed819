//! `hls-composer`: see the library's documentation.

use std::process::ExitCode;

use clap::Parser as _;
use hls_composer::{Composer, Config};

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    daemon::logging::init("info");
    daemon::limits::raise_open_files();
    let outcome = match Composer::start(config).await {
        Ok(composer) => composer.run().await,
        Err(error) => Err(error),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
