//! The SFU's claim: it holds the broadcast as long as its status stream is open.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::Status;

/// Held by the stream of `OpenBroadcast`; dropping it lets the claim go.
#[derive(Debug)]
pub struct Claim {
    /// The broadcast, whole.
    pub status: watch::Receiver<Arc<Status>>,
    /// Cancelled when a newer claim replaces this one.
    pub superseded: CancellationToken,
    _guard: Guard,
}

#[derive(Debug)]
struct Guard {
    id: u64,
    lost: mpsc::UnboundedSender<u64>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Without a broadcast there is nothing to let go of.
        _ = self.lost.send(self.id);
    }
}

/// The broadcast's side of its current claim.
#[derive(Debug)]
pub struct Held {
    id: u64,
    superseded: CancellationToken,
}

impl Held {
    /// A claim and its counterpart; `lost` hears of its end.
    pub fn grant(
        id: u64,
        status: watch::Receiver<Arc<Status>>,
        lost: mpsc::UnboundedSender<u64>,
    ) -> (Self, Claim) {
        let superseded = CancellationToken::new();
        let held = Self { id, superseded: superseded.clone() };
        (held, Claim { status, superseded, _guard: Guard { id, lost } })
    }

    /// Whether `id` names this claim and not a former one.
    pub fn is(&self, id: u64) -> bool {
        self.id == id
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.superseded.cancel();
    }
}
