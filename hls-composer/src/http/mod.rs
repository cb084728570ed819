//! The HLS origin: playlists with blocking reload, parts, segments and initialization sections.
//!
//! Everything is answered from the [`View`] a packager has published, and
//! the DVR window from files it names. A request that waits holds one receiver and one timer, for
//! three target durations at most.

mod census;
mod media;
mod playlists;
mod range;
mod reload;
mod response;
mod rooms;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::Method;
use axum::routing::get;
use tokio::sync::{Semaphore, watch};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::cors::{Any, CorsLayer};

use census::Census;

use crate::packager::View;
use crate::packager::names::{
    DVR_PLAYLIST, LIVE_PLAYLIST, MASTER_PLAYLIST, PLAIN_PLAYLIST, POSTER, VOD_PLAYLIST,
};
pub use rooms::Rooms;

/// Reads from disk at the same time. Each holds a thread, for as long as a disk that hangs takes, and the threads are the
/// ones that posters are drawn on and other broadcasts write from.
const READS: usize = 32;
/// How long a browser may keep the answer to a preflight request.
const PREFLIGHT_AGE: Duration = Duration::from_secs(24 * 3600);

/// What every request is answered from.
#[derive(Debug, Clone)]
struct Origin {
    rooms: watch::Receiver<Arc<Rooms>>,
    census: Arc<Census>,
    /// Files of DVR windows that may be read at the same time.
    reads: Arc<Semaphore>,
}

impl Origin {
    /// The broadcast of a room.
    fn room(&self, room_id: &str) -> Option<watch::Receiver<Arc<View>>> {
        self.rooms.borrow().get(room_id)
    }
}

/// The routes of the origin, over the rooms of the moment: `/hls/{room_id}/` and the playlists
/// `index.m3u8`, `live.m3u8`, `plain.m3u8`, `dvr.m3u8` and `vod.m3u8`, `poster.jpg`, and the files
/// the playlists name, for GET, HEAD and OPTIONS, from every origin. Above `max_ll_viewers` new
/// viewers get playlists without low latency.
pub fn router(rooms: watch::Receiver<Arc<Rooms>>, max_ll_viewers: u32) -> Router {
    let census = Arc::new(Census::new(max_ll_viewers));
    let origin = Origin { rooms, census, reads: Arc::new(Semaphore::new(READS)) };
    let path = |file: &str| format!("/hls/{{room_id}}/{file}");
    // Only playlists are compressed, media is as small as it gets; and quickly, because each viewer
    // fetches a playlist per part.
    let playlists = Router::new()
        .route(&path(MASTER_PLAYLIST), get(playlists::multivariant))
        .route(&path(LIVE_PLAYLIST), get(playlists::live))
        .route(&path(PLAIN_PLAYLIST), get(playlists::plain))
        .route(&path(DVR_PLAYLIST), get(playlists::dvr))
        .route(&path(VOD_PLAYLIST), get(playlists::on_demand))
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest));
    let media = Router::new()
        .route(&path(POSTER), get(media::poster))
        .route(&path("{file}"), get(media::file));
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD, Method::OPTIONS])
        .allow_headers(Any)
        .expose_headers(Any)
        .max_age(PREFLIGHT_AGE);
    playlists.merge(media).fallback(response::no_such_page).layer(cors).with_state(origin)
}

#[cfg(test)]
mod tests;
