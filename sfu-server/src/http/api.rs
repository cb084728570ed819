//! `GET /api/rooms/{roomId}`: what anybody may know of a room.

use axum::{
    Json, Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
    routing::get,
};

use crate::{
    room::Directory,
    signaling::messages::{Failure, RoomSummary},
};

pub(super) fn router(directory: Directory) -> Router {
    Router::new().route("/api/rooms/{room_id}", get(room)).with_state(directory)
}

async fn room(State(directory): State<Directory>, Path(room_id): Path<String>) -> Response {
    let no_store = [(header::CACHE_CONTROL, "no-store")];
    match directory.find(&room_id).await {
        Ok(room) => {
            let view = room.view.borrow();
            let settings = view.settings.told();
            // The playlist's address holds the watch id.
            let broadcast = (!room.charter.is_guarded()).then(|| view.broadcast.clone());
            let summary = RoomSummary {
                room_id: room.id().to_owned(),
                peers: view.members.len(),
                has_password: settings.has_password,
                locked: settings.locked,
                broadcast,
            };
            (no_store, Json(summary)).into_response()
        }
        Err(error) => {
            (StatusCode::NOT_FOUND, no_store, Json(Failure::from(&error))).into_response()
        }
    }
}
