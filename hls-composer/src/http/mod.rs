//! The HLS origin: playlists with blocking reload, parts, segments and initialization sections.
//!
//! Everything is answered from the [`View`](crate::packager::View) a packager has published;
//! nothing a viewer sends reaches a disk. A request that waits holds one receiver and one timer,
//! for three target durations at most.

mod media;
mod playlists;
mod reload;
mod response;
mod rooms;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use axum::routing::get;
use tokio::sync::watch;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{Any, CorsLayer};

use crate::packager::names::{LIVE_PLAYLIST, MASTER_PLAYLIST};
pub use rooms::Rooms;

/// How long a browser may keep the answer to a preflight request.
const PREFLIGHT_AGE: Duration = Duration::from_secs(24 * 3600);

/// The routes of the origin, over the rooms of the moment:
/// `/hls/{room_id}/index.m3u8`, `/hls/{room_id}/live.m3u8` and the files they name, for GET, HEAD
/// and OPTIONS, from every origin.
pub fn router(directory: watch::Receiver<Arc<Rooms>>) -> Router {
    // Only playlists are compressed, media is as small as it gets; and quickly, because each viewer
    // fetches a playlist per part.
    let playlists = Router::new()
        .route(&format!("/hls/{{room_id}}/{MASTER_PLAYLIST}"), get(playlists::multivariant))
        .route(&format!("/hls/{{room_id}}/{LIVE_PLAYLIST}"), get(playlists::live))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest));
    let media = Router::new().route("/hls/{room_id}/{file}", get(media::file));
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::OPTIONS])
        .allow_headers(Any)
        .expose_headers(Any)
        .max_age(PREFLIGHT_AGE);
    playlists.merge(media).fallback(response::no_such_page).layer(cors).with_state(directory)
}

#[cfg(test)]
mod tests;
