//! Which core a new broadcast gets, or why it gets none: pure policy.

use std::fmt;

/// What a broadcast is expected to cost before it is measured, in percent of a core: half a room at the low layer.
const EXPECTED: u32 = 10;

/// One core as admission sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Core {
    /// Its number.
    pub cpu: usize,
    /// Percent of it that the composer uses.
    pub load: u32,
    /// Broadcasts on it.
    pub broadcasts: u32,
    /// Those of them that are too young to be measured.
    pub young: u32,
}

/// Decides on broadcasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Percent of a core that may be used.
    pub budget: u32,
}

/// Every core is over its budget; this is the least loaded one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Busy {
    core: Core,
    budget: u32,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { core: Core { cpu, broadcasts, .. }, budget } = self;
        let load = self.core.committed();
        write!(
            f,
            "the composer's cores are busy: core {cpu}, the least loaded, is at {load} % with {broadcasts} broadcasts, and another one would exceed --cpu-budget {budget}; end one, or give the composer more cores with --cpus"
        )
    }
}

impl Core {
    /// What is measured, and what is expected of the young.
    fn committed(self) -> u32 {
        self.load + self.young * EXPECTED
    }
}

impl Admission {
    /// The core of a new broadcast.
    ///
    /// # Errors
    /// On none is there room.
    pub fn admit(self, cores: impl IntoIterator<Item = Core>) -> Result<usize, Busy> {
        let least = Self::least(cores);
        match least {
            None => Ok(0),
            Some(core) if core.committed() + EXPECTED <= self.budget => Ok(core.cpu),
            Some(core) => Err(Busy { core, budget: self.budget }),
        }
    }

    /// The least loaded core, whatever its load: a broadcast that goes on after a restart is not refused.
    pub fn least(cores: impl IntoIterator<Item = Core>) -> Option<Core> {
        cores.into_iter().min_by_key(|core| (core.committed(), core.broadcasts))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn core(cpu: usize, load: u32, broadcasts: u32, young: u32) -> Core {
        Core { cpu, load, broadcasts, young }
    }

    #[test]
    fn the_least_loaded_core_is_taken_and_the_young_count() {
        let admission = Admission { budget: 85 };
        assert_eq!(admission.admit([core(1, 40, 3, 0), core(2, 20, 1, 0)]), Ok(2));
        assert_eq!(admission.admit([core(1, 15, 1, 0), core(2, 10, 3, 2)]), Ok(1));
        assert_eq!(admission.admit([core(1, 0, 1, 0), core(2, 0, 0, 0)]), Ok(2));
    }

    #[test]
    fn a_refusal_names_the_core_its_load_and_what_to_do() {
        let refused = Admission { budget: 85 }.admit([core(1, 60, 6, 2), core(2, 97, 9, 0)]);
        insta::assert_snapshot!(refused.expect_err("no room").to_string());
    }

    proptest! {
        #[test]
        fn nobody_is_admitted_over_the_budget_nor_refused_where_there_is_room(
            budget in 10..=100_u32,
            cores in prop::collection::vec((0..120_u32, 0..9_u32, 0..4_u32), 1..8),
        ) {
            let cores: Vec<Core> =
                cores.iter().enumerate().map(|(n, c)| core(n, c.0, c.1, c.2)).collect();
            let fits = |c: &Core| c.committed() + EXPECTED <= budget;
            match (Admission { budget }.admit(cores.clone())) {
                Ok(cpu) => prop_assert!(fits(&cores[cpu])),
                Err(_) => prop_assert!(!cores.iter().any(fits)),
            }
        }
    }
}
