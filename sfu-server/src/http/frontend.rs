//! The built frontend. Every path that is no file is a page of the application.

use std::path::Path;

use axum::{
    Router,
    extract::Request,
    http::{HeaderValue, StatusCode, header},
    middleware::{Next, from_fn, from_fn_with_state},
    response::{Html, IntoResponse as _, Response},
    routing::get,
};
use tower_http::{
    services::{ServeDir, ServeFile},
    set_header::SetResponseHeader,
};

use super::pages::{self, Policies};

/// In bytes, as they are asked for: what every file system takes (`PATH_MAX`, `NAME_MAX`), less the directory before it.
const LONGEST_PATH: usize = 2048;
const LONGEST_NAME: usize = 255;

const NOT_BUILT: &str = "<!doctype html><title>Not built</title>\
    <p>The frontend is not built yet: run <code>make build</code>, or point <code>--frontend-dir</code> at its files.";

/// The pages in `dir`, with what `policies` say of them.
pub(super) fn router(dir: &Path, policies: Policies) -> Router {
    files(dir).layer(from_fn(named)).layer(from_fn_with_state(policies, pages::send))
}

/// No file and no page has a path like this, and the file system would call it an error of the server's.
async fn named(request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_path = path.starts_with('/')
        && path.len() <= LONGEST_PATH
        && path.split('/').all(|name| name.len() <= LONGEST_NAME)
        && !path.contains("%00");
    if is_path { next.run(request).await } else { StatusCode::NOT_FOUND.into_response() }
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

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;

    #[tokio::test]
    async fn what_no_file_is_named_is_not_there_and_no_error_of_the_server() {
        let dir = tempfile::tempdir().expect("a directory");
        std::fs::write(dir.path().join("index.html"), "a page").expect("written");
        std::fs::create_dir(dir.path().join("assets")).expect("made");
        let router = files(dir.path()).layer(from_fn(named));
        let long = "n".repeat(300);
        let deep = "/a".repeat(3000);
        for (target, status) in [
            ("/", 200),
            ("/room/any", 200),
            ("/%00", 404),
            ("/room/%00", 404),
            ("/assets/%00", 404),
            (&format!("/{long}"), 404),
            (&format!("/assets/{long}"), 404),
            (&deep, 404),
            ("x", 404),
            ("*", 404),
        ] {
            for method in ["GET", "HEAD"] {
                let request = axum::http::Request::builder().method(method).uri(target);
                let request = request.body(Body::empty()).expect("a request");
                let answer = router.clone().oneshot(request).await.expect("an answer");
                assert_eq!(answer.status(), status, "{method} {target}");
            }
        }
    }
}
