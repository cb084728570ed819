//! The whole composer, as a process of its own: real FFmpegs, real RTP, real HTTP. One binary, so that what all of these share
//! is compiled and linked once; nextest runs each test in a process of its own.

mod busy_cores;
mod conformance;
mod contract;
mod cycles;
mod disk;
mod faults;
mod hls;
mod kills;
mod lipsync;
mod odd_media;
mod recorded;
mod rig;
mod smooth;
mod viewers;
