//! `/hls/*`, forwarded to the composer with whatever method, so that one public origin is enough and answers as it does.

use std::time::Duration;

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, StatusCode, Uri, header},
    response::{IntoResponse as _, Response},
    routing::any,
};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::time::timeout;

use crate::composer_client::{AddressError, Trust};

/// How long the head of an answer may take: a blocking reload is answered after three target durations, 3 s, at latest.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where playlists and segments are fetched.
#[derive(Clone)]
pub struct Upstream {
    origin: Uri,
    client: Client<HttpsConnector<HttpConnector>, Body>,
}

impl Upstream {
    /// # Errors
    /// `origin` is neither http nor https, names more than an origin, or TLS cannot be set up.
    pub fn new(origin: &Uri, trust: &Trust) -> Result<Self, AddressError> {
        let is_origin = matches!(origin.scheme_str(), Some("http" | "https"))
            && origin.path() == "/"
            && origin.query().is_none();
        if !is_origin {
            return Err(AddressError::Upstream(origin.clone()));
        }
        let tls = match origin.scheme_str() {
            Some("https") => trust.https()?,
            _ => Trust::nobody()?,
        };
        let connector =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let client = Client::builder(TokioExecutor::new()).build(connector.build());
        Ok(Self { origin: origin.clone(), client })
    }
}

/// What of a request concerns the composer: the preflight of another site's player (Fetch, 3.3) included.
const PASSED_ON: [HeaderName; 6] = [
    header::ACCEPT_ENCODING,
    header::RANGE,
    header::IF_NONE_MATCH,
    header::ORIGIN,
    header::ACCESS_CONTROL_REQUEST_METHOD,
    header::ACCESS_CONTROL_REQUEST_HEADERS,
];

pub(super) fn router(upstream: Upstream) -> Router {
    Router::new().route("/hls/{*path}", any(forward)).with_state(upstream)
}

async fn forward(State(upstream): State<Upstream>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    let mut uri = upstream.origin.into_parts();
    uri.path_and_query = parts.uri.into_parts().path_and_query;
    let Ok(uri) = Uri::from_parts(uri) else {
        return (StatusCode::BAD_REQUEST, "this is no path of a stream").into_response();
    };
    let mut forwarded = axum::http::Request::new(Body::empty());
    *forwarded.method_mut() = parts.method;
    *forwarded.uri_mut() = uri;
    for name in PASSED_ON {
        if let Some(value) = parts.headers.get(&name) {
            forwarded.headers_mut().insert(name, value.clone());
        }
    }
    match timeout(PATIENCE, upstream.client.request(forwarded)).await {
        Ok(Ok(mut answer)) => {
            drop_hop_by_hop(answer.headers_mut());
            answer.map(Body::new)
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "the composer's HTTP listener does not answer");
            unavailable("the composer is away; the stream goes on in a moment")
        }
        Err(_) => {
            tracing::debug!("the composer's HTTP listener takes longer than {PATIENCE:?}");
            unavailable("the composer does not answer; the stream goes on in a moment")
        }
    }
}

fn unavailable(reason: &'static str) -> Response {
    // As the composer's own answers: a player of another site that may not read this one takes it for a broken network.
    let headers = [
        (header::CACHE_CONTROL, "no-store"),
        (header::RETRY_AFTER, "1"),
        (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, headers, reason).into_response()
}

/// RFC 9110, 7.6.1: these describe one connection, not the message.
fn drop_hop_by_hop(headers: &mut HeaderMap) {
    for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, header::TE] {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A composer that is stopped, or whose machine has gone away without a word.
    #[tokio::test(start_paused = true)]
    async fn a_composer_that_takes_requests_and_answers_none_is_away() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("its address"));
        let trust = Trust::load(None).expect("the system's roots");
        let origin = origin.parse().expect("an origin");
        let upstream = Upstream::new(&origin, &trust).expect("an upstream");
        let request = Request::get("/hls/a/live.m3u8").body(Body::empty()).expect("a request");
        let answer = forward(State(upstream), request).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers()[header::RETRY_AFTER], "1");
    }
}
