//! What was said on connections that are over: checked, and counted.

use std::collections::BTreeMap;

use rig::{Conversation, contract, conversation::Said};

/// Of one client, or of all.
#[derive(Default)]
pub struct Tally {
    pub operations: usize,
    /// Answers by event and code, `ok` for none.
    answers: BTreeMap<String, BTreeMap<String, usize>>,
}

impl Tally {
    /// Checks a connection that is over, and counts its answers.
    pub fn hear(&mut self, conversation: &Conversation, complete: bool) {
        assert_eq!(conversation.faults(complete), Vec::<String>::new());
        let mut events = BTreeMap::new();
        for said in &conversation.said {
            match said {
                Said::Asked { id, event, .. } => drop(events.insert(*id, event.clone())),
                Said::Answered { id, answer } => {
                    let event = &events[id];
                    assert_eq!(contract::fault(event, answer), None);
                    let code = answer["code"].as_str().unwrap_or("ok").to_owned();
                    let known = contract::EVENTS.iter().any(|known| known.name == event);
                    let event = if known { event } else { "(none of the contract)" };
                    *self.answers.entry(event.into()).or_default().entry(code).or_default() += 1;
                }
                Said::Told { .. } => {}
            }
        }
    }

    /// How often an event was answered with a code, `ok` for none.
    pub fn count(&self, event: &str, code: &str) -> usize {
        self.answers.get(event).and_then(|codes| codes.get(code)).copied().unwrap_or_default()
    }

    pub fn add(&mut self, other: Self) {
        self.operations += other.operations;
        for (event, codes) in other.answers {
            for (code, count) in codes {
                *self.answers.entry(event.clone()).or_default().entry(code).or_default() += count;
            }
        }
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} operations; answers:", self.operations)?;
        for (event, codes) in &self.answers {
            writeln!(f, "  {event}: {codes:?}")?;
        }
        Ok(())
    }
}
