//! `index.m3u8`, `live.m3u8` and its plain form, and the playlists for going back.
//!
//! Above `--max-ll-viewers` a viewer who comes is led to the plain playlist and stays with it; who plays with low latency
//! already asks with directives and keeps it.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, Uri};
use axum::response::Response;
use bytes::Bytes;
use serde::Deserialize;

use super::Origin;
use super::reload::{self, Verdict, Wanted};
use super::response::{self, Lifetime, refuse};
use crate::packager::View;
use crate::packager::timeline::Position;

/// The names of delivery directives (RFC 8216bis, 6.2.5).
const DIRECTIVES: [&str; 3] = ["_HLS_msn", "_HLS_part", "_HLS_skip"];

/// The delivery directives of a blocking reload.
#[derive(Debug, Deserialize)]
struct Directives {
    #[serde(rename = "_HLS_msn")]
    msn: Option<u64>,
    #[serde(rename = "_HLS_part")]
    part: Option<u64>,
}

impl Directives {
    /// Those of a request, or why they are refused.
    fn of(uri: &Uri) -> Result<Self, &'static str> {
        let names = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let raw = uri.query().unwrap_or_default();
        if !names.is_ok_and(|Query(pairs)| are_spelt_out(raw, &pairs)) {
            return Err("Directives are spelt _HLS_msn, _HLS_part and _HLS_skip, without escapes.");
        }
        match Query::try_from_uri(uri) {
            Ok(Query(directives)) => Ok(directives),
            Err(_) => Err("_HLS_msn and _HLS_part must each be given once, as whole numbers."),
        }
    }

    fn wanted(&self) -> Option<Wanted> {
        match (self.msn, self.part) {
            (None, None) => Some(Wanted::Present),
            (Some(msn), None) => Some(Wanted::Segment(msn)),
            (Some(msn), Some(part)) => Some(Wanted::Part(Position { msn, part })),
            (None, Some(_)) => None,
        }
    }
}

/// Whether the directives among `pairs` stand in the `raw` query as they are spelt, letter for letter. A cache may read the
/// names in another way: nginx's `$arg_…` ignores their case and decodes nothing, and would keep the answer for whoever asks
/// for something else.
fn are_spelt_out(raw: &str, pairs: &[(String, String)]) -> bool {
    let names = raw.split('&').map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    let spelt_out = names.filter(|name| DIRECTIVES.contains(name)).count();
    let is_meant = |name: &str| DIRECTIVES.iter().any(|it| it.eq_ignore_ascii_case(name));
    spelt_out == pairs.iter().filter(|(name, _)| is_meant(name)).count()
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
    uri: Uri,
) -> Response {
    let Ok(Path(room_id)) = room else { return response::no_such_room() };
    let Some(views) = origin.room(&room_id) else { return response::no_such_room() };
    let directives = match Directives::of(&uri) {
        Ok(directives) => directives,
        Err(sentence) => return refuse(StatusCode::BAD_REQUEST, sentence),
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
