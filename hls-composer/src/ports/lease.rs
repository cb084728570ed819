//! Leases: a pair belongs to its owner until it is dropped.

use std::net::{IpAddr, UdpSocket};

use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use super::pool::{Pool, PortRange};

/// Hands out pairs. Clones share the pool.
#[derive(Clone, Debug)]
pub struct Ports {
    requests: mpsc::UnboundedSender<Request>,
    ip: IpAddr,
}

/// One leased pair. Dropping it puts the pair into quarantine.
#[derive(Debug)]
pub struct PortPair {
    rtp: u16,
    ip: IpAddr,
    requests: mpsc::UnboundedSender<Request>,
}

/// How many pairs are in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Owned by inputs.
    pub leased: usize,
    /// Resting.
    pub quarantined: usize,
}

/// No pair is free.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no port pair of --rtp-ports {0} is free; widen the range or close broadcasts")]
pub struct PortsError(PortRange);

#[derive(Debug)]
enum Request {
    Lease { pairs: usize, reply: oneshot::Sender<Result<Vec<PortPair>, PortsError>> },
    Release(u16),
    Usage(oneshot::Sender<Usage>),
}

impl Ports {
    /// A pool over `range` on `ip`.
    pub fn start(ip: IpAddr, range: PortRange) -> Self {
        let (requests, inbox) = mpsc::unbounded_channel();
        let ports = Self { requests, ip };
        let pool = Pool::new(range, rand::random());
        tokio::spawn(keep(pool, range, ip, ports.requests.downgrade(), inbox));
        ports
    }

    /// Leases `pairs` pairs, all or none. Each was bindable a moment ago.
    pub async fn lease(&self, pairs: usize) -> Result<Vec<PortPair>, PortsError> {
        let (reply, answer) = oneshot::channel();
        // The keeper lives as long as any handle does, this one included.
        drop(self.requests.send(Request::Lease { pairs, reply }));
        answer.await.unwrap_or_else(|_| Ok(vec![]))
    }

    /// How many pairs are in use now.
    pub async fn usage(&self) -> Usage {
        let (reply, answer) = oneshot::channel();
        drop(self.requests.send(Request::Usage(reply)));
        answer.await.unwrap_or(Usage { leased: 0, quarantined: 0 })
    }

    /// Returns when the pool's task has ended, which it does not while a handle is there.
    pub async fn gone(&self) {
        self.requests.closed().await;
    }

    /// Where the ports are.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }
}

impl PortPair {
    /// The even port, for RTP.
    pub fn rtp(&self) -> u16 {
        self.rtp
    }

    /// The odd port, for RTCP.
    pub fn rtcp(&self) -> u16 {
        self.rtp + 1
    }

    /// The address both are on.
    pub fn ip(&self) -> IpAddr {
        self.ip
    }
}

impl Drop for PortPair {
    fn drop(&mut self) {
        // Without a keeper there is no pool to return to.
        drop(self.requests.send(Request::Release(self.rtp)));
    }
}

async fn keep(
    mut pool: Pool,
    range: PortRange,
    ip: IpAddr,
    requests: mpsc::WeakUnboundedSender<Request>,
    mut inbox: mpsc::UnboundedReceiver<Request>,
) {
    while let Some(request) = inbox.recv().await {
        match request {
            Request::Lease { pairs, reply } => {
                let Some(requests) = requests.upgrade() else { break };
                let leases: Option<Vec<PortPair>> = (0..pairs)
                    .map(|_| {
                        let rtp = pool.lease(Instant::now(), |port| is_bindable(ip, port))?;
                        Some(PortPair { rtp, ip, requests: requests.clone() })
                    })
                    .collect();
                // A partial set was dropped just now and releases itself.
                drop(reply.send(leases.ok_or(PortsError(range))));
            }
            Request::Release(port) => pool.release(Instant::now(), port),
            Request::Usage(reply) => {
                let (leased, quarantined) = pool.usage(Instant::now());
                _ = reply.send(Usage { leased, quarantined });
            }
        }
    }
}

/// Nothing may hold a port while FFmpeg is spawned, so this can only say that nobody held it a moment ago.
fn is_bindable(ip: IpAddr, rtp: u16) -> bool {
    UdpSocket::bind((ip, rtp)).is_ok() && UdpSocket::bind((ip, rtp + 1)).is_ok()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn ports(range: &str) -> Ports {
        Ports::start(Ipv4Addr::LOCALHOST.into(), range.parse().expect("a range"))
    }

    #[tokio::test]
    async fn dropping_a_lease_puts_it_into_quarantine() {
        let ports = ports("23500-23503");
        let leases = ports.lease(2).await.expect("two pairs");
        assert_eq!(ports.usage().await, Usage { leased: 2, quarantined: 0 });
        drop(leases);
        assert_eq!(ports.usage().await, Usage { leased: 0, quarantined: 2 });
    }

    #[tokio::test]
    async fn too_few_pairs_are_leased_not_at_all() {
        let ports = ports("23510-23511");
        let error = ports.lease(2).await.expect_err("one pair only");
        assert_eq!(
            error.to_string(),
            "no port pair of --rtp-ports 23510-23511 is free; widen the range or close broadcasts"
        );
        assert_eq!(ports.usage().await.leased, 0);
    }

    #[tokio::test]
    async fn a_bound_port_is_not_leased() {
        let _rtcp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 23521)).expect("a socket");
        let leases = ports("23520-23523").lease(1).await.expect("the other pair");
        assert_eq!((leases[0].rtp(), leases[0].rtcp()), (23522, 23523));
    }
}
