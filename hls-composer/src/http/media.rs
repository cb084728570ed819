//! Initialization sections, segments and parts.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use tokio::sync::watch;

use super::reload;
use super::response::{self, refuse};
use super::rooms::Rooms;

/// A file by name. The hinted part is answered when it is complete; a part that will never exist
/// is 404 as soon as that is known.
pub(super) async fn file(
    State(directory): State<watch::Receiver<Arc<Rooms>>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Response {
    let Ok(Path((room_id, name))) = path else { return response::no_such_room() };
    let Some(views) = directory.borrow().get(&room_id) else { return response::no_such_room() };
    match reload::settle(views, |view| reload::file(view, &name)).await {
        Some((_, view)) => match view.find(&name) {
            Some(chunks) => response::media(chunks),
            None => refuse(StatusCode::NOT_FOUND, "This file does not exist, or no longer."),
        },
        None => response::stalled(),
    }
}
