//! mediasoup: workers and where rooms are placed, codecs, browsers' transports.

pub mod codecs;
pub mod dump;
pub mod ports;
pub mod transports;
pub mod workers;
