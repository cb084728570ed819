//! Tests of the origin through its router.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::header::{
    ACCEPT_ENCODING, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, CONTENT_ENCODING,
    CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ORIGIN, RANGE, VARY,
};
use axum::http::{Method, Request, Response, StatusCode};
use futures_util::FutureExt;
use proptest::prelude::*;
use tokio::sync::watch;
use tower::ServiceExt;

use super::{Rooms, router};
use crate::packager::View;
use crate::packager::tests::fixture::{anchor, map, part, push_parts, timeline};
use crate::packager::timeline::Timeline;
use crate::packager::window::Window;

/// Viewers of low latency, at most.
const MOST: u32 = 3;

/// An origin with the one room `room`, and the way to publish its views.
struct Origin {
    timeline: Timeline,
    views: watch::Sender<Arc<View>>,
    router: Router,
    _directory: watch::Sender<Arc<Rooms>>,
}

impl Origin {
    fn with(timeline: Timeline) -> Self {
        Self::of(timeline.clone(), View::new(timeline, false))
    }

    fn of(timeline: Timeline, view: View) -> Self {
        let (views, view) = watch::channel(Arc::new(view));
        let rooms: Rooms = [("room".to_owned(), view)].into_iter().collect();
        let (directory, rooms) = watch::channel(Arc::new(rooms));
        Self { timeline, views, router: router(rooms, MOST), _directory: directory }
    }

    /// Changes the timeline and publishes it.
    fn publish(&mut self, change: impl FnOnce(&mut Timeline)) {
        change(&mut self.timeline);
        self.views.send_replace(Arc::new(View::new(self.timeline.clone(), false)));
    }

    fn request(
        &self,
        request: Request<Body>,
    ) -> impl Future<Output = Response<Body>> + Unpin + use<> {
        let response = self.router.clone().oneshot(request);
        Box::pin(response.map(|response| response.expect("infallible")))
    }

    fn get(&self, path: &str) -> impl Future<Output = Response<Body>> + Unpin + use<> {
        self.request(Request::get(path).body(Body::empty()).expect("a request"))
    }
}

async fn body(response: Response<Body>) -> String {
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    String::from_utf8_lossy(&bytes).into_owned()
}

fn header<'a>(response: &'a Response<Body>, name: &axum::http::HeaderName) -> &'a str {
    response.headers().get(name).expect("the header").to_str().expect("text")
}

/// A timeline before its first part.
fn beginning() -> Timeline {
    timeline(0)
}

#[tokio::test]
async fn playlists_and_media_are_served_as_what_they_are() {
    let origin = Origin::with(timeline(7));
    for (file, kind, cache, content) in [
        (
            "index.m3u8",
            "application/vnd.apple.mpegurl",
            "public, max-age=0, s-maxage=1, stale-while-revalidate=1",
            "live.m3u8",
        ),
        (
            "live.m3u8",
            "application/vnd.apple.mpegurl",
            "public, max-age=0, s-maxage=1, stale-while-revalidate=1",
            "k3f9-0-0.m4s",
        ),
        ("init-k3f9-0.mp4", "video/mp4", "public, max-age=31536000, immutable", "init-k3f9-0.mp4"),
        ("k3f9-0-0.m4s", "video/mp4", "public, max-age=31536000, immutable", "msn: 0"),
        ("k3f9-0-1.1.m4s", "video/mp4", "public, max-age=31536000, immutable", "msn: 1, part: 0"),
    ] {
        let response = origin.get(&format!("/hls/room/{file}")).await;
        assert_eq!(response.status(), StatusCode::OK, "{file}");
        assert_eq!(header(&response, &CONTENT_TYPE), kind);
        assert_eq!(header(&response, &CACHE_CONTROL), cache);
        assert_eq!(header(&response, &ACCESS_CONTROL_ALLOW_ORIGIN), "*");
        assert_eq!(header(&response, &ACCESS_CONTROL_EXPOSE_HEADERS), "*");
        let length: usize = header(&response, &CONTENT_LENGTH).parse().expect("a number");
        let body = body(response).await;
        assert_eq!(body.len(), length);
        assert!(body.contains(content), "{file}: {body}");
    }
}

#[tokio::test]
async fn a_segment_is_its_parts_in_order() {
    let origin = Origin::with(timeline(7));
    let mut parts = String::new();
    for index in 0..5 {
        parts += &body(origin.get(&format!("/hls/room/k3f9-0-0.{index}.m4s")).await).await;
    }
    assert_eq!(body(origin.get("/hls/room/k3f9-0-0.m4s").await).await, parts);
}

