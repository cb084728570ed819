//! The SFU of the product: it owns everything WebRTC and drives each room's HLS broadcast.
//!
//! ```text
//! browser ──Socket.IO──▶ connection, seat ──────▶ Room actor ──desired inputs──▶ Broadcast driver ──gRPC──▶ composer
//!    ▲                       │  ▲                   │   ▲                              │
//!    └──facts, replies───────┘  └─RoomView (watch)──┘   └──BroadcastStatus (watch)─────┘
//! ```
//!
//! Commands flow right, whole states flow left, and dropping anything releases everything to its right.
#![forbid(unsafe_code)]

mod broadcast;
mod composer_client;
mod config;
mod http;
pub mod media;
mod room;
mod server;
pub mod signaling;
mod tokens;

pub use config::{BroadcastMode, Config};
pub use server::Server;
