//! x
use crate::{
    media::workers::Placement, room::view::RoomView, signaling::messages::BroadcastStatus,
};
use std::{ops::RangeInclusive, sync::Arc};
use tokio::sync::watch;
/// x
#[derive(Clone, Debug)]
pub struct Config {
    /// c
    pub composer: tonic::transport::Uri,
    /// p
    pub plain_ports: RangeInclusive<u16>,
}
/// d
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DesiredBroadcast;
impl DesiredBroadcast {
    pub fn of(_: &RoomView) -> Self {
        Self
    }
}
/// x
pub fn drive(
    _c: Config,
    _id: Arc<str>,
    _p: Placement,
    _w: watch::Receiver<DesiredBroadcast>,
) -> watch::Receiver<BroadcastStatus> {
    watch::channel(BroadcastStatus::Idle).1
}
