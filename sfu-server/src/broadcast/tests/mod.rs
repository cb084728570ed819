//! The driver against a scripted composer: which calls it makes, in which order, and what it does when calls fail.

mod calls;
mod composer;
mod faults;
mod layers;
mod rig;
