//! What a process does, as the kernel accounts for it: one that waits for a core is not one that hangs.

use std::time::Duration;

use procfs::process::Process;
use tokio::time::Instant;

/// A process that has something to do and sleeps for so long hangs.
const ASLEEP: Duration = Duration::from_millis(400);
/// So does one that computes for so long, in its own time, and delivers nothing.
const SPINS: Duration = Duration::from_secs(2);

/// What a process does at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// A signal has stopped it (SIGSTOP): it does nothing until somebody lets it go on.
    Stopped,
    /// It runs, or waits for a core or for memory. All its threads have run for so long in all.
    Busy(Duration),
    /// It waits for something else. All its threads have run for so long in all.
    Asleep(Duration),
}

/// What process `pid` does; `None` when there is none.
pub fn activity(pid: u32) -> Option<Activity> {
    let process = Process::new(i32::try_from(pid).ok()?).ok()?;
    let mut ran = Duration::ZERO;
    let mut is_busy = false;
    for task in process.tasks().ok()?.flatten() {
        let Ok(stat) = task.stat() else { continue };
        match stat.state {
            'T' => return Some(Activity::Stopped),
            // What waits for a page of memory can do nothing else, and a successor would wait for the same.
            'R' | 'D' => is_busy = true,
            _ => {}
        }
        // A kernel without schedstat (CONFIG_SCHED_INFO) counts in ticks of a hundredth of a second.
        let in_ticks = || (stat.utime + stat.stime) * 1_000_000_000 / procfs::ticks_per_second();
        let nanos = task.schedstat().map_or_else(|_| in_ticks(), |stat| stat.sum_exec_runtime);
        ran += Duration::from_nanos(nanos);
    }
    Some(if is_busy { Activity::Busy(ran) } else { Activity::Asleep(ran) })
}

/// Watches a process that has something to do and delivers nothing, by what the kernel says of it from time to time.
#[derive(Debug)]
pub struct Idleness {
    /// How long it had run when it was first looked at, and by now.
    ran_first: Duration,
    ran: Duration,
    /// When it was last known to run, or to wait for a core.
    stirred: Instant,
}

impl Idleness {
    /// At the first look.
    pub fn begin(now: Instant, activity: Activity) -> Self {
        let (Activity::Busy(ran) | Activity::Asleep(ran)) = activity else {
            return Self { ran_first: Duration::ZERO, ran: Duration::ZERO, stirred: now };
        };
        Self { ran_first: ran, ran, stirred: now }
    }

    /// At this and every later look. Whether it hangs: it is stopped, or sleeps, or computes in vain. One that waits for a
    /// core, or gets little of one, does not: it is slow because others are fast, and its successor would be as slow.
    pub fn hangs(&mut self, now: Instant, activity: Activity) -> bool {
        let (ran, is_busy) = match activity {
            Activity::Stopped => return true,
            Activity::Busy(ran) => (ran, true),
            Activity::Asleep(ran) => (ran, false),
        };
        if is_busy || ran > self.ran {
            (self.ran, self.stirred) = (ran, now);
        }
        now - self.stirred >= ASLEEP || ran.saturating_sub(self.ran_first) >= SPINS
    }
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command};

    use nix::{
        sys::signal::{Signal, kill},
        unistd::Pid,
    };

    use super::*;

    struct Running(Child);

    impl Running {
        fn shell(script: &str) -> Self {
            Self(Command::new("sh").args(["-c", script]).spawn().expect("a process"))
        }

        fn until(&self, fits: impl Fn(Activity) -> bool) {
            while !activity(self.0.id()).is_some_and(&fits) {
                std::thread::yield_now();
            }
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            let _ended = self.0.kill().and_then(|()| self.0.wait());
        }
    }

    #[test]
    fn one_that_sleeps_is_told_from_one_that_is_stopped() {
        let sleeping = Running::shell("exec sleep 1000");
        sleeping.until(|activity| matches!(activity, Activity::Asleep(_)));
        kill(Pid::from_raw(sleeping.0.id() as i32), Signal::SIGSTOP).expect("a signal");
        sleeping.until(|activity| activity == Activity::Stopped);
    }

    #[test]
    fn one_that_computes_is_busy_and_its_time_grows() {
        let computing = Running::shell("while :; do :; done");
        let long = Duration::from_millis(20);
        computing.until(|activity| matches!(activity, Activity::Busy(ran) if ran > long));
    }

    #[test]
    fn one_that_is_gone_does_nothing() {
        assert_eq!(activity(u32::MAX), None);
    }

    /// Whether it hangs after looks a tenth of a second apart.
    fn hangs(looks: impl IntoIterator<Item = Activity>) -> Option<usize> {
        let start = Instant::now();
        let mut looks = looks.into_iter();
        let mut idleness = Idleness::begin(start, looks.next().expect("a first look"));
        (1..).zip(looks).find_map(|(tenths, look)| {
            let now = start + Duration::from_millis(100) * tenths as u32;
            idleness.hangs(now, look).then_some(tenths)
        })
    }

    #[test]
    fn what_sleeps_or_is_stopped_or_computes_in_vain_hangs() {
        let millis = Duration::from_millis;
        assert_eq!(hangs([Activity::Asleep(millis(7)); 10]), Some(4));
        assert_eq!(hangs([Activity::Asleep(millis(7)), Activity::Stopped]), Some(1));
        let spins = (0..100).map(|n| Activity::Busy(millis(90 * n)));
        assert_eq!(hangs(spins), Some(23));
    }

    #[test]
    fn what_waits_for_a_core_or_gets_little_of_one_does_not() {
        let millis = Duration::from_millis;
        assert_eq!(hangs([Activity::Busy(millis(7)); 600]), None);
        assert_eq!(hangs((0..1000).map(|n| Activity::Asleep(millis(n)))), None);
    }
}
