//! What fake clients know and do: `known` is what has got about, `seat` folds what was said into what a client must own,
//! `choice` draws what it asks next, `tally` checks and counts what it was answered.

pub mod choice;
pub mod known;
pub mod seat;
pub mod tally;
