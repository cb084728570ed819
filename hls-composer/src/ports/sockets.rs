//! Who is bound to which port: FFmpeg prints nothing when it binds, so the kernel is the only witness.

use std::{collections::BTreeSet, net::IpAddr};

use procfs::process::{FDTarget, Process};

/// Whether process `pid` itself has a UDP socket bound to every one of `ports` on `ip`.
///
/// A port counts when its row in `/proc/PID/net/udp` names an inode among `/proc/PID/fd`.
pub fn has_bound(pid: u32, ip: IpAddr, ports: &[u16]) -> bool {
    let Some(process) = i32::try_from(pid).ok().and_then(|pid| Process::new(pid).ok()) else {
        return false;
    };
    let Ok(fds) = process.fd() else { return false };
    let own: BTreeSet<u64> = fds
        .filter_map(|fd| match fd.ok()?.target {
            FDTarget::Socket(inode) => Some(inode),
            _ => None,
        })
        .collect();
    let table = match ip {
        IpAddr::V4(_) => process.udp(),
        IpAddr::V6(_) => process.udp6(),
    };
    let Ok(table) = table else { return false };
    let bound: BTreeSet<u16> = table
        .iter()
        .filter(|row| own.contains(&row.inode))
        .map(|row| row.local_address.port())
        .collect();
    ports.iter().all(|port| bound.contains(port))
}

/// Whether datagrams wait on one of `ports` that their process has not read yet.
pub fn has_backlog(pid: u32, ip: IpAddr, ports: &[u16]) -> bool {
    let Some(process) = i32::try_from(pid).ok().and_then(|pid| Process::new(pid).ok()) else {
        return false;
    };
    let table = match ip {
        IpAddr::V4(_) => process.udp(),
        IpAddr::V6(_) => process.udp6(),
    };
    table.is_ok_and(|table| {
        table.iter().any(|row| row.rx_queue > 0 && ports.contains(&row.local_address.port()))
    })
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, UdpSocket};

    use super::*;

    #[test]
    fn a_port_counts_only_when_the_process_itself_is_bound() {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let socket = UdpSocket::bind((ip, 0)).expect("a socket");
        let port = socket.local_addr().expect("its address").port();
        assert!(has_bound(std::process::id(), ip, &[port]));
        assert!(!has_bound(1, ip, &[port]));
        drop(socket);
        assert!(!has_bound(std::process::id(), ip, &[port]));
    }
    #[test]
    fn what_nobody_reads_is_a_backlog() {
        let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let socket = UdpSocket::bind((ip, 0)).expect("a socket");
        let address = socket.local_addr().expect("its address");
        let backlog = || has_backlog(std::process::id(), ip, &[address.port()]);
        assert!(!backlog());
        socket.send_to(b"rtp", address).expect("a datagram");
        assert!(backlog());
        socket.recv(&mut [0; 8]).expect("the datagram");
        assert!(!backlog());
    }
}
