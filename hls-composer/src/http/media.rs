//! Initialization sections, segments and parts, and the poster.

use std::path::PathBuf;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::RANGE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;

use super::Origin;
use super::reload::{self, Verdict};
use super::response::{self, refuse};

/// A file by name. The hinted part is answered when it is complete. What has left memory for the DVR
/// window is read from the disk.
pub(super) async fn file(
    State(origin): State<Origin>,
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(Path((room_id, name))) = path else { return response::no_such_room() };
    let Some(views) = origin.room(&room_id) else { return response::no_such_room() };
    let Some((verdict, view)) = reload::settle(views, |view| reload::file(view, &name)).await
    else {
        return response::stalled();
    };
    let chunks = match (verdict, view.find(&name)) {
        (Verdict::Ready, Some(chunks)) => Some(chunks),
        (Verdict::Ready, None) => match view.stored(&name) {
            Some(file) => read(file).await.map(|bytes| vec![bytes]),
            None => None,
        },
        _ => None,
    };
    let range = headers.get(RANGE).and_then(|range| range.to_str().ok());
    match chunks {
        Some(chunks) => response::media(chunks, range),
        None => refuse(StatusCode::NOT_FOUND, "This file does not exist, or no longer."),
    }
}

/// A file of the DVR window; they are small.
async fn read(file: PathBuf) -> Option<Bytes> {
    match tokio::fs::read(&file).await {
        Ok(bytes) => Some(bytes.into()),
        Err(error) => {
            // It may have left the window since it was listed.
            tracing::debug!(file = %file.display(), %error, "a stored segment cannot be read");
            None
        }
    }
}

/// A picture of the broadcast, never older than ten seconds while it goes on.
pub(super) async fn poster(
    State(origin): State<Origin>,
    room: Result<Path<String>, PathRejection>,
) -> Response {
    let Ok(Path(room_id)) = room else { return response::no_such_room() };
    let Some(views) = origin.room(&room_id) else { return response::no_such_room() };
    let poster = views.borrow().poster().cloned();
    match poster {
        Some(poster) => response::poster(poster),
        None => refuse(StatusCode::NOT_FOUND, "This broadcast has no picture yet."),
    }
}
