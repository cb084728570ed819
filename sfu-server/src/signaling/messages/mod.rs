//! The wire types of signaling: what browsers send, what they are answered, what they are told.
//!
//! These types are the contract (`docs/signaling.md`); `frontend/src/signaling/generated.ts` is generated from them.
//! Fields may be added, none renamed.

mod facts;
mod failure;
mod replies;
mod requests;

pub use self::{facts::*, failure::*, replies::*, requests::*};
