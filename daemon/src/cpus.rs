//! Sets of cores: `taskset -c` lists, and which cores this process may use.

use std::{collections::BTreeSet, fmt, str::FromStr};

use nix::{
    errno::Errno,
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};

/// Cores, written as `taskset -c` does: `1`, `1-3`, `0,2-3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CpuList(BTreeSet<usize>);

/// Why a core list cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CpuListError {
    /// Not a list.
    #[error("`{0}` is no core list; write it as 1, 1-3 or 0,2-3")]
    Malformed(String),
    /// A core this process may not use.
    #[error("core {wanted} is not among the cores this process may use ({allowed})")]
    NotAllowed {
        /// The core asked for.
        wanted: usize,
        /// The cores there are.
        allowed: CpuList,
    },
    /// The system refuses to say.
    #[error("the allowed cores cannot be read or set: {0}")]
    System(#[from] Errno),
}

impl CpuList {
    /// The cores this thread may run on.
    pub fn allowed() -> Result<Self, CpuListError> {
        let set = sched_getaffinity(Pid::from_raw(0))?;
        Ok(Self((0..CpuSet::count()).filter(|&cpu| set.is_set(cpu).unwrap_or(false)).collect()))
    }

    /// The last core of the list: the composer's default.
    pub fn last(&self) -> Option<Self> {
        self.0.last().map(|&cpu| Self([cpu].into()))
    }

    /// Whether every core of the list is allowed.
    pub fn check(&self, allowed: &Self) -> Result<(), CpuListError> {
        match self.0.difference(&allowed.0).next() {
            None => Ok(()),
            Some(&wanted) => Err(CpuListError::NotAllowed { wanted, allowed: allowed.clone() }),
        }
    }

    /// The cores of this list that are not in `other`; this list itself when none would be left.
    pub fn without(&self, other: &Self) -> Self {
        let rest: BTreeSet<_> = self.0.difference(&other.0).copied().collect();
        if rest.is_empty() { self.clone() } else { Self(rest) }
    }

    /// How many cores there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The cores, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().copied()
    }

    /// Binds the calling thread, and every process it starts from now on, to these cores.
    pub fn pin_this_thread(&self) -> Result<(), CpuListError> {
        let mut set = CpuSet::new();
        for &cpu in &self.0 {
            set.set(cpu)?;
        }
        Ok(sched_setaffinity(Pid::from_raw(0), &set)?)
    }
}

impl From<usize> for CpuList {
    fn from(cpu: usize) -> Self {
        Self([cpu].into())
    }
}

impl FromStr for CpuList {
    type Err = CpuListError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || CpuListError::Malformed(text.into());
        let number = |s: &str| {
            s.trim().parse::<usize>().ok().filter(|&cpu| cpu < CpuSet::count()).ok_or_else(wrong)
        };
        let mut cpus = BTreeSet::new();
        for item in text.split(',') {
            let (first, last) = match item.split_once('-') {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(item)?, number(item)?),
            };
            if first > last {
                return Err(wrong());
            }
            cpus.extend(first..=last);
        }
        Ok(Self(cpus))
    }
}

impl fmt::Display for CpuList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cpus: Vec<String> = self.0.iter().map(usize::to_string).collect();
        f.write_str(&cpus.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_taskset_reads_it() {
        let list: CpuList = "0,2-3".parse().expect("a list");
        assert_eq!(list.iter().collect::<Vec<_>>(), [0, 2, 3]);
        assert_eq!(list.to_string(), "0,2,3");
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "a", "3-1", "-1", "1-", "1,,2", "999999"] {
            assert_eq!(text.parse::<CpuList>(), Err(CpuListError::Malformed(text.into())));
        }
    }

    #[test]
    fn the_sfu_keeps_its_core_when_the_composer_has_the_only_one() {
        let only = CpuList::from(0);
        assert_eq!(only.without(&only), only);
    }

    #[test]
    fn a_core_that_is_not_there_is_named() {
        let error = CpuList::from(7).check(&CpuList::from(0)).expect_err("core 7");
        assert_eq!(error.to_string(), "core 7 is not among the cores this process may use (0)");
    }
}
