//! When the machine was away: what falls into such a moment says nothing of the product, and is measured again.
//!
//! On a shared virtual machine a core is taken away for up to a tenth of a second now and then, and a busy one lets
//! processes wait. A thread on each core that does nothing but sleep notices the former. The latter senders say themselves,
//! and of the daemon and its FFmpegs the kernel says how long they could have run and did not.

use std::{
    collections::HashMap,
    process::{Command, Stdio},
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::{Pid, gettid},
};
use procfs::process::Process;

/// How often a core is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// Lateness beyond this is a moment away: playout takes up 40 ms, of which arrivals need some.
pub const LATE: Duration = Duration::from_millis(20);
/// So long before and after a moment, what is seen may be its doing: the plan of who was late moves back within 2 s.
const BEFORE: u64 = 300;
const AFTER: u64 = 2500;
/// Whose plan such a moment has moved by more than a voice bears at once, its pictures glide back by 5 ms a second
/// (`compositor/playout.rs`): for so long, one is left out or shown twice every 13 s.
const GLIDES: u64 = 70_000;
/// A machine of which more is in use is not idle.
const IDLE: f64 = 0.15;

/// A time at which somebody who only slept was late.
#[derive(Clone, Debug)]
pub struct Moment {
    /// Who was late.
    pub who: &'static str,
    /// When it was over, in milliseconds since the Unix epoch.
    pub unix_ms: u64,
    /// By how much.
    pub late: Duration,
}

impl Moment {
    /// Over by now.
    pub fn now(who: &'static str, late: Duration) -> Self {
        Self { who, unix_ms: unix_ms(), late }
    }
}

/// Now, in milliseconds since the Unix epoch.
pub fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    since.as_millis() as u64
}

/// Watches every core this process may use, until it is dropped.
pub struct Machine {
    moments: Vec<Moment>,
    told: Receiver<Moment>,
    tell: Sender<Moment>,
    /// Its end is the watchers'.
    _running: Vec<Sender<()>>,
}

impl Machine {
    pub fn watch() -> Self {
        let (tell, told) = mpsc::channel();
        let allowed = sched_getaffinity(Pid::from_raw(0)).expect("the allowed cores");
        let cores = (0..CpuSet::count()).filter(|core| allowed.is_set(*core).unwrap_or(false));
        let watchers = cores.map(|core| {
            let (running, ended) = mpsc::channel();
            let tell = tell.clone();
            thread::spawn(move || watch(core, &tell, &ended));
            running
        });
        Self { moments: vec![], _running: watchers.collect(), told, tell }
    }

    /// For senders, who say when they are late.
    pub fn tell(&self) -> Sender<Moment> {
        self.tell.clone()
    }

    /// The moments that may have to do with what was seen between two times, in milliseconds since the Unix epoch.
    pub fn away(&mut self, from: u64, to: u64) -> Vec<Moment> {
        self.touching(from, to, AFTER)
    }

    /// The moments by which pictures may be missing, or stand more than once, at this time; a single one for longer.
    pub fn away_beside_a_flaw(&mut self, at: u64, is_single: bool) -> Vec<Moment> {
        self.touching(at, at, if is_single { GLIDES } else { AFTER })
    }

    fn touching(&mut self, from: u64, to: u64, after: u64) -> Vec<Moment> {
        self.moments.extend(self.told.try_iter());
        let touches = |moment: &&Moment| {
            let begun = moment.unix_ms.saturating_sub(moment.late.as_millis() as u64 + BEFORE);
            begun <= to && from <= moment.unix_ms + after
        };
        self.moments.iter().filter(touches).cloned().collect()
    }
}

fn watch(core: usize, tell: &Sender<Moment>, ended: &Receiver<()>) {
    let mut only = CpuSet::new();
    only.set(core).and_then(|()| sched_setaffinity(Pid::from_raw(0), &only)).expect("a core");
    ahead_of_others();
    let mut due = Instant::now() + LOOK;
    loop {
        let wait = due.saturating_duration_since(Instant::now());
        if ended.recv_timeout(wait) != Err(mpsc::RecvTimeoutError::Timeout) {
            return;
        }
        let late = due.elapsed();
        if late > LATE {
            _ = tell.send(Moment::now("a core", late));
        }
        due = Instant::now() + LOOK;
    }
}

/// How often waiting for a core is looked at.
const LOOK_AT_PROCESSES: Duration = Duration::from_millis(50);

/// From now on, until it ends, process `pid` and its children are watched too.
pub fn follow(pid: u32, tell: Sender<Moment>) {
    thread::spawn(move || {
        ahead_of_others();
        let mut before: HashMap<(i32, i32), u64> = HashMap::new();
        while let Some(waited) = waited(pid) {
            for (thread, nanos) in &waited {
                let more = nanos - before.get(thread).unwrap_or(nanos).min(nanos);
                let late = Duration::from_nanos(more);
                if late > LATE {
                    _ = tell.send(Moment::now("a process of the daemon's", late));
                }
            }
            before = waited;
            thread::sleep(LOOK_AT_PROCESSES);
        }
    });
}

/// How long each thread of process `pid` and of its children has waited for a core so far, in nanoseconds.
fn waited(pid: u32) -> Option<HashMap<(i32, i32), u64>> {
    let daemon = Process::new(pid as i32).ok()?;
    let own = daemon.tasks().ok()?.flatten();
    let children = own.filter_map(|task| task.children().ok()).flatten();
    let processes: Vec<i32> = children.map(|child| child as i32).chain([pid as i32]).collect();
    let threads = processes.into_iter().filter_map(|pid| Process::new(pid).ok()?.tasks().ok());
    let waited = threads
        .flatten()
        .flatten()
        .filter_map(|task| Some(((task.pid, task.tid), task.schedstat().ok()?.run_delay)));
    Some(waited.collect())
}

/// Runs this thread ahead of others, where that is allowed, as the systemd unit does with the daemon.
pub fn ahead_of_others() {
    let thread = gettid().to_string();
    let mut renice = Command::new("renice");
    renice.args(["-n", "-11", "-p", &thread]).stdout(Stdio::null()).stderr(Stdio::null());
    drop(renice.status());
}

/// Asks for an otherwise idle machine, before times are judged.
pub fn must_be_idle() {
    let before = busy_and_all();
    thread::sleep(Duration::from_secs(3));
    let after = busy_and_all();
    let share = (after.0 - before.0) as f64 / (after.1 - before.1).max(1) as f64;
    println!("{:.0} % of the machine is in use by others", share * 100.0);
    assert!(share < IDLE, "times are judged on an idle machine; end what runs on this one");
}

/// Ticks in which a core did something, or was away, and all ticks.
fn busy_and_all() -> (u64, u64) {
    let stat = std::fs::read_to_string("/proc/stat").expect("/proc/stat");
    let line = stat.lines().next().expect("the line of all cores");
    // user nice system idle iowait irq softirq steal
    let ticks: Vec<u64> =
        line.split_whitespace().skip(1).take(8).map(|n| n.parse().expect("ticks")).collect();
    let all: u64 = ticks.iter().sum();
    (all - ticks[3] - ticks[4], all)
}
