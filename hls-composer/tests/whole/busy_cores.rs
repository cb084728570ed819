//! Both cores are kept busy by something else: whoever is on air stays on air, whoever joins comes up, and no process is
//! ended for being slow. How late everything is, is printed.

use std::{
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::rig::{
    daemon::{Daemon, ROOM, input},
    media::{Camera, Codec, microphone},
    rig_count,
    sender::Ssrcs,
    sfu::Sfu,
};
use proto::v1;
use tokio::time::{sleep, timeout};

/// Far beyond what it takes to come up with what is left of a core.
const PATIENCE: Duration = Duration::from_secs(120);

/// So many others compute, two on each core.
const OTHERS: usize = 4;

/// The daemon and its processes stand so far behind the others (nice(1)): a single process weighs 23 against the 2048 of the
/// two that want its core (sched(7)), and waits for it for long enough to be taken for one that hangs.
const BEHIND: &str = "17";

/// Computes until it is dropped, in the session of the daemon: the kernel parts a core among sessions before it looks at
/// who stands behind whom (sched(7), autogroup).
struct Busy(Child);

impl Busy {
    fn start() -> Self {
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do :; done"]).stdin(Stdio::null());
        Self(command.spawn().expect("a shell"))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        let _ended = self.0.kill().and_then(|()| self.0.wait());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_waits_for_a_core_is_not_ended_for_being_slow() {
    let camera = Arc::new(Camera::counting(Codec::Vp8, 60, 320, 180));
    let tone = Arc::new(microphone(440));
    let names = ["ada", "ben", "cleo", "dora"];
    let mut behind = Command::new("nice");
    behind.args(["-n", BEHIND]);
    let mut daemon = Daemon::start_by(behind, &[]).await;
    let mut sfu = Sfu::open(&mut daemon, 1).await;
    daemon.scene(1, 1, &names).await;
    let mut people = vec![];
    people.push(sfu.climb(&mut daemon, 1, names[0], Ssrcs::of(0), &camera, &tone).await);
    all_active(&mut sfu, &names[..1]).await;

    let busy: Vec<Busy> = (0..OTHERS).map(|_| Busy::start()).collect();
    let begun = Instant::now();
    for (n, name) in names.into_iter().enumerate().skip(1) {
        people.push(sfu.climb(&mut daemon, 1, name, Ssrcs::of(n as u32), &camera, &tone).await);
    }
    all_active(&mut sfu, &names).await;
    println!("three joined within {:.1} s", begun.elapsed().as_secs_f64());
    sleep(Duration::from_secs(rig_count(15, 60) as u64)).await;
    drop(busy);

    let request = v1::GetBroadcastRequest { room_id: ROOM.into() };
    let status = daemon.client.get_broadcast(request).await.expect("a status").into_inner();
    println!("clock: {:?}", status.clock);
    for name in names {
        let input = input(&status, name).expect("a live input");
        assert_eq!((input.state(), input.generation), (v1::InputState::Active, 1), "{name}");
    }
    let encoder = status.encoder.expect("an encoder");
    assert_eq!(encoder.generation, 1, "one encoder throughout");
}

async fn all_active(sfu: &mut Sfu, names: &[&str]) {
    let is_active = |status: &v1::BroadcastStatus, name: &str| {
        input(status, name).is_some_and(|input| input.state() == v1::InputState::Active)
    };
    let waiting = sfu.status.wait_for(|status| names.iter().all(|name| is_active(status, name)));
    drop(timeout(PATIENCE, waiting).await.expect("in time").expect("an open claim"));
}
