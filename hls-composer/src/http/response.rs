//! What answers look like: content types, lifetimes in caches, and refusals in one sentence.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;

/// How long caches may keep an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Lifetime {
    /// A name stands for one content for ever; an hour outlives any stream's window.
    Immutable,
    /// The answer to a blocking reload: its URL asks for a part by number, so it stays right for
    /// as long as the number is ahead of most viewers. No longer than a second, because the next
    /// broadcast of the room counts from 0 again.
    Reload,
    /// A playlist asked for as it is now: old after one part. Browsers ask again each time, shared
    /// caches may merge the requests of one second.
    Present,
    /// A refusal, which the next part may make untrue.
    None,
}

impl Lifetime {
    fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Immutable => "public, max-age=3600, immutable",
            Self::Reload => "public, max-age=1",
            Self::Present => "public, max-age=0, s-maxage=1",
            Self::None => "no-store",
        })
    }
}

/// A playlist.
pub(super) fn playlist(text: Bytes, lifetime: Lifetime) -> Response {
    let kind = HeaderValue::from_static("application/vnd.apple.mpegurl");
    ([(CONTENT_TYPE, kind), (CACHE_CONTROL, lifetime.header())], text).into_response()
}

/// Media, sent piece by piece as it lies in memory. Range requests get the whole (RFC 9110,
/// 14.2, lets a server ignore them): every part is a file of its own, and no player asks for
/// ranges of a playlist without EXT-X-BYTERANGE.
pub(super) fn media(chunks: Vec<Bytes>) -> Response {
    let length: usize = chunks.iter().map(Bytes::len).sum();
    let pieces = tokio_stream::iter(chunks.into_iter().map(Ok::<_, std::convert::Infallible>));
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("video/mp4")),
        (CACHE_CONTROL, Lifetime::Immutable.header()),
        (CONTENT_LENGTH, HeaderValue::from(length)),
    ];
    (headers, Body::from_stream(pieces)).into_response()
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
