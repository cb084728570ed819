//! Initialization sections, segments and parts, and the poster.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::header::RANGE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bytes::Bytes;
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Origin;
use super::reload::{self, LONGEST_WAIT, Verdict};
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
            Some(file) => match read(origin.reads, file).await {
                Ok(bytes) => bytes.map(|bytes| vec![bytes]),
                Err(Slow) => return response::stalled(),
            },
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

/// The disk does not answer in time.
struct Slow;

/// A file of the DVR window; they are small.
async fn read(reads: Arc<Semaphore>, file: PathBuf) -> Result<Option<Bytes>, Slow> {
    let shown = file.display().to_string();
    let reading = async {
        let place = reads.acquire_owned().await.ok()?;
        let read = spawn_blocking(move || {
            let content = std::fs::read(file);
            // Whoever asked may be gone by then, and the thread still waits for the disk.
            drop(place);
            content
        });
        Some(read.await.map_err(std::io::Error::other).flatten())
    };
    match timeout(LONGEST_WAIT, reading).await {
        Err(_) => Err(Slow),
        Ok(Some(Ok(bytes))) => Ok(Some(bytes.into())),
        // It may have left the window since it was listed.
        Ok(Some(Err(error))) => {
            tracing::debug!(file = shown, %error, "a stored segment cannot be read");
            Ok(None)
        }
        Ok(None) => Ok(None),
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
