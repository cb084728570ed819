//! `index.m3u8` and `live.m3u8`.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use tokio::sync::watch;

use super::reload::{self, Verdict, Wanted};
use super::response::{self, Lifetime, refuse};
use super::rooms::Rooms;
use crate::packager::timeline::Position;

/// The delivery directives of a blocking reload (RFC 8216bis, 6.2.5).
#[derive(Debug, Deserialize)]
pub(super) struct Directives {
    #[serde(rename = "_HLS_msn")]
    msn: Option<u64>,
    #[serde(rename = "_HLS_part")]
    part: Option<u64>,
}

impl Directives {
    fn wanted(&self) -> Option<Wanted> {
        match (self.msn, self.part) {
            (None, None) => Some(Wanted::Present),
            (Some(msn), None) => Some(Wanted::Segment(msn)),
            (Some(msn), Some(part)) => Some(Wanted::Part(Position { msn, part })),
            (None, Some(_)) => None,
        }
    }
}

/// The multivariant playlist, as soon as the first encoder has named its codecs.
pub(super) async fn multivariant(
    State(directory): State<watch::Receiver<Arc<Rooms>>>,
    room: Result<Path<String>, PathRejection>,
) -> Response {
    let Ok(Path(room_id)) = room else { return response::no_such_room() };
    let Some(views) = directory.borrow().get(&room_id) else { return response::no_such_room() };
    let known = reload::settle(views, |view| match view.multivariant() {
        None if !view.is_ended() => Verdict::Wait,
        _ => Verdict::Ready,
    });
    match known.await {
        Some((_, view)) => match view.multivariant() {
            Some(text) => response::playlist(text.clone(), Lifetime::Present),
            None => refuse(StatusCode::NOT_FOUND, "This broadcast ended before it began."),
        },
        None => response::stalled(),
    }
}

/// The media playlist, at once or when it contains what the directives ask for.
pub(super) async fn live(
    State(directory): State<watch::Receiver<Arc<Rooms>>>,
    room: Result<Path<String>, PathRejection>,
    directives: Result<Query<Directives>, QueryRejection>,
) -> Response {
    let Ok(Path(room_id)) = room else { return response::no_such_room() };
    let Some(views) = directory.borrow().get(&room_id) else { return response::no_such_room() };
    let Ok(Query(directives)) = directives else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "_HLS_msn and _HLS_part must each be given once, as whole numbers.",
        );
    };
    let Some(wanted) = directives.wanted() else {
        return refuse(StatusCode::BAD_REQUEST, "_HLS_part needs _HLS_msn.");
    };
    let lifetime = if wanted == Wanted::Present { Lifetime::Present } else { Lifetime::Reload };
    match reload::settle(views, |view| reload::playlist(view, wanted)).await {
        Some((Verdict::Ready, view)) => match view.playlist() {
            Some(text) => response::playlist(text.clone(), lifetime),
            None => response::stalled(),
        },
        Some(_) => refuse(
            StatusCode::BAD_REQUEST,
            "_HLS_msn or _HLS_part lies too far in the future of this playlist.",
        ),
        None => response::stalled(),
    }
}
