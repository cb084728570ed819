//! What sfu-server adds to the ops listener: `GET /dump`, everything mediasoup holds at this moment.

use axum::{Json, Router, extract::State, routing::get};
use serde::Serialize;

use crate::media::{dump::WorkerContents, workers::Workers};

#[derive(Serialize)]
struct Dump {
    workers: Vec<WorkerContents>,
}

/// To be merged with the daemon's own ops routes. Never on the public port: ids of all rooms are in it.
pub fn router(workers: Workers) -> Router {
    Router::new().route("/dump", get(dump)).with_state(workers)
}

async fn dump(State(workers): State<Workers>) -> Json<Dump> {
    Json(Dump { workers: workers.dump().await })
}
