//! Ports for what a test starts, so that tests run side by side.

use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    sync::{
        LazyLock,
        atomic::{AtomicU16, Ordering},
    },
};

/// The next of this process's ports. They lie below those the system gives to outgoing connections, so that none is
/// taken between being chosen and being bound, and begin anywhere, so that two processes seldom meet.
fn next(count: u16) -> u16 {
    static FIRST: LazyLock<u16> = LazyLock::new(|| rand::random_range(0..200) * 50);
    static TAKEN: AtomicU16 = AtomicU16::new(0);
    let taken = TAKEN.fetch_add(count, Ordering::Relaxed);
    10_000 + (*FIRST + taken) % 20_000
}

/// An address nobody listens on.
///
/// # Panics
/// Never: there are twenty thousand, over and over.
pub fn free_tcp() -> SocketAddr {
    let candidates = std::iter::repeat_with(|| address(next(1)));
    let mut free = candidates.filter(|address| TcpListener::bind(address).is_ok());
    free.next().expect("a free port")
}

/// The first of `count` consecutive ports that are free for UDP and TCP.
///
/// # Panics
/// Never, as above.
pub fn free_range(count: u16) -> u16 {
    let free =
        |port| TcpListener::bind(address(port)).is_ok() && UdpSocket::bind(address(port)).is_ok();
    let candidates = std::iter::repeat_with(|| next(count));
    let mut ranges = candidates.filter(|&first| (first..first + count).all(free));
    ranges.next().expect("a free range")
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}
