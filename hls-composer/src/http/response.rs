//! What answers look like: content types, lifetimes in caches, and refusals in one sentence.

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

use super::range::{self, Asked};

/// How long caches may keep an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lifetime {
    /// A name stands for one content for ever: a year, which is as much as caches believe.
    Immutable,
    /// The answer to a blocking reload: its URL asks for a part by number, so it stays right, and
    /// whoever asks a little later is spared the origin. Three target durations and not more,
    /// because the next broadcast of the room counts from 0 again. A cache that renews it may give
    /// everybody else the one it has: nginx merges requests only for what it does not have.
    Reload,
    /// A playlist asked for as it is now: old after one part. Browsers ask again each time, shared
    /// caches may merge the requests of one second, which is the least they can count, and of the
    /// moment in which they ask again.
    Present,
    /// A poster is replaced every ten seconds.
    Poster,
    /// A refusal, which the next part may make untrue.
    None,
}

impl Lifetime {
    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Immutable => "public, max-age=31536000, immutable",
            Self::Reload => "public, max-age=3, stale-while-revalidate=6",
            Self::Present => "public, max-age=0, s-maxage=1, stale-while-revalidate=1",
            Self::Poster => "public, max-age=5",
            Self::None => "no-store",
        })
    }
}

/// A playlist.
pub(super) fn playlist(text: Bytes, lifetime: Lifetime) -> Response {
    let kind = HeaderValue::from_static("application/vnd.apple.mpegurl");
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, lifetime.header())], text).into_response()
}

/// A poster.
pub(super) fn poster(jpeg: Bytes) -> Response {
    let kind = HeaderValue::from_static("image/jpeg");
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, Lifetime::Poster.header())], jpeg).into_response()
}

/// Media, sent piece by piece as it lies in memory: the whole, or the one range that is asked for.
pub(super) fn media(chunks: Vec<Bytes>, range: Option<&str>) -> Response {
    let length = size(&chunks);
    let (status, chunks, content_range) = match range::asked(range, length) {
        Asked::Whole => (StatusCode::OK, chunks, None),
        Asked::Part(range) => {
            let content_range = format!("bytes {}-{}/{length}", range.start(), range.end());
            (StatusCode::PARTIAL_CONTENT, range::cut(chunks, &range), Some(content_range))
        }
        Asked::Beyond => {
            let mut response =
                refuse(StatusCode::RANGE_NOT_SATISFIABLE, "The file is shorter than that.");
            set_content_range(&mut response, &format!("bytes */{length}"));
            return response;
        }
    };
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("video/mp4")),
        (CACHE_CONTROL, Lifetime::Immutable.header()),
        (ACCEPT_RANGES, HeaderValue::from_static("bytes")),
        (CONTENT_LENGTH, HeaderValue::from(size(&chunks))),
    ];
    let pieces = tokio_stream::iter(chunks.into_iter().map(Ok::<_, std::convert::Infallible>));
    let mut response = (status, headers, Body::from_stream(pieces)).into_response();
    if let Some(content_range) = content_range {
        set_content_range(&mut response, &content_range);
    }
    response
}

fn size(chunks: &[Bytes]) -> u64 {
    chunks.iter().map(|chunk| chunk.len() as u64).sum()
}

fn set_content_range(response: &mut Response, value: &str) {
    // Digits and signs are always a header's value.
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(CONTENT_RANGE, value);
    }
}

/// A refusal, said in one sentence.
pub(super) fn refuse(status: StatusCode, sentence: &'static str) -> Response {
    let mut response =
        (status, [(CACHE_CONTROL, Lifetime::None.header())], sentence).into_response();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}

/// No room of this name is being broadcast.
pub(super) fn no_such_room() -> Response {
    refuse(StatusCode::NOT_FOUND, "This room has no broadcast.")
}

/// A path outside the origin.
pub(super) async fn no_such_page() -> Response {
    refuse(StatusCode::NOT_FOUND, "There is nothing at this address.")
}

/// The broadcast makes no progress.
pub(super) fn stalled() -> Response {
    refuse(StatusCode::SERVICE_UNAVAILABLE, "The broadcast has paused; try again in a second.")
}
