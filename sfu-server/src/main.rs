//! `sfu-server`: see the library's documentation.

use std::process::ExitCode;

use clap::Parser as _;
use sfu_server::{Config, Server};

#[tokio::main]
async fn main() -> ExitCode {
    let config = Config::parse();
    daemon::logging::init("info,mediasoup=warn,mediasoup::worker=error");
    daemon::limits::raise_open_files();
    let outcome = match Server::start(config).await {
        Ok(server) => server.run().await,
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
