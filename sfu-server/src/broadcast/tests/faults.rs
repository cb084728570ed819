//! What the driver does when calls fail, streams break, inputs are given up and tasks panic.

use std::{sync::atomic::Ordering, time::Duration};

use proto::v1;
use tokio::time::{Instant, timeout};
use tonic::Status;

use super::{
    composer::Call,
    rig::{PATIENCE, Rig, status},
};
use crate::{
    broadcast::{
        DesiredBroadcast,
        desired::{DesiredInput, Paused},
        driver::PANICS,
    },
    signaling::messages::BroadcastStatus,
};

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_given_up_is_tried_again_and_the_room_is_told_meanwhile() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, statuses) = rig.climb().await;
    let given_up = rig.give_up(input, &statuses);
    let input = timeout(PATIENCE, given_up).await.expect("the room is told in time");
    let told = serde_json::to_value(&*rig.status.borrow()).expect("JSON");
    assert_eq!(told["missing"][0]["peerId"], "ada", "{told}");
    let is_well = |status: &BroadcastStatus| matches!(status, BroadcastStatus::Live { missing, .. } if missing.is_empty());
    let mut told = rig.status.clone();
    // The climb under way when the room was told may succeed as well as any after it.
    let mut answer = status(&input, v1::InputState::Listening, 1);
    loop {
        statuses.send(Ok(answer)).await.expect("a driver that listens");
        answer = loop {
            let call = tokio::select! {
                call = rig.next() => call,
                well = told.wait_for(is_well) => return drop(well.expect("a driver")),
            };
            match call {
                Call::Start(start) => {
                    break status(&start.input_id, v1::InputState::Listening, 1);
                }
                Call::Confirm(confirm) => {
                    break status(&confirm.input_id, v1::InputState::Active, 0);
                }
                _ => {}
            }
        };
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_restart_reaches_whoever_was_given_up() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, statuses) = rig.climb().await;
    timeout(PATIENCE, rig.give_up(input.clone(), &statuses)).await.expect("in time");
    let mut wanted = status(&input, v1::InputState::Failed, 0);
    wanted.wanted_climb_default = 1;
    statuses.send(Ok(wanted)).await.expect("a driver that listens");
    loop {
        if let Call::Reserve(reserve) = rig.next().await {
            assert_eq!(reserve.climb, 1);
            return;
        }
    }
}

/// A due time that stays in the past would fire without end.
#[tokio::test]
async fn whoever_rests_costs_nothing_meanwhile() {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeValLike as _,
    };
    let mut rig = Rig::start().await;
    rig.refusals.store(1, Ordering::Relaxed);
    rig.speak();
    let Call::Open(_, statuses) = rig.next().await else { panic!("OpenBroadcast first") };
    let input = rig.started().await;
    let failed = status(&input, v1::InputState::Failed, 0);
    statuses.send(Ok(failed)).await.expect("a driver that listens");
    let is_live = |status: &BroadcastStatus| matches!(status, BroadcastStatus::Live { .. });
    timeout(PATIENCE, rig.status.wait_for(is_live)).await.expect("in time").expect("a driver");
    let used = || {
        let usage = getrusage(UsageWho::RUSAGE_THREAD).expect("the thread's usage");
        usage.user_time().num_milliseconds() + usage.system_time().num_milliseconds()
    };
    let before = used();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(used() - before < 500, "a driver that waits does not compute");
}