#[tokio::test]
async fn what_is_not_there_is_404_and_not_cached() {
    let origin = Origin::with(timeline(7));
    for path in [
        "/",
        "/hls/room",
        "/hls/other/live.m3u8",
        "/hls/ro%20om/live.m3u8",
        "/hls/%ff/live.m3u8",
        "/hls/..%2f..%2fetc/passwd",
        "/hls/room/timeline.json",
        "/hls/room/k3f9-0-1.m4s",
        "/hls/room/k3f9-0-1.3.m4s",
        "/hls/room/k3f9-1-2.0.m4s",
        "/hls/room/k3f9-0-0.5.m4s",
    ] {
        let response = origin.get(path).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
        assert_eq!(header(&response, &CACHE_CONTROL), "no-store");
        assert!(body(response).await.ends_with('.'));
    }
}

#[tokio::test]
async fn directives_that_make_no_sense_are_refused() {
    let origin = Origin::with(timeline(7));
    for query in [
        "_HLS_part=1",
        "_HLS_msn=x",
        "_HLS_msn=-1",
        "_HLS_msn=",
        "_HLS_msn=1&_HLS_msn=1",
        "_HLS_msn=99999999999999999999",
        "_HLS_msn=18446744073709551615&_HLS_part=18446744073709551615",
        "_HLS_msn=3",
        "_HLS_msn=3&_HLS_part=0",
        "_HLS_msn=1&_HLS_part=17",
        "_HLS_msn=2&_HLS_part=16",
    ] {
        let response = origin.get(&format!("/hls/room/live.m3u8?{query}")).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{query}");
    }
}

#[tokio::test]
async fn directives_that_a_cache_may_read_in_another_way_are_refused_and_not_cached() {
    let origin = Origin::with(timeline(7));
    for query in [
        "_hls_msn=0",
        "_HLS%5Fmsn=0",
        "%5f%68%6C%73%5fmsn=0",
        "_HLS_msn=0&_hls_msn=1",
        "_hls_msn=1&_HLS_msn=0",
        "_HLS_msn=0&_HLS_PART=0",
        "_HLS_msn=0&&_HLS_par%74=0",
        "_Hls_Skip",
        "_HLS_msn=0&_HLS_msn=1",
        "_HLS_msn=0&_HLS_part=0&_HLS_part=1",
    ] {
        let response = origin.get(&format!("/hls/room/live.m3u8?{query}")).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(header(&response, &CACHE_CONTROL), "no-store", "{query}");
    }
    for query in
        ["", "_HLS_msn=0&_HLS_skip=YES", "HLS_msn=7", "of=_hls_msn", "_HLS_msn=0&to%20ken=%5f"]
    {
        let response = origin.get(&format!("/hls/room/live.m3u8?{query}")).await;
        assert_eq!(response.status(), StatusCode::OK, "{query}");
    }
}

#[tokio::test]
async fn a_reload_waits_for_its_part() {
    let mut origin = Origin::with(timeline(7));
    let mut reload = origin.get("/hls/room/live.m3u8?_HLS_msn=1&_HLS_part=2");
    assert!((&mut reload).now_or_never().is_none());
    origin.publish(|timeline| push_parts(timeline, 1));
    let response = reload.await;
    assert_eq!(header(&response, &CACHE_CONTROL), "public, max-age=3, stale-while-revalidate=6");
    assert!(body(response).await.contains("URI=\"k3f9-0-1.2.m4s\"\n#EXT-X-PRELOAD-HINT"));
}

#[tokio::test]
async fn a_reload_for_a_segment_waits_until_it_is_whole() {
    let mut origin = Origin::with(timeline(7));
    let mut reload = origin.get("/hls/room/live.m3u8?_HLS_msn=1");
    origin.publish(|timeline| push_parts(timeline, 2));
    assert!((&mut reload).now_or_never().is_none());
    origin.publish(|timeline| push_parts(timeline, 1));
    assert!(body(reload.await).await.contains("\nk3f9-0-1.m4s\n"));
}

#[tokio::test]
async fn a_part_past_the_end_of_a_segment_is_the_first_of_the_next() {
    let mut origin = Origin::with(timeline(7));
    let mut reload = origin.get("/hls/room/live.m3u8?_HLS_msn=1&_HLS_part=5");
    origin.publish(|timeline| push_parts(timeline, 3));
    assert!((&mut reload).now_or_never().is_none(), "segment 1 is whole, segment 2 has no part");
    origin.publish(|timeline| push_parts(timeline, 1));
    assert!(body(reload.await).await.contains("k3f9-0-2.0.m4s"));
}

