//! Broadcasts: a directory task, and one actor task per room that owns its inputs, clock, encoder and packager.
//!
//! ```text
//!              OpenBroadcast (epoch)               claim lost              grace over, CloseBroadcast
//! Directory ─▶ Starting ──first part──▶ Live ⇄ Orphaned ──────────────────▶ Ended ──keep──▶ (removed)
//!    ▲                                            │
//!    └── recovery at start: Orphaned ◀────────────┘ OpenBroadcast (new epoch) takes the open playlist over
//! ```

mod actor;
mod claim;
mod directory;
mod error;
mod fencing;
mod handle;
mod inputs;
mod pipeline;
mod restart;
mod scene;
mod status;

pub use claim::Claim;
pub use directory::{Directory, DirectoryConfig};
pub use error::BroadcastError;
pub use handle::{Handle, Reservation};
pub use restart::{Outcome, Scope};
pub use scene::{SceneTile, SceneUpdate};
pub use status::{InputStatus, Phase, Status};
