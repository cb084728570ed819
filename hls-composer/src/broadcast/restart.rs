//! `RestartPipeline`: what is climbed again, and when it is done.

use std::collections::BTreeMap;

use tokio::{sync::oneshot, time::Instant};

use super::{InputStatus, Status};
use crate::{encoder, ingest::State};

/// What is restarted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Every input.
    Inputs,
    /// One, by input id or participant id.
    OneInput(String),
    /// The encoder only.
    Encoder,
    /// Inputs and encoder.
    Everything,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The inputs that were to climb.
    pub inputs: Vec<InputStatus>,
    /// The encoder.
    pub encoder: encoder::Status,
    /// Everything that was asked for is active again.
    pub complete: bool,
    /// How long it took.
    pub took: std::time::Duration,
}

/// The climbs wanted of participants: levels that only grow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Of single participants.
    pub named: BTreeMap<String, u32>,
    /// Of everybody else.
    pub default: u32,
}

impl Wanted {
    /// The climb wanted of `participant`.
    pub fn of(&self, participant: &str) -> u32 {
        self.named.get(participant).copied().unwrap_or(self.default)
    }

    /// One more climb of everybody.
    pub fn raise_all(&mut self) {
        let highest = self.named.values().copied().max().unwrap_or(0).max(self.default);
        self.named.clear();
        self.default = highest + 1;
    }

    /// One more climb of `participant`.
    pub fn raise(&mut self, participant: &str) {
        let next = self.of(participant) + 1;
        self.named.insert(participant.into(), next);
    }
}

/// A restart that is awaited.
#[derive(Debug)]
pub struct Pending {
    /// Climbs to reach, by participant.
    pub climbs: BTreeMap<String, u32>,
    /// The encoder generation that must be left behind.
    pub encoder_after: Option<u32>,
    /// When it was asked for.
    pub asked: Instant,
    /// Its answer.
    pub reply: oneshot::Sender<Outcome>,
}

impl Pending {
    /// Whether there is nothing left to wait for: everything asked for is active (or silent) again, or given up.
    pub fn is_settled(&self, status: &Status) -> bool {
        self.reached(status, |state| {
            matches!(state, State::Active | State::Silent | State::Failed(_))
        })
    }

    /// Whether everything asked for is active (or silent) again.
    fn is_complete(&self, status: &Status) -> bool {
        self.reached(status, |state| matches!(state, State::Active | State::Silent))
    }

    fn reached(&self, status: &Status, counts: impl Fn(&State) -> bool) -> bool {
        let climbed = self.climbs.iter().all(|(participant, climb)| {
            status.inputs.iter().any(|input| {
                input.participant == *participant
                    && input.climb >= *climb
                    && counts(&input.report.state)
            })
        });
        let encoding = self
            .encoder_after
            .is_none_or(|old| status.encoder.generation > old && status.encoder.delivers);
        climbed && encoding
    }

    /// The answer as things stand.
    pub fn outcome(&self, status: &Status) -> Outcome {
        let inputs = status.inputs.iter().filter(|input| {
            self.climbs.get(&input.participant).is_some_and(|climb| input.climb >= *climb)
        });
        Outcome {
            inputs: inputs.cloned().collect(),
            encoder: status.encoder,
            complete: self.is_complete(status),
            took: self.asked.elapsed(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Report;

    fn climbed(state: State) -> Status {
        let report = Report { state, generation: 1, pid: 0, trace: vec![], key_frames_wanted: 0 };
        let input = InputStatus {
            id: "a-2".into(),
            participant: "a".into(),
            climb: 2,
            ports: vec![],
            frames: 0,
            report,
        };
        Status { inputs: vec![input], ..Status::default() }
    }

    fn pending(climb: u32, encoder_after: Option<u32>) -> Pending {
        let (reply, _) = oneshot::channel();
        let climbs = BTreeMap::from([("a".to_owned(), climb)]);
        Pending { climbs, encoder_after, asked: Instant::now(), reply }
    }

    #[test]
    fn an_input_that_is_given_up_settles_a_restart_and_does_not_complete_it() {
        let pending = pending(2, None);
        for (state, settled, complete) in [
            (State::Active, true, true),
            (State::Silent, true, true),
            (State::Failed("no port".into()), true, false),
            (State::Resumed, false, false),
        ] {
            let status = climbed(state);
            assert_eq!(pending.is_settled(&status), settled);
            assert_eq!(pending.outcome(&status).complete, complete);
        }
    }

    #[test]
    fn an_input_of_an_earlier_climb_is_waited_for() {
        assert!(!pending(3, None).is_settled(&climbed(State::Active)));
    }

    #[test]
    fn a_new_encoder_counts_once_it_delivers() {
        let pending = pending(2, Some(1));
        let mut status = climbed(State::Active);
        for (generation, delivers, settled) in
            [(1, true, false), (2, false, false), (2, true, true)]
        {
            status.encoder = encoder::Status { pid: 7, generation, delivers, ticks: 0 };
            assert_eq!(pending.is_settled(&status), settled);
        }
    }

    #[test]
    fn a_wanted_climb_only_grows() {
        let mut wanted = Wanted::default();
        assert_eq!(wanted.of("a"), 0);
        wanted.raise("a");
        wanted.raise("a");
        assert_eq!((wanted.of("a"), wanted.of("b")), (2, 0));
        wanted.raise_all();
        assert_eq!((wanted.of("a"), wanted.of("b")), (3, 3));
    }
}
