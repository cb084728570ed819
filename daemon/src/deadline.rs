//! Deadlines that may be absent, for `select!`.

use tokio::time::{Instant, sleep_until};

/// Waits for the instant, or for ever where there is none.
pub async fn at(due: Option<Instant>) {
    match due {
        Some(due) => sleep_until(due).await,
        None => std::future::pending().await,
    }
}
