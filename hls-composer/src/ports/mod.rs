//! UDP ports: a pool of even/odd RTP/RTCP pairs, leased to inputs, and the kernel's word on who is bound to them.

mod lease;
mod pool;
pub mod sockets;

pub use lease::{PortPair, Ports, PortsError, Usage};
pub use pool::PortRange;