#[tokio::test]
async fn a_segment_closed_early_answers_who_waits_for_its_missing_part() {
    let mut origin = Origin::with(timeline(7));
    let mut reload = origin.get("/hls/room/live.m3u8?_HLS_msn=1&_HLS_part=2");
    origin.publish(|timeline| drop(timeline.end_run()));
    assert!((&mut reload).now_or_never().is_none());
    origin.publish(|timeline| {
        timeline.begin_run(map("init-k3f9-1.mp4"), anchor() + Duration::from_secs(2));
        push_parts(timeline, 1);
    });
    assert!(body(reload.await).await.contains("#EXT-X-DISCONTINUITY\n"));
}

#[tokio::test]
async fn the_end_answers_everybody() {
    let mut origin = Origin::with(timeline(7));
    let mut reload = origin.get("/hls/room/live.m3u8?_HLS_msn=2&_HLS_part=0");
    let mut hinted = origin.get("/hls/room/k3f9-0-1.2.m4s");
    assert!((&mut reload).now_or_never().is_none());
    assert!((&mut hinted).now_or_never().is_none());
    origin.publish(|timeline| drop(timeline.end(anchor())));
    assert!(body(reload.await).await.ends_with("#EXT-X-ENDLIST\n"));
    assert_eq!(hinted.await.status(), StatusCode::NOT_FOUND);
    let later = origin.get("/hls/room/live.m3u8?_HLS_msn=900").await;
    assert_eq!(later.status(), StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn a_reload_gives_up_after_three_target_durations() {
    let origin = Origin::with(timeline(7));
    let start = tokio::time::Instant::now();
    let response = origin.get("/hls/room/live.m3u8?_HLS_msn=1&_HLS_part=2").await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(start.elapsed().as_secs(), 3);
    assert_eq!(header(&response, &CACHE_CONTROL), "no-store");
}

#[tokio::test]
async fn a_stopped_packager_keeps_nobody_waiting() {
    let Origin { router, views, _directory, .. } = Origin::with(timeline(7));
    drop(views);
    let get = |path: &str| {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        router.clone().oneshot(request)
    };
    let reload = get("/hls/room/live.m3u8?_HLS_msn=1&_HLS_part=2").await.expect("infallible");
    assert_eq!(reload.status(), StatusCode::SERVICE_UNAVAILABLE);
    let present = get("/hls/room/live.m3u8").await.expect("infallible");
    assert_eq!(present.status(), StatusCode::OK);
}

#[tokio::test]
async fn the_hinted_part_is_sent_when_it_is_complete() {
    let mut origin = Origin::with(timeline(7));
    let mut hinted = origin.get("/hls/room/k3f9-0-1.2.m4s");
    assert!((&mut hinted).now_or_never().is_none());
    origin.publish(|timeline| push_parts(timeline, 1));
    assert_eq!(hinted.await.status(), StatusCode::OK);
}

#[tokio::test]
async fn media_is_sent_while_lists_wait_for_the_next_encoder() {
    let origin = Origin::with(timeline(7));
    let before = body(origin.get("/hls/room/live.m3u8").await).await;
    let mut hinted = origin.get("/hls/room/k3f9-0-1.2.m4s");
    assert!((&mut hinted).now_or_never().is_none());
    let mut reload = origin.get("/hls/room/live.m3u8?_HLS_msn=1&_HLS_part=2");
    let mut closed = origin.timeline.clone();
    closed.push_part(part(1, false, "as far as it has come".to_owned()));
    closed.end_run();
    let held = origin.views.borrow().with_media(closed, false);
    origin.views.send_replace(Arc::new(held));
    assert_eq!(body(hinted.await).await, "as far as it has come");
    assert!((&mut reload).now_or_never().is_none(), "no list without a hint");
    assert_eq!(body(origin.get("/hls/room/live.m3u8").await).await, before);
}

#[tokio::test]
async fn a_playlist_is_served_from_the_first_whole_segment_on() {
    let mut origin = Origin::with(beginning());
    let mut live = origin.get("/hls/room/live.m3u8");
    origin.publish(|timeline| push_parts(timeline, 4));
    assert!((&mut live).now_or_never().is_none());
    origin.publish(|timeline| drop(timeline.push_part(part(3, false, "last".to_owned()))));
    assert!(body(live.await).await.contains("k3f9-0-0.m4s"));
}

#[tokio::test]
async fn every_site_may_ask_and_head_and_gzip_work() {
    let origin = Origin::with(timeline(40));
    let preflight = Request::builder()
        .method(Method::OPTIONS)
        .uri("/hls/room/live.m3u8")
        .header(ORIGIN, "https://example.org")
        .header(ACCESS_CONTROL_REQUEST_METHOD, "GET");
    let allowed = origin.request(preflight.body(Body::empty()).expect("a request")).await;
    assert_eq!(allowed.status(), StatusCode::OK);
    assert_eq!(header(&allowed, &ACCESS_CONTROL_ALLOW_METHODS), "GET,HEAD,OPTIONS");

    let head = Request::head("/hls/room/k3f9-0-6.m4s").body(Body::empty()).expect("a request");
    let head = origin.request(head).await;
    assert_eq!(head.status(), StatusCode::OK);
    assert_ne!(header(&head, &CONTENT_LENGTH), "0");
    assert!(body(head).await.is_empty());

    for (file, encoding) in [
        ("live.m3u8", Some("gzip")),
        ("plain.m3u8", Some("gzip")),
        ("index.m3u8", Some("gzip")),
        ("k3f9-0-6.m4s", None),
    ] {
        let request = Request::get(format!("/hls/room/{file}")).header(ACCEPT_ENCODING, "gzip");
        let response = origin.request(request.body(Body::empty()).expect("a request")).await;
        let sent = response.headers().get(CONTENT_ENCODING).map(|it| it.to_str().expect("text"));
        assert_eq!(sent, encoding, "{file}");
        let varies = response.headers().get(VARY).is_some_and(|it| it == "accept-encoding");
        assert_eq!(varies, encoding.is_some(), "{file}");
    }

    let post = Request::post("/hls/room/live.m3u8").body(Body::empty()).expect("a request");
    assert_eq!(origin.request(post).await.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn ranges_of_media_are_answered() {
    let origin = Origin::with(timeline(7));
    let whole = body(origin.get("/hls/room/k3f9-0-0.m4s").await).await;
    let length = whole.len();
    for (range, status, content_range, content) in [
        ("bytes=0-3", 206, format!("bytes 0-3/{length}"), &whole[..4]),
        ("bytes=30-", 206, format!("bytes 30-{}/{length}", length - 1), &whole[30..]),
        (
            "bytes=-5",
            206,
            format!("bytes {}-{}/{length}", length - 5, length - 1),
            &whole[length - 5..],
        ),
        ("bytes=100000-", 416, format!("bytes */{length}"), "The file is shorter than that."),
    ] {
        let request = Request::get("/hls/room/k3f9-0-0.m4s").header(RANGE, range);
        let response = origin.request(request.body(Body::empty()).expect("a request")).await;
        assert_eq!(response.status().as_u16(), status, "{range}");
        assert_eq!(header(&response, &CONTENT_RANGE), content_range);
        assert_eq!(body(response).await, content);
    }
    let request = Request::get("/hls/room/k3f9-0-0.m4s").header(RANGE, "bytes=0-1,4-5");
    let several = origin.request(request.body(Body::empty()).expect("a request")).await;
    assert_eq!((several.status(), body(several).await), (StatusCode::OK, whole));
}

#[tokio::test]
async fn above_the_limit_who_comes_gets_plain_playlists_and_nobody_is_refused() {
    let mut origin = Origin::with(timeline(7));
    let is_low_latency = |text: &str| {
        ["#EXT-X-PART:", "#EXT-X-PART-INF", "#EXT-X-PRELOAD-HINT", "#EXT-X-SERVER-CONTROL"]
            .map(|tag| text.contains(tag))
    };
    assert!(body(origin.get("/hls/room/index.m3u8").await).await.contains("\nlive.m3u8\n"));
    let reload = "/hls/room/live.m3u8?_HLS_msn=1&_HLS_part=2";
    let mut viewers: Vec<_> = (0..MOST).map(|_| origin.get(reload)).collect();
    for viewer in &mut viewers {
        assert!(viewer.now_or_never().is_none());
    }
    assert!(body(origin.get("/hls/room/index.m3u8").await).await.contains("\nplain.m3u8\n"));
    for plain in ["live.m3u8", "plain.m3u8"] {
        let text = body(origin.get(&format!("/hls/room/{plain}")).await).await;
        assert_eq!(is_low_latency(&text), [false; 4], "{text}");
        assert!(text.contains("k3f9-0-0.m4s"));
    }
    // Whoever plays already goes on as before, and so does the one too many who has a low-latency list.
    let late = origin.get(reload);
    origin.publish(|timeline| push_parts(timeline, 1));
    for viewer in viewers.into_iter().chain([late]) {
        assert_eq!(is_low_latency(&body(viewer.await).await), [true; 4]);
    }
}

#[tokio::test]
async fn a_broadcast_that_is_over_is_left_on_demand() {
    let mut origin = Origin::with(timeline(7));
    assert_eq!(origin.get("/hls/room/vod.m3u8").await.status(), StatusCode::NOT_FOUND);
    origin.publish(|timeline| drop(timeline.end(anchor())));
    assert!(body(origin.get("/hls/room/index.m3u8").await).await.contains("\nvod.m3u8\n"));
    let left = origin.get("/hls/room/vod.m3u8").await;
    assert_eq!(
        header(&left, &CACHE_CONTROL),
        "public, max-age=0, s-maxage=1, stale-while-revalidate=1"
    );
    assert!(body(left).await.contains("#EXT-X-PLAYLIST-TYPE:VOD"));
    // Its numbers are those of the next broadcast too.
    let reload = origin.get("/hls/room/live.m3u8?_HLS_msn=9&_HLS_part=1").await;
    assert_eq!(
        header(&reload, &CACHE_CONTROL),
        "public, max-age=0, s-maxage=1, stale-while-revalidate=1"
    );
    assert_eq!(origin.get("/hls/room/dvr.m3u8").await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_window_is_read_from_the_disk() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut timeline = beginning().with_window(Window::new(Duration::from_secs(60)));
    for _ in 0..40 {
        push_parts(&mut timeline, 5);
        timeline.saved();
    }
    std::fs::write(dir.path().join("k3f9-0-3.m4s"), "from the disk").expect("writable");
    std::fs::write(dir.path().join("secret"), "not named").expect("writable");
    let view = View::new(timeline.clone(), false).with_files(dir.path(), None);
    let origin = Origin::of(timeline, view);
    let playlist = body(origin.get("/hls/room/dvr.m3u8").await).await;
    assert!(playlist.contains("\nk3f9-0-3.m4s\n") && !playlist.contains("#EXT-X-PART"));
    let stored = origin.get("/hls/room/k3f9-0-3.m4s").await;
    assert_eq!(header(&stored, &CACHE_CONTROL), "public, max-age=31536000, immutable");
    assert_eq!(body(stored).await, "from the disk");
    for gone in ["k3f9-0-4.m4s", "k3f9-0-3.0.m4s", "secret"] {
        let response = origin.get(&format!("/hls/room/{gone}")).await;
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{gone}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_window_on_a_disk_that_hangs_holds_few_threads_and_refuses() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut timeline = beginning().with_window(Window::new(Duration::from_secs(60)));
    for _ in 0..40 {
        push_parts(&mut timeline, 5);
        timeline.saved();
    }
    // Opening a pipe for reading blocks until somebody writes to it.
    let pipe = dir.path().join("k3f9-0-3.m4s");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    let view = View::new(timeline.clone(), false).with_files(dir.path(), None);
    let origin = Origin::of(timeline, view);
    // More than tokio has threads for what blocks.
    let asked: Vec<_> =
        (0..600).map(|_| tokio::spawn(origin.get("/hls/room/k3f9-0-3.m4s"))).collect();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let other = tokio::task::spawn_blocking(|| "a poster is drawn");
    let drawn = tokio::time::timeout(Duration::from_secs(20), other).await;
    for answer in asked {
        let status = answer.await.expect("no panic").status();
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    }
    // Whoever still waits reads nothing, and ends with the test.
    let _written = tokio::task::spawn_blocking(move || {
        let both = std::fs::OpenOptions::new().read(true).write(true).open(pipe);
        std::thread::sleep(Duration::from_millis(200));
        drop(both);
    })
    .await;
    drawn.expect("other work goes on").expect("no panic");
}

#[tokio::test]
async fn a_poster_is_a_short_lived_jpeg() {
    let origin = Origin::with(timeline(7));
    assert_eq!(origin.get("/hls/room/poster.jpg").await.status(), StatusCode::NOT_FOUND);
    let view = View::new(timeline(7), false);
    let view = view.with_files(std::path::Path::new(""), Some("a picture".into()));
    let poster = Origin::of(timeline(7), view).get("/hls/room/poster.jpg").await;
    assert_eq!(header(&poster, &CONTENT_TYPE), "image/jpeg");
    assert_eq!(header(&poster, &CACHE_CONTROL), "public, max-age=5");
    assert_eq!(body(poster).await, "a picture");
}

proptest! {
    #[test]
    fn no_request_does_harm(path in "/hls/(room|[!-~]{0,20})/[!-~]{0,40}(\\?[!-~]{0,40})?") {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .expect("a runtime");
        let origin = Origin::with(timeline(7));
        if let Ok(request) = Request::get(path).body(Body::empty()) {
            let status = runtime.block_on(origin.request(request)).status();
            prop_assert!(status != StatusCode::INTERNAL_SERVER_ERROR);
        }
    }
}
