//! `composer.v1`: the contract between `sfu-server` (client) and `hls-composer` (server).
//!
//! The types are generated from `composer/v1/composer.proto`, whose comments are the documentation.
#![forbid(unsafe_code)]

/// The generated messages, client and server of `composer.v1`.
pub mod v1 {
    tonic::include_proto!("composer.v1");
}

/// The encoded `FileDescriptorSet` of `composer.v1`, for gRPC reflection.
pub const DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/composer.v1.bin"));

/// The `domain` of every `google.rpc.ErrorInfo` the composer sends.
pub const ERROR_DOMAIN: &str = "composer.v1";
