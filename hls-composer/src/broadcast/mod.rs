//! Broadcasts: a directory task, and one actor task per room that owns its inputs, clock, encoder and packager.
//!
//! ```text
//!              OpenBroadcast (epoch)               claim lost              grace over, CloseBroadcast
//! Directory ─▶ Starting ──first part──▶ Live ⇄ Orphaned ──────────────────▶ Ended ──keep──▶ (removed)
//!    ▲                                            │
//!    └── recovery at start: Orphaned ◀────────────┘ OpenBroadcast (new epoch) takes the open playlist over
//! ```
//!
//! Every task is watched by its owner: the directory watches broadcasts, a broadcast its pipeline and its inputs. A panic
//! of ours in one of them costs that one, and with a reason: an input fails and climbs anew, a broadcast is started again
//! from disk. A panic of the directory ends the process, since without it no room can be found.

mod actor;
mod claim;
mod directory;
mod entry;
mod error;
mod fencing;
mod handle;
mod inputs;
mod keeper;
mod making;
mod pipeline;
mod poison;
mod removal;
mod restart;
mod revival;
mod scene;
mod status;
#[cfg(test)]
mod tests;
mod watched;

pub use claim::Claim;
pub use directory::{Directory, DirectoryConfig};
pub use error::BroadcastError;
pub use handle::{Handle, Reservation};
pub use restart::{Outcome, Scope};
pub use scene::{SceneTile, SceneUpdate};
pub use status::{InputStatus, Phase, Status};
