//! A room's broadcast, from the SFU's side: the ladder every input climbs, and the driver that keeps the composer's
//! inputs as the room wants them.
//!
//! ```text
//! RoomView ──▶ DesiredBroadcast (watch) ──▶ Driver ──opens──▶ Session (one epoch)
//!                                             ▲                 ├ Climb per participant:
//!                     new epoch, back-off     │                 │  Idle ─▶ PortsReserved ─▶ TransportsConnected
//!                     0.1 → 1 s, jitter       │                 │   ─▶ ConsumersPaused ─▶ Listening ─▶ Resumed ─▶ Leg
//!                                             └─stream broke────┤
//!                                                               ├ Leg per participant (resumes every new generation)
//!                                                               └ Attempt per participant: none, climbing, resting
//! ```

mod arrangement;
mod attempt;
mod desired;
mod driver;
mod ladder;
mod leg;
mod session;
mod settling;
mod showing;
#[cfg(test)]
mod tests;

pub use desired::{DesiredBroadcast, Paused};
pub use driver::{Config, drive};
