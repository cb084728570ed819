//! `index.m3u8`, `live.m3u8` and its plain form, and the playlists for going back.
//!
//! Above `--max-ll-viewers` a viewer who comes is led to the plain playlist and stays with it; who plays with low latency
//! already asks with directives and keeps it.

use std::sync::Arc;

use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;

use super::Origin;
use super::reload::{self, Verdict, Wanted};
use super::response::{self, Lifetime, refuse};
use crate::packager::View;
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
    State(origin): State<Origin>,
    room: Result<Path<String>, PathRejection>,
) -> Response {
    let Ok(Path(room_id)) = room else { return response::no_such_room() };
    let Some(views) = origin.room(&room_id) else { return response::no_such_room() };
    let low_latency = origin.census.has_room();
    let known = reload::settle(views, |view| match view.multivariant(low_latency) {
        None if !view.is_ended() => Verdict::Wait,
        _ => Verdict::Ready,
    });
    match known.await {
        Some((_, view)) => match view.multivariant(low_latency) {
            Some(text) => response::playlist(text.clone(), Lifetime::Present),
            None => refuse(StatusCode::NOT_FOUND, "This broadcast ended before it began."),
        },
        None => response::stalled(),
    }
}

/// The media playlist, at once or when it contains what the directives ask for.
pub(super) async fn live(
    State(origin): State<Origin>,
    room: Result<Path<String>, PathRejection>,
    directives: Result<Query<Directives>, QueryRejection>,
) -> Response {
    let Ok(Path(room_id)) = room else { return response::no_such_room() };
    let Some(views) = origin.room(&room_id) else { return response::no_such_room() };
    let Ok(Query(directives)) = directives else {
        return refuse(
            StatusCode::BAD_REQUEST,
            "_HLS_msn and _HLS_part must each be given once, as whole numbers.",
        );
    };
    let Some(wanted) = directives.wanted() else {
        return refuse(StatusCode::BAD_REQUEST, "_HLS_part needs _HLS_msn.");
    };
    let present = wanted == Wanted::Present;
    let low_latency = !present || origin.census.has_room();
    let counted = (!present).then(|| origin.census.enter());
    let settled = reload::settle(views, |view| reload::playlist(view, wanted)).await;
    drop(counted);
    let Some((verdict, view)) = settled else { return response::stalled() };
    if verdict != Verdict::Ready {
        return refuse(
            StatusCode::BAD_REQUEST,
            "_HLS_msn or _HLS_part lies too far in the future of this playlist.",
        );
    }
    // When a broadcast has ended every number is answered, those of the next one too.
    let lasts = !present && !view.is_ended();
    let lifetime = if lasts { Lifetime::Reload } else { Lifetime::Present };
    let text = if low_latency { view.playlist() } else { view.plain() };
    text.map_or_else(response::stalled, |text| response::playlist(text.clone(), lifetime))
}

/// The media playlist without low-latency tags.
pub(super) async fn plain(origin: State<Origin>, room: RoomPath) -> Response {
    whole(origin, room, View::plain).await
}

/// The media playlist of the DVR window.
pub(super) async fn dvr(origin: State<Origin>, room: RoomPath) -> Response {
    whole(origin, room, View::dvr).await
}

/// What is left of a broadcast that is over.
pub(super) async fn on_demand(origin: State<Origin>, room: RoomPath) -> Response {
    whole(origin, room, View::on_demand).await
}

type RoomPath = Result<Path<String>, PathRejection>;

/// A playlist of whole segments, as soon as there is one.
async fn whole(
    State(origin): State<Origin>,
    room: RoomPath,
    text: impl Fn(&View) -> Option<&Bytes>,
) -> Response {
    let Ok(Path(room_id)) = room else { return response::no_such_room() };
    let Some(views) = origin.room(&room_id) else { return response::no_such_room() };
    let begun: Option<(Verdict, Arc<View>)> =
        reload::settle(views, |view| reload::playlist(view, Wanted::Present)).await;
    let Some((_, view)) = begun else { return response::stalled() };
    match text(&view) {
        Some(text) => response::playlist(text.clone(), Lifetime::Present),
        None => refuse(StatusCode::NOT_FOUND, "This broadcast has no such playlist."),
    }
}
