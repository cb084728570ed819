//! What a person who stays loses when others come, mute, unmute and go: not a single frame.

use crate::rig::{
    daemon::{Daemon, PATIENCE, ROOM, input, until},
    machine::{self, Machine, Moment},
    sender::{Clip, Sender, Ssrcs},
    viewer::{Seen, Viewer},
};
use proto::v1;
use tokio::time::timeout;

/// The blue difference of each person's picture.
const ADA: u8 = 60;
const BEN: u8 = 90;
const CLEO: u8 = 160;

/// The left tile and the right one, where both a row of two and the upper row of three cover the canvas, above the names.
const LEFT: (usize, usize) = (64, 46);
const RIGHT: (usize, usize) = (192, 46);

/// How often it is measured at most.
const TRIES: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn others_come_muted_unmute_mute_and_go_and_those_who_stay_lose_no_frame() {
    let mut machine = Machine::watch();
    for _ in 0..TRIES {
        let away = run(&mut machine).await;
        if away.is_empty() {
            return;
        }
        println!("it is measured again, the machine was away: {away:#?}");
    }
    panic!("the machine was away {TRIES} times");
}

/// Answers what of the frames that were lost may be the machine's doing; nothing when none was.
async fn run(machine: &mut Machine) -> Vec<Moment> {
    let clips = [ADA, BEN, CLEO].map(Clip::counting);
    let mut daemon = Daemon::start(&[]).await;
    machine::follow(daemon.pid(), machine.tell());
    let mut statuses = daemon.open(1).await.expect("a claim");
    daemon.scene(1, 1, &["ada", "ben"]).await;
    let ada = climb(&mut daemon, "ada", Ssrcs::of(0)).await;
    let _ada = Sender::to(&ada, Ssrcs::of(0), &clips[0]);
    let ben = climb(&mut daemon, "ben", Ssrcs::of(1)).await;
    let ben = Sender::to(&ben, Ssrcs::of(1), &clips[1]);
    let before = until(&mut statuses, active(&["ada", "ben"])).await;
    let viewer = Viewer::watch(&daemon).await;
    for_two_seconds(&daemon).await;

    daemon.scene(1, 2, &["ada", "ben", "cleo"]).await;
    let ports = climb(&mut daemon, "cleo", Ssrcs::of(2)).await;
    let _cleo = Sender::camera(&ports, Ssrcs::of(2), &clips[2]);
    until(&mut statuses, active(&["ada", "ben", "cleo"])).await;
    for_two_seconds(&daemon).await;
    for _ in 0..2 {
        let unmuted = Sender::microphone(&ports, Ssrcs::of(2), &clips[2]);
        for_two_seconds(&daemon).await;
        drop(unmuted);
        for_two_seconds(&daemon).await;
    }

    daemon.scene(1, 3, &["ada", "cleo"]).await;
    let after = until(&mut statuses, |status| input(status, "ben").is_none()).await;
    drop(ben);
    for_two_seconds(&daemon).await;
    let playlist = daemon.get(&format!("/hls/{ROOM}/live.m3u8")).await;
    daemon.close(1).await;

    let joined = viewer.first_unix_ms;
    let pictures = viewer.pictures();
    let ada = Seen::through(&pictures, ADA, LEFT);
    let ben = Seen::through(&pictures, BEN, RIGHT);
    println!("{} pictures; Ada: {ada:?}; Ben: {ben:?}", pictures.len());
    let mut away = vec![];
    if [ada.lost, ben.lost] != [0, 0] {
        for (flaw, is_single) in ada.flaws.iter().chain(&ben.flaws) {
            let at = joined + *flaw as u64 * 1000 / 15;
            let moments = machine.away_beside_a_flaw(at, *is_single);
            assert!(
                !moments.is_empty(),
                "frames of Ada, or of Ben while he was there, are lost: {flaw}"
            );
            away.extend(moments);
        }
    }
    assert!(ada.shown > 15 * 10, "Ada's camera sends 15 frames a second for more than ten seconds");
    assert!(ben.shown > 0, "Ben was there");
    let last = pictures.last().expect("a picture");
    assert!(last.is_of(CLEO, RIGHT), "Ben left, and Cleo took his place");
    assert!(!playlist.contains("#EXT-X-DISCONTINUITY\n"), "{playlist}");
    let process = |status: &v1::BroadcastStatus| {
        let encoder = status.encoder.as_ref().map(|encoder| (encoder.pid, encoder.generation));
        (encoder, input(status, "ada").map(|ada| (ada.pid, ada.generation)))
    };
    assert_eq!(process(&before), process(&after), "nothing of hers was started again");
    away
}

/// Steps 2, 5, 6 and 7 of a ladder.
async fn climb(daemon: &mut Daemon, id: &str, ssrcs: Ssrcs) -> Vec<v1::ReservedPorts> {
    let ports = daemon.reserve(1, id).await.expect("ports");
    let generation = daemon.start_input(1, id, ssrcs).await.expect("a listening FFmpeg");
    daemon.confirm(1, id, generation).await;
    ports
}

fn active(ids: &'static [&'static str]) -> impl Fn(&v1::BroadcastStatus) -> bool {
    move |status| {
        let is_active = |id: &&str| {
            input(status, id).is_some_and(|input| input.state() == v1::InputState::Active)
        };
        ids.iter().all(is_active) && status.phase() == v1::BroadcastPhase::Live
    }
}

/// Two segments of the stream, each a second.
async fn for_two_seconds(daemon: &Daemon) {
    let live = format!("/hls/{ROOM}/live.m3u8");
    let playlist = daemon.get(&live).await;
    let first = playlist.lines().find_map(|line| line.strip_prefix("#EXT-X-MEDIA-SEQUENCE:"));
    let first: usize = first.and_then(|number| number.parse().ok()).expect("a media playlist");
    let next = first + playlist.matches("#EXTINF").count();
    // The answer comes when the segment after the one under way is complete.
    let blocking = format!("{live}?_HLS_msn={}", next + 1);
    timeout(PATIENCE, daemon.get(&blocking)).await.expect("a picture that goes on");
}
