//! mediasoup: workers and where rooms are placed, codecs, browsers' transports.

pub mod bounds;
pub mod codecs;
#[cfg(test)]
mod drawn_tracks;
pub mod dump;
pub mod layers;
mod pool;
pub mod ports;
pub mod relays;
pub mod running;
pub mod transports;
pub mod workers;
