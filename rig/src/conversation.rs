//! All that was said on one connection, in order, and whether the server kept to the rules of answering.

use std::collections::HashMap;

use serde_json::Value;

/// Codes of answers that may come before the answers to earlier requests: nobody had time for the request.
pub const EARLY: [&str; 2] = ["room_busy", "rate_limited"];

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub enum Said {
    /// The client's request; its payload is missing when it was no JSON.
    Asked {
        /// Unique on the connection, growing by one.
        id: u64,
        /// The event.
        event: String,
        /// Its first argument.
        payload: Option<Value>,
    },
    /// The server's answer.
    Answered {
        /// Of the request.
        id: u64,
        /// The first argument of the acknowledgement.
        answer: Value,
    },
    /// What the server told unasked.
    Told {
        /// The event.
        event: String,
        /// Its first argument.
        payload: Value,
    },
}

/// One connection, from its beginning.
#[derive(Debug, Clone, Default)]
pub struct Conversation {
    /// Every message.
    pub said: Vec<Said>,
    /// Why it is over, once it is.
    pub over: Option<String>,
}

impl Conversation {
    /// The facts told, in order.
    pub fn facts(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.said.iter().filter_map(|said| match said {
            Said::Told { event, payload } => Some((event.as_str(), payload)),
            _ => None,
        })
    }

    /// Ids of the answers, in the order they came.
    pub fn answered(&self) -> impl Iterator<Item = u64> {
        self.said.iter().filter_map(|said| match said {
            Said::Answered { id, .. } => Some(*id),
            _ => None,
        })
    }

    /// How many requests were sent.
    pub fn asked(&self) -> usize {
        self.said.iter().filter(|said| matches!(said, Said::Asked { .. })).count()
    }

    /// Requests without an answer so far.
    pub fn unanswered(&self) -> usize {
        self.asked().saturating_sub(self.answered().count())
    }

    /// What contradicts "every request is answered once, in the order of the requests", one sentence each.
    /// `complete`: the connection lived until everything was answered.
    pub fn faults(&self, complete: bool) -> Vec<String> {
        let mut faults = Vec::new();
        let mut answers: HashMap<u64, (&str, usize)> = HashMap::new();
        let mut latest = None;
        for said in &self.said {
            match said {
                Said::Asked { id, event, .. } => {
                    answers.insert(*id, (event, 0));
                }
                Said::Answered { id, answer } => {
                    let Some((event, count)) = answers.get_mut(id) else {
                        faults.push(format!("answer {id} to nothing that was asked"));
                        continue;
                    };
                    *count += 1;
                    if *count > 1 {
                        faults.push(format!("`{event}` {id} was answered {count} times"));
                    }
                    let early = answer["code"].as_str().is_some_and(|code| EARLY.contains(&code));
                    if !early && latest.is_some_and(|latest| *id < latest) {
                        faults.push(format!("`{event}` {id} was answered after {latest:?}"));
                    }
                    if !early {
                        latest = latest.max(Some(*id));
                    }
                }
                Said::Told { .. } => {}
            }
        }
        if complete {
            let never = answers.iter().filter(|(_, (_, count))| *count == 0);
            faults
                .extend(never.map(|(id, (event, _))| format!("`{event}` {id} was never answered")));
        }
        faults
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn conversation(asked: u64, answered: &[(u64, &str)]) -> Conversation {
        let asked = (0..asked).map(|id| Said::Asked { id, event: "e".into(), payload: None });
        let answered = answered
            .iter()
            .map(|&(id, code)| Said::Answered { id, answer: json!({ "code": code }) });
        Conversation { said: asked.chain(answered).collect(), over: None }
    }

    #[test]
    fn answers_in_order_are_no_fault() {
        assert!(conversation(3, &[(0, ""), (1, ""), (2, "")]).faults(true).is_empty());
    }

    #[test]
    fn a_busy_room_may_say_so_early() {
        assert!(conversation(3, &[(2, "room_busy"), (0, ""), (1, "")]).faults(true).is_empty());
    }

    #[test]
    fn a_second_a_missing_a_late_and_an_unasked_answer_are_faults() {
        assert_eq!(conversation(1, &[(0, ""), (0, "")]).faults(true).len(), 1);
        assert_eq!(conversation(2, &[(0, "")]).faults(true).len(), 1);
        assert_eq!(conversation(2, &[(1, ""), (0, "")]).faults(true).len(), 1);
        assert_eq!(conversation(0, &[(5, "")]).faults(true).len(), 1);
    }

    #[test]
    fn what_a_cut_connection_could_not_answer_is_no_fault() {
        assert!(conversation(2, &[(0, "")]).faults(false).is_empty());
        assert_eq!(conversation(2, &[(0, "")]).unanswered(), 1);
    }
}
