//! Tasks whose end their owner hears of, however they end.

use std::any::Any;

use tokio::task::{JoinError, JoinHandle};

use super::poison::Poison;

/// A task by name. Dropping it leaves the task alone: each ends with the channels it lives on.
#[derive(Debug)]
pub struct Watched {
    name: &'static str,
    task: Option<JoinHandle<()>>,
}

impl Watched {
    /// Starts `future`.
    pub fn spawn(
        name: &'static str,
        poison: &Poison,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        Self { name, task: Some(tokio::spawn(poison.guard(name, future))) }
    }

    /// Returns when the task has ended by itself, and says how; for ever once that was told.
    /// Cancel-safe.
    pub async fn failed(&mut self) -> String {
        let Some(task) = &mut self.task else { return std::future::pending().await };
        let end = task.await;
        self.task = None;
        match end {
            Ok(()) => format!("the {} ended by itself", self.name),
            Err(error) => format!("the {} {}", self.name, cause(error)),
        }
    }

    /// Waits for the end of a task that was told to end. Says how it failed, if it did.
    pub async fn finished(mut self) -> Option<String> {
        let error = self.task.take()?.await.err()?;
        let reason = format!("the {} {}", self.name, cause(error));
        tracing::error!(reason, "a task ended badly");
        Some(reason)
    }
}

/// What a task that did not end well did, for a sentence that begins with its name.
pub fn cause(error: JoinError) -> String {
    match error.try_into_panic() {
        Ok(panic) => format!("panicked: {}", message(panic.as_ref())),
        Err(_) => "was cancelled".to_owned(),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}
