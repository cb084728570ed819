//! What sfu-server adds to the ops listener: `GET /dump`, everything mediasoup holds at this moment, and
//! `POST /workers/{worker}/replace`, for a media worker that answers no more.

use crate::media::{
    dump::Contents,
    workers::{WorkerError, Workers},
};
use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse as _, Response},
    routing::{get, post},
};

/// To be merged with the daemon's own ops routes. Never on the public port: ids of all rooms are in it.
pub fn router(workers: Workers) -> Router {
    Router::new()
        .route("/dump", get(dump))
        .route("/workers/{worker}/replace", post(replace))
        .with_state(workers)
}

async fn dump(State(workers): State<Workers>) -> Json<Contents> {
    Json(workers.dump().await)
}

async fn replace(State(workers): State<Workers>, Path(worker): Path<usize>) -> Response {
    match workers.replace(worker).await {
        Ok(()) => format!("media worker {worker} is replaced\n").into_response(),
        Err(error @ WorkerError::Unknown(_)) => {
            (StatusCode::NOT_FOUND, format!("{error}\n")).into_response()
        }
        Err(error) => (StatusCode::SERVICE_UNAVAILABLE, format!("{error}\n")).into_response(),
    }
}
