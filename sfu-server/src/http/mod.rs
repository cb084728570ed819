//! The public HTTP listener: frontend, Socket.IO, `/api`, and `/hls` forwarded to the composer.

mod api;
mod frontend;
mod hls_upstream;
pub mod ops;

use std::path::Path;

use axum::Router;

pub use self::hls_upstream::Upstream;
use crate::{room::Door, signaling::handlers};

/// Everything under the public origin.
pub fn router(
    door: Door,
    limits: handlers::Limits,
    frontend_dir: &Path,
    hls_upstream: Upstream,
) -> Router {
    Router::new()
        .merge(api::router(door.directory.clone(), &limits.allowed_origins))
        .merge(hls_upstream::router(hls_upstream))
        .merge(frontend::router(frontend_dir))
        .layer(handlers::layer(door, limits))
}
