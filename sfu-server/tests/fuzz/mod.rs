//! Mutation of JSON: of its bytes, and of its structure.

pub mod corpus;
pub mod mutate;
