//! The public HTTP listener: frontend, Socket.IO, `/api`, and `/hls` forwarded to the composer.

mod api;
mod frontend;
mod hls_upstream;
pub mod ops;
mod origin;
mod pages;

use std::path::Path;

use axum::{
    Router,
    http::{HeaderValue, Method, StatusCode, header},
    routing::any,
};
use tower_http::{
    cors::{AllowOrigin, CorsLayer},
    set_header::SetResponseHeaderLayer,
};

use self::pages::Policies;
pub use self::{hls_upstream::Upstream, origin::Origin};
use crate::{room::Door, signaling::handlers};

/// Everything under the public origin.
pub fn router(
    door: Door,
    limits: handlers::Limits,
    frontend_dir: &Path,
    public_url: Option<&Origin>,
    hls_upstream: Upstream,
) -> Router {
    let cors = cors(&limits.allowed_origins);
    let policies = Policies::new(&limits.allowed_origins, public_url);
    let api = api::router(door.directory.clone()).layer(cors.clone());
    // The layer answers both, and nothing reaches the routes. Clients that begin with polling, as those of the original
    // do, ask as pages ask.
    let socket_io = Router::new()
        .route("/socket.io", any(StatusCode::NOT_FOUND))
        .route("/socket.io/", any(StatusCode::NOT_FOUND))
        .layer(handlers::layer(door, limits))
        .layer(cors);
    Router::new()
        .merge(socket_io)
        .merge(api)
        .merge(hls_upstream::router(hls_upstream))
        .merge(frontend::router(frontend_dir, policies))
        // A browser takes an answer for what its type says, never for what it looks like.
        .layer(SetResponseHeaderLayer::overriding(
            header::X_CONTENT_TYPE_OPTIONS,
            HeaderValue::from_static("nosniff"),
        ))
}

/// Whose pages may ask; `allowed_origins` is empty for all.
fn cors(allowed_origins: &[Origin]) -> CorsLayer {
    let origins = allowed_origins.iter().map(Origin::as_str);
    let origins = origins.filter_map(|origin| HeaderValue::from_str(origin).ok());
    let origins = match allowed_origins {
        [] => AllowOrigin::any(),
        _ => AllowOrigin::list(origins),
    };
    CorsLayer::new().allow_origin(origins).allow_methods([Method::GET, Method::POST])
}
