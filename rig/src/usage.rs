//! What processes take of the machine, by the kernel's account.

use procfs::process::{Process, Stat, all_processes};

/// What a process, or several, took up to one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Resident memory, in bytes. Of several processes the sum: what they share counts in each.
    pub rss: u64,
    /// Processor time so far, in seconds.
    pub cpu: f64,
}

impl Usage {
    /// Of one process by itself.
    ///
    /// # Panics
    /// When there is no such process.
    pub fn of(pid: u32) -> Self {
        let pid = i32::try_from(pid).expect("a process id");
        let stat = Process::new(pid).and_then(|process| process.stat());
        let stat = stat.unwrap_or_else(|error| panic!("process {pid}: {error}"));
        Self { rss: resident(&stat), cpu: seconds(stat.utime + stat.stime) }
    }

    /// Of a process with all that it started, those that have ended included.
    ///
    /// # Panics
    /// When the kernel does not say.
    pub fn of_tree(pid: u32) -> Self {
        tree(pid).iter().fold(Self::default(), |sum, stat| {
            // What has ended and was waited for counts with whoever waited.
            let waited_for = u64::try_from(stat.cutime + stat.cstime).unwrap_or_default();
            let cpu = seconds(stat.utime + stat.stime + waited_for);
            Self { rss: sum.rss + resident(stat), cpu: sum.cpu + cpu }
        })
    }

    /// Cores in use on average since `before`, `seconds` ago.
    pub fn cores_since(&self, before: &Self, seconds: f64) -> f64 {
        (self.cpu - before.cpu) / seconds
    }

    /// Resident memory, in units of 1 000 000 bytes.
    pub fn megabytes(&self) -> f64 {
        self.rss as f64 / 1e6
    }
}

/// The memory of a process with all that it started, in units of 1 000 000 bytes: what several processes share counts once.
///
/// # Panics
/// When the kernel does not say.
pub fn shared_megabytes(pid: u32) -> f64 {
    let share = |stat: &Stat| {
        let rollup = Process::new(stat.pid).and_then(|process| process.smaps_rollup()).ok()?;
        rollup.memory_map_rollup.iter().find_map(|map| map.extension.map.get("Pss").copied())
    };
    tree(pid).iter().filter_map(share).sum::<u64>() as f64 / 1e6
}

/// The processes that descend from this one and run, by their ids.
///
/// # Panics
/// When the kernel does not say.
pub fn descendants(pid: u32) -> Vec<u32> {
    let ids = tree(pid).into_iter().filter_map(|stat| u32::try_from(stat.pid).ok());
    ids.filter(|descendant| *descendant != pid).collect()
}

/// Whether a process of this id runs; one that has ended and was not waited for does not.
pub fn runs(pid: u32) -> bool {
    let process = i32::try_from(pid).ok().and_then(|pid| Process::new(pid).ok());
    let stat = process.and_then(|process| process.stat().ok());
    stat.is_some_and(|stat| !matches!(stat.state, 'Z' | 'X'))
}

fn tree(pid: u32) -> Vec<Stat> {
    let all = all_processes().expect("a list of processes");
    // One that ends meanwhile is not there.
    let mut others: Vec<Stat> = all.filter_map(|process| process.ok()?.stat().ok()).collect();
    let mut found: Vec<Stat> = Vec::new();
    let mut next = vec![i32::try_from(pid).expect("a process id")];
    while let Some(parent) = next.pop() {
        let (children, rest): (Vec<Stat>, Vec<Stat>) =
            others.into_iter().partition(|stat| stat.ppid == parent || stat.pid == parent);
        others = rest;
        next.extend(children.iter().map(|stat| stat.pid).filter(|child| *child != parent));
        found.extend(children);
    }
    found
}

fn resident(stat: &Stat) -> u64 {
    stat.rss * procfs::page_size()
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / procfs::ticks_per_second() as f64
}

#[cfg(test)]
mod tests {
    use std::{
        process::{Command, Stdio},
        time::{Duration, Instant},
    };

    use super::*;

    #[test]
    fn a_tree_is_a_process_with_its_children_and_theirs() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "sleep 60 & wait"]).stdin(Stdio::null());
        let mut shell = shell.spawn().expect("a shell");
        let soon = Instant::now() + Duration::from_secs(10);
        // Between the fork and the start of its program a process hardly has memory of its own.
        let sleeping = loop {
            let children = descendants(shell.id());
            let whole = Usage::of_tree(shell.id()).rss;
            if let [sleeping] = children[..]
                && whole > Usage::of(shell.id()).rss
            {
                break sleeping;
            }
            assert!(Instant::now() < soon, "a shell with a child: {children:?}, {whole} bytes");
            std::thread::yield_now();
        };
        assert!(descendants(std::process::id()).contains(&sleeping));
        assert!(runs(sleeping) && runs(shell.id()));
        let pid = nix::unistd::Pid::from_raw(i32::try_from(sleeping).expect("a process id"));
        nix::sys::signal::kill(pid, nix::sys::signal::SIGKILL).expect("a running process");
        shell.wait().expect("the end of the shell");
        assert!(!runs(shell.id()));
    }
}