/// The composer refuses a scene of more, and a session whose scene is refused ends (`composer.proto`, UpdateSceneRequest).
#[tokio::test(flavor = "multi_thread")]
async fn whoever_finds_no_tile_is_named_and_the_others_are_shown() {
    let mut rig = Rig::start().await;
    rig.speak();
    let Call::Open(_, statuses) = rig.next().await else { panic!("OpenBroadcast first") };
    rig.desired.send_modify(|desired| {
        let ada = desired.inputs[0].clone();
        let guest = |n| DesiredInput {
            participant: format!("guest {n}"),
            peer_id: format!("guest {n}"),
            ..ada.clone()
        };
        desired.inputs = (1..=65).map(guest).collect();
    });
    let shown = loop {
        if let Call::Scene(scene) = rig.next().await
            && scene.tiles.len() > 1
        {
            break scene.tiles.len();
        }
    };
    assert_eq!(shown, 64);
    let live = status("none yet", v1::InputState::Active, 0);
    statuses.send(Ok(live)).await.expect("a driver that listens");
    let is_live = |status: &BroadcastStatus| matches!(status, BroadcastStatus::Live { .. });
    let told = async {
        let told = rig.status.wait_for(is_live).await.expect("a driver");
        serde_json::to_value(&*told).expect("JSON")
    };
    let told = timeout(PATIENCE, told).await.expect("in time");
    let missing: Vec<_> = told["missing"].as_array().expect("who is missing").iter().collect();
    assert_eq!(missing.len(), 1, "{told}");
    assert_eq!(missing[0]["peerId"], "guest 65");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_was_not_told_is_told_again_after_growing_pauses_whatever_comes_meanwhile() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, statuses) = rig.climb().await;
    rig.refused_pauses.store(3, Ordering::Relaxed);
    rig.desire(Paused { video: false, audio: true });
    let mut told = vec![];
    while told.len() < 4 {
        let active = status(&input, v1::InputState::Active, 0);
        tokio::select! {
            call = rig.next() => if let Call::Paused(_) = call {
                told.push(Instant::now());
            },
            sent = statuses.send(Ok(active)) => sent.expect("a driver that listens"),
        }
    }
    // 100 ms, then twice as long each time.
    assert!(told[3] - told[0] >= Duration::from_millis(700), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resume_that_was_not_confirmed_is_confirmed_after_a_pause_though_no_status_comes() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, statuses) = rig.climb().await;
    rig.refused_resumes.store(2, Ordering::Relaxed);
    let respawned = status(&input, v1::InputState::Listening, 2);
    statuses.send(Ok(respawned)).await.expect("a driver that listens");
    let mut confirmed = vec![];
    while confirmed.len() < 3 {
        if let Call::Confirm(confirm) = rig.next().await {
            assert_eq!(confirm.generation, 2);
            confirmed.push(Instant::now());
        }
    }
    assert!(confirmed[2] - confirmed[0] >= Duration::from_millis(300), "{confirmed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_that_failed_to_be_told_and_is_taken_back_is_told_as_well() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (_, _statuses) = rig.climb().await;
    rig.refused_pauses.store(1, Ordering::Relaxed);
    rig.desire(Paused { video: false, audio: true });
    assert_eq!(rig.paused().await, [v1::MediaKind::Audio as i32]);
    rig.speak();
    // The composer may have carried the first one out: only its answer need be lost.
    while !rig.paused().await.is_empty() {}
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_stream_is_followed_by_a_newer_epoch_and_a_full_climb() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (old, statuses) = rig.climb().await;
    drop(statuses);
    let Call::Open(epoch, statuses) = rig.next().await else { panic!("OpenBroadcast again") };
    let stale = Status::unavailable("gone again");
    statuses.send(Err(stale)).await.expect("a driver that listens");
    let newer = loop {
        match rig.next().await {
            Call::Open(newer, _statuses) => break newer,
            Call::Scene(scene) => {
                assert!(scene.tiles.iter().all(|tile| !tile.input_ids.contains(&old)));
            }
            Call::Reserve(_) | Call::Start(_) => {}
            other => panic!("OpenBroadcast, not {other:?}"),
        }
    };
    assert!(newer > epoch);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_driver_that_panics_is_followed_by_one_with_a_newer_epoch_and_the_room_is_told_meanwhile()
{
    let mut rig = Rig::start().await;
    rig.speak();
    let Call::Open(epoch, statuses) = rig.next().await else { panic!("OpenBroadcast first") };
    rig.desired.send_modify(|desired| desired.inputs[0].label = PANICS.into());
    let is_away = |status: &BroadcastStatus| matches!(status, BroadcastStatus::Reconnecting { .. });
    timeout(PATIENCE, rig.status.wait_for(is_away)).await.expect("in time").expect("a driver");
    timeout(PATIENCE, statuses.closed()).await.expect("the former claim is let go");
    rig.speak();
    let (newer, statuses) = loop {
        if let Call::Open(newer, statuses) = rig.next().await {
            break (newer, statuses);
        }
    };
    assert!(newer > epoch);
    let live = status("none yet", v1::InputState::Active, 0);
    statuses.send(Ok(live)).await.expect("a driver that listens");
    let is_live = |status: &BroadcastStatus| matches!(status, BroadcastStatus::Live { .. });
    timeout(PATIENCE, rig.status.wait_for(is_live)).await.expect("in time").expect("a driver");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rooms_end_closes_the_broadcast_and_the_servers_end_does_not() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (_, _statuses) = rig.climb().await;
    rig.desired.send_replace(DesiredBroadcast { over: true, ..DesiredBroadcast::default() });
    loop {
        match rig.next().await {
            Call::Close => break,
            Call::Scene(_) => {}
            other => panic!("CloseBroadcast, not {other:?}"),
        }
    }

    let mut rig = Rig::start().await;
    rig.speak();
    let (_, statuses) = rig.climb().await;
    drop(rig.desired);
    timeout(PATIENCE, statuses.closed()).await.expect("the claim is let go");
    assert!(rig.calls.try_recv().is_err(), "nothing is closed");
}
