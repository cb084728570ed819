//! Termination signals: the first asks for an orderly stop, the second exits at once.

use std::io;

use futures_util::StreamExt as _;
use signal_hook::consts::signal::{SIGINT, SIGTERM};
use signal_hook_tokio::Signals;
use tokio::sync::watch;

/// Registers the handlers. Dropping it changes nothing: the process keeps reacting.
#[derive(Debug)]
pub struct Termination {
    asked: watch::Receiver<Option<&'static str>>,
}

impl Termination {
    /// Starts listening for SIGTERM (systemd stops or restarts the unit) and SIGINT (Ctrl-C).
    pub fn listen() -> io::Result<Self> {
        let mut signals = Signals::new([SIGTERM, SIGINT])?;
        let (tx, asked) = watch::channel(None);
        tokio::spawn(async move {
            while let Some(signal) = signals.next().await {
                let name = if signal == SIGINT { "SIGINT" } else { "SIGTERM" };
                if tx.borrow().is_some() {
                    tracing::warn!(signal = name, "second signal: exiting at once");
                    std::process::exit(128 + signal);
                }
                tx.send_replace(Some(name));
            }
        });
        Ok(Self { asked })
    }

    /// Waits for the first signal and answers its name.
    pub async fn asked(&mut self) -> &'static str {
        match self.asked.wait_for(Option::is_some).await {
            Ok(name) => name.unwrap_or("SIGTERM"),
            Err(_) => "SIGTERM",
        }
    }
}
