//! The built frontend. Every path that is no file is a page of the application.

use std::path::Path;

use axum::{
    Router,
    http::{HeaderValue, header},
    middleware::from_fn_with_state,
    response::Html,
    routing::get,
};
use tower_http::{
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeader,
};

use super::pages::{self, Policies};

const NOT_BUILT: &str = "<!doctype html><title>Not built</title>\
    <p>The frontend is not built yet: run <code>make build</code>, or point <code>--frontend-dir</code> at its files.";

/// The pages in `dir`, with what `policies` say of them.
pub(super) fn router(dir: &Path, policies: Policies) -> Router {
    files(dir).layer(from_fn_with_state(policies, pages::send))
}

fn files(dir: &Path) -> Router {
    let index = dir.join("index.html");
    if !index.is_file() {
        tracing::warn!(
            dir = %dir.display(),
            "the frontend is not built: run `make build`, or set --frontend-dir"
        );
        return Router::new().fallback(get(async || Html(NOT_BUILT)));
    }
    // The build names assets by content, so they never change; pages must be asked for again.
    let cached = |service, value| {
        SetResponseHeader::overriding(
            service,
            header::CACHE_CONTROL,
            HeaderValue::from_static(value),
        )
    };
    let assets = cached(ServeDir::new(dir.join("assets")), "public, max-age=31536000, immutable");
    let pages = SetResponseHeader::overriding(
        ServeDir::new(dir).fallback(ServeFile::new(index)),
        header::CACHE_CONTROL,
        HeaderValue::from_static("no-cache"),
    );
    Router::new().nest_service("/assets", assets).fallback_service(pages)
}
