//! What fake clients know and do: `seat` folds what was said into what a client must own, `choice` draws what it asks next.

pub mod choice;
pub mod seat;
