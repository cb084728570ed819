//! Malformed input: kept as files, made in bulk, and drawn by mutation of JSON, of its bytes and of its structure.

pub mod corpus;
pub mod large;
pub mod mutate;
