//! The composer against a scripted client: the promises of `composer.v1`, with real FFmpegs and real RTP.

use std::process::Command;

use crate::rig::{
    daemon::{Daemon, PATIENCE, ROOM, input, reason, until},
    sender::{Clip, Sender, Ssrcs},
};
use proto::v1;
use tokio::time::timeout;
use tonic::Code;
use tonic_types::StatusExt as _;

const ADA: Ssrcs = Ssrcs::of(0);

#[tokio::test(flavor = "multi_thread")]
async fn an_input_climbs_in_order_and_its_picture_becomes_a_playlist() {
    let clip = Clip::red();
    let mut daemon = Daemon::start(&[]).await;
    let mut statuses = daemon.open(1).await.expect("a claim");
    daemon.scene(1, 1, &["one"]).await;
    let ports = daemon.reserve(1, "one").await.expect("ports");
    assert!(ports.iter().all(|p| p.rtp_port % 2 == 0 && p.rtcp_port == p.rtp_port + 1));
    let again = daemon.reserve(1, "one").await.expect("the same ports");
    assert_eq!(ports, again, "reserving is idempotent");

    let generation = daemon.start_input(1, "one", ADA).await.expect("a listening FFmpeg");
    assert_eq!(generation, 1);
    let listening = until(&mut statuses, |s| {
        input(s, "one").is_some_and(|i| i.state() == v1::InputState::Listening)
    })
    .await;
    assert_eq!(input(&listening, "one").map(|i| i.resume_wanted), Some(1));

    let _sender = Sender::to(&ports, ADA, &clip);
    daemon.confirm(1, "one", 1).await;
    let active = until(&mut statuses, |s| {
        let active = input(s, "one").is_some_and(|i| i.state() == v1::InputState::Active);
        active && s.phase() == v1::BroadcastPhase::Live
    })
    .await;
    let climbed = input(&active, "one").expect("the input");
    let numbers: Vec<u32> = climbed.trace.iter().map(|step| step.number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
    assert!(climbed.trace.iter().all(|step| step.outcome == "ok"));

    let playlist = timeout(PATIENCE, async {
        loop {
            let answer = daemon.get(&format!("/hls/{ROOM}/live.m3u8")).await;
            if answer.starts_with("HTTP/1.1 200") {
                return answer;
            }
        }
    })
    .await
    .expect("a playlist");
    assert!(playlist.contains("#EXT-X-PART:"), "{playlist}");
    assert!(!playlist.contains("DISCONTINUITY\n"), "{playlist}");

    daemon.close(1).await;
    assert!(daemon.get(&format!("/hls/{ROOM}/live.m3u8")).await.contains("#EXT-X-ENDLIST"));
    assert_eq!(daemon.usage().await.0, 0, "no port stays leased");
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_out_of_order_are_refused_and_change_nothing() {
    let mut daemon = Daemon::start(&[]).await;
    let early = daemon.reserve(1, "one").await.expect_err("no broadcast");
    assert_eq!((early.code(), reason(&early).as_str()), (Code::NotFound, "UNKNOWN_BROADCAST"));

    let _claim = daemon.open(5).await.expect("a claim");
    let unreserved = daemon.start_input(5, "one", ADA).await.expect_err("no ports");
    assert_eq!(
        (unreserved.code(), reason(&unreserved).as_str()),
        (Code::NotFound, "UNKNOWN_INPUT")
    );
    let ahead = daemon.reserve(6, "one").await.expect_err("never opened");
    assert_eq!((ahead.code(), reason(&ahead).as_str()), (Code::FailedPrecondition, "WRONG_STATE"));
    let bad = daemon.reserve(5, "../etc").await.expect_err("no id");
    assert_eq!((bad.code(), reason(&bad).as_str()), (Code::InvalidArgument, "INVALID_FIELD"));
    assert_eq!(daemon.usage().await, (0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_epoch_takes_over_and_the_older_one_is_told() {
    let mut daemon = Daemon::start(&[]).await;
    let mut first = daemon.open(1).await.expect("a claim");
    daemon.scene(1, 1, &["one"]).await;
    daemon.reserve(1, "one").await.expect("ports");
    let mut second = daemon.open(2).await.expect("a newer claim");
    let status = second.message().await.expect("a status").expect("the current one");
    assert_eq!((status.epoch, status.inputs.len()), (2, 0), "old inputs are stopped");

    let farewell = timeout(PATIENCE, async {
        loop {
            if let Err(status) = first.message().await {
                return status;
            }
        }
    })
    .await
    .expect("the end of the old claim");
    assert_eq!(farewell.code(), Code::Aborted);
    let stale = daemon.open(1).await.expect_err("too old");
    let info = stale.get_details_error_info().expect("details");
    assert_eq!(info.reason, "STALE_EPOCH");
    assert_eq!(info.metadata.get("current_epoch").map(String::as_str), Some("2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_is_not_renewed_ends_the_playlist_and_releases_everything() {
    let mut daemon = Daemon::start(&["--claim-grace", "300ms", "--keep", "200ms"]).await;
    let mut watch = {
        let claim = daemon.open(1).await.expect("a claim");
        daemon.scene(1, 1, &["one"]).await;
        daemon.reserve(1, "one").await.expect("ports");
        let request = v1::WatchBroadcastRequest { room_id: ROOM.into() };
        let watch = daemon.client.watch_broadcast(request).await.expect("a watch");
        drop(claim);
        watch.into_inner()
    };
    until(&mut watch, |s| s.phase() == v1::BroadcastPhase::Orphaned).await;
    until(&mut watch, |s| s.phase() == v1::BroadcastPhase::Ended).await;
    assert_eq!(daemon.usage().await.0, 0);
    let hls = daemon.data.path().join("hls");
    let is_there = || {
        let mut names = std::fs::read_dir(&hls).expect("a directory").flatten();
        names.any(|entry| entry.file_name().to_string_lossy().starts_with(ROOM))
    };
    timeout(PATIENCE, async {
        while is_there() {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the directory is removed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_no_scene_names_any_more_is_stopped() {
    let mut daemon = Daemon::start(&[]).await;
    let mut statuses = daemon.open(1).await.expect("a claim");
    daemon.scene(1, 1, &["one"]).await;
    daemon.reserve(1, "one").await.expect("ports");
    until(&mut statuses, |s| input(s, "one").is_some()).await;
    daemon.scene(1, 2, &["two"]).await;
    until(&mut statuses, |s| s.inputs.is_empty()).await;
    assert_eq!(daemon.usage().await.0, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_claim_a_restart_says_that_nobody_can_climb() {
    let mut daemon = Daemon::start(&[]).await;
    drop(daemon.open(1).await.expect("a claim"));
    let request = v1::WatchBroadcastRequest { room_id: ROOM.into() };
    let watch = daemon.client.watch_broadcast(request).await.expect("a watch");
    until(&mut watch.into_inner(), |s| s.phase() == v1::BroadcastPhase::Orphaned).await;
    let request = v1::RestartPipelineRequest { room_id: ROOM.into(), ..Default::default() };
    let refused = daemon.client.restart_pipeline(request).await.expect_err("no claim");
    assert_eq!((refused.code(), reason(&refused).as_str()), (Code::FailedPrecondition, "NO_CLAIM"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_waits_for_whoever_is_in_the_picture_and_has_no_input() {
    let mut daemon = Daemon::start(&[]).await;
    let mut statuses = daemon.open(1).await.expect("a claim");
    daemon.scene(1, 1, &["one"]).await;
    let mut client = daemon.client.clone();
    let scope = v1::restart_pipeline_request::Scope::Inputs.into();
    let request = v1::RestartPipelineRequest { room_id: ROOM.into(), scope, ..Default::default() };
    let restart = tokio::spawn(async move { client.restart_pipeline(request).await });
    until(&mut statuses, |status| status.wanted_climb_default == 1).await;
    let request = v1::ReservePortsRequest {
        room_id: ROOM.into(),
        epoch: 1,
        input_id: "one".into(),
        tracks: vec![v1::MediaKind::Video.into(), v1::MediaKind::Audio.into()],
        climb: 1,
        participant_id: "one".into(),
    };
    daemon.client.reserve_ports(request).await.expect("ports");
    daemon.start_input(1, "one", ADA).await.expect("a listening FFmpeg");
    daemon.confirm(1, "one", 1).await;
    let answer = restart.await.expect("no panic").expect("an answer").into_inner();
    let climbed: Vec<_> =
        answer.inputs.iter().map(|input| (&*input.input_id, input.state())).collect();
    assert_eq!((answer.complete, climbed), (true, vec![("one", v1::InputState::Silent)]));
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_a_limit_a_broadcast_or_an_input_is_refused_and_the_others_stay() {
    let another = |room: &str| v1::OpenBroadcastRequest {
        room_id: room.into(),
        epoch: 1,
        ..Default::default()
    };
    for (limit, refusal) in
        [(["--cpu-budget", "10"], "CPU_EXHAUSTED"), (["--max-broadcasts", "1"], "LIMIT_REACHED")]
    {
        let mut daemon = Daemon::start(&limit).await;
        let _claim = daemon.open(1).await.expect("the first broadcast");
        let refused = daemon.client.open_broadcast(another("second")).await.expect_err("no room");
        assert_eq!((refused.code(), reason(&refused).as_str()), (Code::ResourceExhausted, refusal));
        assert!(refused.message().contains(limit[0]), "{}", refused.message());
        drop(daemon.open(1).await.expect("the first one again"));
    }
    let mut daemon = Daemon::start(&["--max-inputs", "1"]).await;
    let _claim = daemon.open(1).await.expect("a claim");
    daemon.scene(1, 1, &["one", "two"]).await;
    daemon.reserve(1, "one").await.expect("the first input");
    let refused = daemon.reserve(1, "two").await.expect_err("no more");
    assert_eq!(reason(&refused), "LIMIT_REACHED");
    daemon.reserve(1, "one").await.expect("the first input again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_ingest_is_replaced_and_asks_to_be_resumed_again() {
    let clip = Clip::red();
    let mut daemon = Daemon::start(&[]).await;
    let mut statuses = daemon.open(1).await.expect("a claim");
    daemon.scene(1, 1, &["one"]).await;
    let ports = daemon.reserve(1, "one").await.expect("ports");
    daemon.start_input(1, "one", ADA).await.expect("a listening FFmpeg");
    let _sender = Sender::to(&ports, ADA, &clip);
    daemon.confirm(1, "one", 1).await;
    let is_active = |generation| {
        move |s: &v1::BroadcastStatus| {
            input(s, "one")
                .is_some_and(|i| i.state() == v1::InputState::Active && i.generation == generation)
        }
    };
    let active = until(&mut statuses, is_active(1)).await;
    let pid = input(&active, "one").expect("the input").pid;
    let killed = Command::new("kill").args(["-9", &pid.to_string()]).status().expect("kill");
    assert!(killed.success());
    let wanting =
        until(&mut statuses, |s| input(s, "one").is_some_and(|i| i.resume_wanted == 2)).await;
    assert_eq!(input(&wanting, "one").map(|i| i.ports.clone()), Some(ports.clone()));
    daemon.confirm(1, "one", 2).await;
    until(&mut statuses, is_active(2)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broadcast_is_watched_under_its_watch_id_and_its_rooms_only_where_that_is_no_secret() {
    let mut daemon = Daemon::start(&[]).await;
    let open = |watch_id: &str, only_watch_id| v1::OpenBroadcastRequest {
        room_id: ROOM.into(),
        epoch: 1,
        watch_id: watch_id.into(),
        only_watch_id,
    };
    let claim = daemon.client.open_broadcast(open("watch", true)).await.expect("a claim");
    let status = claim.into_inner().message().await.expect("a status").expect("the first");
    assert_eq!(status.playlist_url, "/hls/watch/index.m3u8");
    playlist(&daemon, "watch").await;
    assert!(daemon.get(&format!("/hls/{ROOM}/live.m3u8")).await.starts_with("HTTP/1.1 404"));

    // Whoever watched before the composer was killed watches on, before any claim returns.
    daemon.kill_and_restart().await;
    playlist(&daemon, "watch").await;
    assert!(daemon.get(&format!("/hls/{ROOM}/live.m3u8")).await.starts_with("HTTP/1.1 404"));

    // A server that guards its rooms no more: the picture goes on, and now the room's id finds it too.
    let map =
        |list: &str| list.lines().find(|line| line.starts_with("#EXT-X-MAP")).map(str::to_owned);
    let before = map(&daemon.get("/hls/watch/live.m3u8").await);
    let opened = v1::OpenBroadcastRequest { epoch: 2, ..open("watch", false) };
    let _claim = daemon.client.open_broadcast(opened).await.expect("a claim");
    playlist(&daemon, ROOM).await;
    assert_eq!(map(&daemon.get("/hls/watch/live.m3u8").await), before, "nothing began anew");

    // The same id is another room now: its viewers are not the former one's.
    let reopened = v1::OpenBroadcastRequest { epoch: 3, ..open("another", false) };
    let _claim = daemon.client.open_broadcast(reopened).await.expect("a claim");
    playlist(&daemon, "another").await;
    playlist(&daemon, ROOM).await;
    assert!(daemon.get("/hls/watch/live.m3u8").await.starts_with("HTTP/1.1 404"));

    let nameless = daemon.client.open_broadcast(open("", true)).await.expect_err("no name");
    assert_eq!(
        (nameless.code(), reason(&nameless).as_str()),
        (Code::InvalidArgument, "INVALID_FIELD")
    );
}

/// Waits until the live playlist is served under `name`.
async fn playlist(daemon: &Daemon, name: &str) {
    let served = async {
        while !daemon.get(&format!("/hls/{name}/live.m3u8")).await.starts_with("HTTP/1.1 200") {}
    };
    timeout(PATIENCE, served).await.expect("a playlist");
}
