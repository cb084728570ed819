//! How much of each core the composer uses: processor time of its FFmpegs, read from the kernel.

use std::{
    collections::{BTreeMap, HashMap, VecDeque},
    time::Duration,
};

use procfs::{ProcResult, process::Process};
use tokio::{
    sync::watch,
    time::{Instant, MissedTickBehavior, interval},
};

/// How often the kernel is asked.
const PERIOD: Duration = Duration::from_secs(2);
/// Loads are means over so many periods.
const PERIODS: usize = 5;

/// Percent of each core, by its number.
pub type Loads = BTreeMap<usize, u32>;

/// Processor time of one process so far, in clock ticks, and the core it is on.
type Times = HashMap<i32, (usize, u64)>;

/// Measures for ever: `launcher` is the thread whose children are counted. The daemon's own time is shared out over `cpus`.
pub async fn measure(launcher: i32, cpus: Vec<usize>, loads: watch::Sender<Loads>) {
    let mut periods = interval(PERIOD);
    periods.set_missed_tick_behavior(MissedTickBehavior::Delay);
    if let Err(error) = children(launcher) {
        tracing::warn!(%error, "the kernel does not tell which processes this one has started (CONFIG_PROC_CHILDREN), so --cpu-budget counts none of them");
    }
    let mut before: Times = times(launcher);
    let mut own_before = own_time();
    let mut read = Instant::now();
    let mut recent: VecDeque<Loads> = VecDeque::new();
    loop {
        periods.tick().await;
        let now = times(launcher);
        let own = own_time();
        let elapsed = std::mem::replace(&mut read, Instant::now()).elapsed();
        let ticks = elapsed.as_secs_f64() * procfs::ticks_per_second() as f64;
        if ticks < 1.0 {
            continue;
        }
        let mut used = used(&before, &now);
        let share = own.saturating_sub(own_before) as f64 / cpus.len().max(1) as f64;
        for cpu in &cpus {
            *used.entry(*cpu).or_default() += share as u64;
        }
        let percent = |used: u64| (used as f64 * 100.0 / ticks).round() as u32;
        recent.push_back(used.into_iter().map(|(cpu, used)| (cpu, percent(used))).collect());
        if recent.len() > PERIODS {
            recent.pop_front();
        }
        if loads.send(mean(&recent)).is_err() {
            return;
        }
        (before, own_before) = (now, own);
    }
}

/// What each core spent between two readings. A process that is new has all of its time counted.
fn used(before: &Times, now: &Times) -> BTreeMap<usize, u64> {
    let mut used = BTreeMap::new();
    for (pid, (cpu, time)) in now {
        let earlier = before.get(pid).map_or(0, |(_, time)| *time);
        *used.entry(*cpu).or_default() += time.saturating_sub(earlier);
    }
    used
}

fn mean(recent: &VecDeque<Loads>) -> Loads {
    let mut sums = Loads::new();
    for (cpu, load) in recent.iter().flatten() {
        *sums.entry(*cpu).or_default() += load;
    }
    let periods = u32::try_from(recent.len()).unwrap_or(u32::MAX).max(1);
    sums.into_iter().map(|(cpu, sum)| (cpu, sum / periods)).collect()
}

fn children(launcher: i32) -> ProcResult<Vec<u32>> {
    Process::myself()?.task_from_tid(launcher)?.children()
}

fn times(launcher: i32) -> Times {
    let stats = children(launcher).unwrap_or_default().into_iter().filter_map(|pid| {
        let stat = Process::new(i32::try_from(pid).ok()?).ok()?.stat().ok()?;
        let cpu = usize::try_from(stat.processor?).ok()?;
        Some((stat.pid, (cpu, stat.utime + stat.stime)))
    });
    stats.collect()
}

fn own_time() -> u64 {
    let stat = Process::myself().and_then(|own| own.stat());
    stat.map_or(0, |stat| stat.utime + stat.stime)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_is_counted_where_it_was_spent() {
        let before = Times::from([(7, (1, 100)), (8, (1, 50)), (9, (2, 30))]);
        let now = Times::from([(7, (1, 130)), (9, (2, 30)), (10, (2, 5))]);
        assert_eq!(used(&before, &now), BTreeMap::from([(1, 30), (2, 5)]));
    }

    #[test]
    fn a_load_is_the_mean_of_the_last_periods() {
        let recent = VecDeque::from([Loads::from([(1, 10)]), Loads::from([(1, 20), (2, 40)])]);
        assert_eq!(mean(&recent), Loads::from([(1, 15), (2, 20)]));
    }
}
