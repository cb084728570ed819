//! `/hls/*`, forwarded to the composer, so that one public origin is enough.

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header, uri::PathAndQuery},
    response::{IntoResponse as _, Response},
    routing::get,
};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};

#[derive(Clone)]
struct Upstream {
    origin: Uri,
    client: Client<HttpConnector, Body>,
}

pub(super) fn router(origin: Uri) -> Router {
    let client = Client::builder(TokioExecutor::new()).build_http();
    Router::new().route("/hls/{*path}", get(forward)).with_state(Upstream { origin, client })
}

async fn forward(State(upstream): State<Upstream>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let mut uri = upstream.origin.into_parts();
    uri.path_and_query =
        parts.uri.path_and_query().cloned().or(Some(PathAndQuery::from_static("/")));
    let Ok(uri) = Uri::from_parts(uri) else {
        return unavailable("--hls-upstream is no http:// origin");
    };
    let mut forwarded = axum::http::Request::new(Body::empty());
    *forwarded.method_mut() = parts.method;
    *forwarded.uri_mut() = uri;
    for name in [header::ACCEPT_ENCODING, header::RANGE, header::ORIGIN, header::IF_NONE_MATCH] {
        if let Some(value) = parts.headers.get(&name) {
            forwarded.headers_mut().insert(name, value.clone());
        }
    }
    match upstream.client.request(forwarded).await {
        Ok(mut answer) => {
            drop_hop_by_hop(answer.headers_mut());
            answer.map(Body::new)
        }
        Err(error) => {
            tracing::debug!(%error, "the composer's HTTP listener does not answer");
            unavailable("the composer is away; the stream goes on in a moment")
        }
    }
}

fn unavailable(reason: &'static str) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::RETRY_AFTER, "1")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, reason).into_response()
}

/// RFC 9110, 7.6.1: these describe one connection, not the message.
fn drop_hop_by_hop(headers: &mut HeaderMap) {
    for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, header::TE] {
        headers.remove(name);
    }
}
