//! Which calls the driver makes, and in which order.

use std::{sync::atomic::Ordering, time::Duration};

use proto::v1;
use tokio::time::timeout;

use super::{
    composer::Call,
    rig::{PATIENCE, Rig, status},
};
use crate::{
    broadcast::Paused,
    signaling::messages::{BroadcastStatus, LayoutName},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_composer_that_is_slow_to_take_a_scene_holds_up_no_resume() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, statuses) = rig.climb().await;
    rig.scenes.send_replace(false);
    rig.desired.send_modify(|desired| desired.inputs[0].speaking = true);
    let Call::Scene(_) = rig.next().await else { panic!("UpdateScene") };
    let listening = status(&input, v1::InputState::Listening, 2);
    statuses.send(Ok(listening)).await.expect("a driver that listens");
    let Call::Confirm(confirm) = rig.next().await else { panic!("ConfirmResumed") };
    assert_eq!(confirm.generation, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_newest_of_the_scenes_that_wait_is_sent() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (_, _statuses) = rig.climb().await;
    rig.scenes.send_replace(false);
    rig.desired.send_modify(|desired| desired.inputs[0].speaking = true);
    let Call::Scene(first) = rig.next().await else { panic!("UpdateScene") };
    for label in ["A", "Ad", "Ada L."] {
        rig.desired.send_modify(|desired| desired.inputs[0].label = label.into());
        tokio::task::yield_now().await;
    }
    rig.scenes.send_replace(true);
    let mut last = first;
    while last.tiles[0].label != "Ada L." {
        let Call::Scene(scene) = rig.next().await else { panic!("UpdateScene") };
        assert_eq!(scene.version, last.version + 1, "one call at a time");
        last = scene;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn key_frames_are_asked_for_when_the_composer_wants_them_and_by_nobody_else() {
    let mut rig = Rig::with_camera().await;
    rig.speak();
    let Call::Open(_, statuses) = rig.next().await else { panic!("OpenBroadcast first") };
    let input = rig.started().await;
    let mut before = 0;
    // The first generation is the climb's, the second whatever the composer starts later.
    for generation in [1, 2] {
        let listening = status(&input, v1::InputState::Listening, generation);
        statuses.send(Ok(listening)).await.expect("a driver that listens");
        let Call::Confirm(_) = rig.next().await else { panic!("ConfirmResumed") };
        let resumed = status(&input, v1::InputState::Resumed, 0);
        statuses.send(Ok(resumed)).await.expect("a driver that listens");
        // As long as the composer wants none, none is asked for but by the resume: mediasoup asks once, and the leg does.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let asked = rig.key_frames.load(Ordering::Relaxed) - before;
        assert!((1..=2).contains(&asked), "{asked} for the resume of generation {generation}");
        before += asked;
        let active = status(&input, v1::InputState::Active, 0);
        statuses.send(Ok(active)).await.expect("a driver that listens");
    }
    let mut resumed = status(&input, v1::InputState::Resumed, 0);
    resumed.inputs[0].key_frames_wanted = 1;
    for _ in 0..20 {
        statuses.send(Ok(resumed.clone())).await.expect("a driver that listens");
    }
    let asked = async {
        while rig.key_frames.load(Ordering::Relaxed) == before {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(PATIENCE, asked).await.expect("the one that was wanted");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_input_climbs_every_rung_in_order() {
    let mut rig = Rig::start().await;
    rig.speak();
    rig.climb().await;
    let told = |status: &BroadcastStatus| matches!(status, BroadcastStatus::Live { .. });
    timeout(PATIENCE, rig.status.wait_for(told)).await.expect("in time").expect("a live broadcast");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_generation_is_resumed_once_however_often_it_is_asked_for() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, statuses) = rig.climb().await;
    for _ in 0..5 {
        let again = status(&input, v1::InputState::Listening, 2);
        statuses.send(Ok(again)).await.expect("a driver that listens");
    }
    let Call::Confirm(confirm) = rig.next().await else { panic!("ConfirmResumed") };
    assert_eq!((confirm.input_id, confirm.generation), (input.clone(), 2));
    let third = status(&input, v1::InputState::Listening, 3);
    statuses.send(Ok(third)).await.expect("a driver that listens");
    let Call::Confirm(confirm) = rig.next().await else { panic!("ConfirmResumed") };
    assert_eq!(confirm.generation, 3, "nothing was confirmed twice in between");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wanted_climb_stops_the_old_input_before_it_reserves_ports() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (old, statuses) = rig.climb().await;
    let mut wanted = status(&old, v1::InputState::Active, 0);
    wanted.wanted_climb_default = 1;
    statuses.send(Ok(wanted)).await.expect("a driver that listens");
    let stopped = loop {
        match rig.next().await {
            Call::Scene(_) => {}
            Call::Stop(input) => break input,
            other => panic!("StopInput first, not {other:?}"),
        }
    };
    assert_eq!(stopped, old);
    let Call::Reserve(reserve) = rig.next().await else { panic!("then ReservePorts") };
    assert_eq!(reserve.climb, 1);
    assert_ne!(reserve.input_id, old, "an id is never reused");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_is_told_to_the_composer_and_so_is_its_end_before_anything_flows() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, _statuses) = rig.climb().await;
    for muted in [true, false] {
        rig.desire(Paused { video: false, audio: muted });
        let paused = loop {
            match rig.next().await {
                Call::Paused(paused) => break paused,
                Call::Scene(_) => {}
                other => panic!("SetPaused, not {other:?}"),
            }
        };
        let kinds: &[i32] = if muted { &[v1::MediaKind::Audio as i32] } else { &[] };
        assert_eq!((&paused.input_id, paused.paused.as_slice()), (&input, kinds));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_paused_or_not_any_more_since_the_input_was_started_is_told() {
    let mut rig = Rig::start().await;
    rig.pause_producer(true).await;
    rig.desire(Paused { video: false, audio: true });
    let Call::Open(_, statuses) = rig.next().await else { panic!("OpenBroadcast first") };
    let start = loop {
        if let Call::Start(start) = rig.next().await {
            break start;
        }
    };
    assert!(start.tracks[0].paused);
    rig.pause_producer(false).await;
    rig.speak();
    let listening = status(&start.input_id, v1::InputState::Listening, 1);
    statuses.send(Ok(listening)).await.expect("a driver that listens");
    assert!(rig.paused().await.is_empty(), "nothing is paused any more");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_long_pause_nothing_flows_before_the_new_generation_listens() {
    let mut rig = Rig::answering(2).await;
    rig.speak();
    let (input, statuses) = rig.climb().await;
    for muted in [true, false] {
        rig.desire(Paused { video: false, audio: muted });
        while !matches!(rig.next().await, Call::Paused(_)) {}
    }
    let listening = status(&input, v1::InputState::Listening, 2);
    statuses.send(Ok(listening)).await.expect("a driver that listens");
    let confirm = loop {
        match rig.next().await {
            Call::Confirm(confirm) => break confirm,
            Call::Scene(_) => {}
            other => panic!("ConfirmResumed, not {other:?}"),
        }
    };
    assert_eq!((confirm.input_id, confirm.generation), (input, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn speaking_and_another_layout_change_the_scene_and_restart_nothing() {
    let mut rig = Rig::start().await;
    rig.speak();
    let (input, _statuses) = rig.climb().await;
    let scenes = [
        (LayoutName::Speaker, v1::Layout::Speaker, "ada"),
        (LayoutName::Spotlight, v1::Layout::Spotlight, "ada"),
        (LayoutName::Grid, v1::Layout::Grid, ""),
    ];
    for (choice, layout, featured) in scenes {
        rig.desired.send_modify(|desired| {
            desired.layout = choice;
            desired.inputs[0].speaking ^= true;
        });
        let Call::Scene(scene) = rig.next().await else { panic!("UpdateScene") };
        assert_eq!((scene.layout(), scene.featured.as_str()), (layout, featured));
        assert_eq!(scene.tiles[0].input_ids, std::slice::from_ref(&input));
    }
    rig.desired.send_modify(|desired| desired.over = true);
    let Call::Close = rig.next().await else { panic!("nothing but the end") };
}
