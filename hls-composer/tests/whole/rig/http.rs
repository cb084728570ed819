//! An HTTP client that keeps its connections, as players do.

use std::net::SocketAddr;

use http_body_util::{BodyExt as _, Empty};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tonic::codegen::{Bytes, http};

/// A player's connections to one server. Clones share them.
#[derive(Clone)]
pub struct Http {
    client: Client<HttpConnector, Empty<Bytes>>,
    origin: SocketAddr,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub version: http::Version,
    pub headers: http::HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }
}

impl Http {
    pub fn new(origin: SocketAddr) -> Self {
        Self { client: Client::builder(TokioExecutor::new()).build_http(), origin }
    }

    /// HTTP/2 without TLS, as a proxy with prior knowledge speaks it.
    pub fn two(origin: SocketAddr) -> Self {
        let client = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        Self { client, origin }
    }

    /// The answer; none when the server is not there or goes away.
    pub async fn get(&self, path: &str) -> Option<Answer> {
        self.get_with(path, &[]).await
    }

    /// The same with request headers.
    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Option<Answer> {
        let mut request = http::Request::get(format!("http://{}{path}", self.origin));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response =
            self.client.request(request.body(Empty::new()).expect("a request")).await.ok()?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        Some(Answer {
            status: parts.status.as_u16(),
            version: parts.version,
            headers: parts.headers,
            body,
        })
    }
}
