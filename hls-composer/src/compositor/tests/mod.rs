//! The compositor's tests that look at whole pictures and listen to whole mixes.

mod cost;
mod fixture;
mod golden;
mod live;
mod loudness;
mod paint;
mod png;
