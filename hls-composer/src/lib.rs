//! The composer: everything after RTP.
//!
//! ```text
//! SFU ──gRPC──▶ grpc::Service ──▶ Broadcast actor ──▶ Input ×n (ingest FFmpeg) ──frames, PCM──▶ compositor (the clock)
//!  ▲                 │                 │  ▲                                                        │ ticks
//!  └──status stream──┘◀── status ──────┘  └──────────── exits, states ──────────┐                  ▼
//! viewers ◀──────────────── http ◀── View (watch) ◀── packager ◀── fragments ── encoder (FFmpeg)
//! ```
//!
//! Commands flow right, whole states flow left, and dropping anything releases everything to its right. The output
//! clock owns time: no participant can stop the picture.
#![deny(unsafe_code)]

mod broadcast;
mod composer;
pub mod compositor;
mod config;
mod cores;
pub mod encoder;
mod grpc;
pub mod http;
pub mod ingest;
pub mod packager;
pub mod ports;
pub mod process;

pub use composer::Composer;
pub use config::Config;
