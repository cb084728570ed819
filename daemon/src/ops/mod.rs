//! The ops listener: `/livez` and `/readyz`, off the public port, behind a guard.

mod guard;

use axum::{Router, extract::State, http::StatusCode, routing::get};
use tokio::sync::watch;

pub use self::guard::Guard;

/// Whether the daemon can serve, and if not, why: one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Everything is bound and running.
    Ready,
    /// What is missing.
    NotReady(String),
}

/// `/livez` answers as long as the process runs; `/readyz` is 200 only when it can serve, else 503 with the reason. `further`
/// is what a daemon adds. `guard` stands before all of it.
pub fn router(readiness: watch::Receiver<Readiness>, further: Router, guard: Guard) -> Router {
    let probes = Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(readyz))
        .with_state(readiness);
    guard.before(probes.merge(further))
}

async fn readyz(State(readiness): State<watch::Receiver<Readiness>>) -> (StatusCode, String) {
    match &*readiness.borrow() {
        Readiness::Ready => (StatusCode::OK, "ready\n".into()),
        Readiness::NotReady(reason) => (StatusCode::SERVICE_UNAVAILABLE, format!("{reason}\n")),
    }
}
