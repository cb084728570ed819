//! The driver: opens the broadcast with the room's first producer, keeps a session with the composer, and is the one
//! layer that tries again when the composer was away.

use std::{
    ops::RangeInclusive,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};
use tokio_util::task::AbortOnDropHandle;

use super::{
    DesiredBroadcast,
    session::{self, SessionEnd},
};
use crate::{
    composer_client::CallError, media::workers::Placement, room::Charter,
    signaling::messages::BroadcastStatus,
};

/// How broadcasts are driven.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where the composer answers.
    pub composer: tonic::transport::Endpoint,
    /// Ports media is sent from.
    pub plain_ports: RangeInclusive<u16>,
}

/// Drives the broadcast of the room of `charter` until it is over. The answered watch ends with it.
pub fn drive(
    config: Config,
    charter: Arc<Charter>,
    placement: Placement,
    desired: watch::Receiver<DesiredBroadcast>,
) -> watch::Receiver<BroadcastStatus> {
    let (status, watched) = watch::channel(BroadcastStatus::Idle);
    tokio::spawn(supervise(config, charter, placement, desired, status));
    watched
}

/// A fault of ours ends a driver with a panic. The next one takes the broadcast over under a newer epoch, as after a restart
/// of this server; viewers and the call go on.
async fn supervise(
    config: Config,
    charter: Arc<Charter>,
    placement: Placement,
    desired: watch::Receiver<DesiredBroadcast>,
    status: watch::Sender<BroadcastStatus>,
) {
    let mut pauses = back_off();
    loop {
        let driver = run(
            config.clone(),
            charter.clone(),
            placement.clone(),
            desired.clone(),
            status.clone(),
        );
        #[cfg(test)]
        let driver = faulty(driver, desired.clone());
        let ended = AbortOnDropHandle::new(tokio::spawn(driver)).await;
        if ended.is_ok() {
            return;
        }
        let error = CallError::Failed("the driver of the broadcast had to be started again".into());
        tracing::error!(room = %charter.room_id, "{error}: the log says why, above");
        status.send_if_modified(|status| away(status, &error));
        sleep(pauses.next().unwrap_or(LONGEST_PAUSE)).await;
    }
}

/// Whoever is shown by this name has the driver end by a panic.
#[cfg(test)]
pub const PANICS: &str = "a panic of the driver";

#[cfg(test)]
async fn faulty(driver: impl Future<Output = ()>, mut desired: watch::Receiver<DesiredBroadcast>) {
    let asks = |wanted: &DesiredBroadcast| wanted.inputs.iter().any(|it| it.label == PANICS);
    let asked = async { desired.wait_for(asks).await.map(drop) };
    tokio::select! {
        () = driver => {}
        Ok(()) = asked => panic!("a test asks for it"),
    }
}

async fn run(
    config: Config,
    charter: Arc<Charter>,
    placement: Placement,
    mut desired: watch::Receiver<DesiredBroadcast>,
    status: watch::Sender<BroadcastStatus>,
) {
    let wanted = desired.wait_for(|desired| desired.over || !desired.inputs.is_empty()).await;
    if wanted.is_ok_and(|desired| desired.over) || desired.has_changed().is_err() {
        return;
    }
    let channel = config.composer.connect_lazy();
    let mut epoch = 0;
    let mut pauses = back_off();
    loop {
        epoch = next_epoch(epoch);
        let session = session::Session {
            charter: charter.clone(),
            placement: placement.clone(),
            plain_ports: config.plain_ports.clone(),
        };
        let began = Instant::now();
        let (opened, end) = session.run(channel.clone(), epoch, &mut desired, &status).await;
        // One that the composer takes and ends at once, again and again, must not be tried without rest.
        if opened && began.elapsed() > LONGEST_PAUSE {
            pauses = back_off();
        }
        match end {
            SessionEnd::Closed => return,
            SessionEnd::Broken(CallError::Stale { current }) => epoch = epoch.max(current),
            SessionEnd::Broken(error) => {
                tracing::warn!(room = %charter.room_id, epoch, %error, "the broadcast's session ended");
                status.send_if_modified(|status| away(status, &error));
            }
        }
        tokio::select! {
            // Nobody is left to broadcast: the composer's grace period ends what it still holds.
            _ = desired.wait_for(|desired| desired.over) => return,
            () = sleep(pauses.next().unwrap_or(LONGEST_PAUSE)) => {}
        }
    }
}

/// The longest wait between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// Waits between tries: 0.1 → 1 s with jitter, without end.
fn back_off() -> impl Iterator<Item = Duration> + Send {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_max_delay(LONGEST_PAUSE)
        .without_max_times()
        .with_jitter()
        .build()
}

/// The clock's milliseconds, so that a restarted SFU exceeds its former self, but always more than before.
fn next_epoch(last: u64) -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    now.max(last.saturating_add(1))
}

/// What the room is told while the composer is away. Says whether that is new.
fn away(status: &mut BroadcastStatus, error: &CallError) -> bool {
    let reason = error.told().to_owned();
    let told = match (&*status, error) {
        (_, CallError::Exhausted(_)) => BroadcastStatus::Refused { reason },
        (
            BroadcastStatus::Starting { playlist_url, .. }
            | BroadcastStatus::Live { playlist_url, .. },
            _,
        ) => BroadcastStatus::Reconnecting { playlist_url: Some(playlist_url.clone()), reason },
        (BroadcastStatus::Reconnecting { playlist_url, .. }, _) => {
            BroadcastStatus::Reconnecting { playlist_url: playlist_url.clone(), reason }
        }
        _ => BroadcastStatus::Reconnecting { playlist_url: None, reason },
    };
    let changed = *status != told;
    *status = told;
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_exceeds_the_last_one_whatever_the_clock_says() {
        let now = next_epoch(0);
        assert!(now > 1_700_000_000_000);
        assert_eq!(next_epoch(now + 1_000_000), now + 1_000_001);
    }

    #[test]
    fn the_playlist_url_stays_known_while_the_composer_is_away() {
        let mut status =
            BroadcastStatus::Live { playlist_url: "/hls/a/index.m3u8".into(), missing: vec![] };
        let error = CallError::Away("no such file: /srv/composer".into());
        assert!(away(&mut status, &error));
        assert!(!away(&mut status, &error));
        assert_eq!(
            status,
            BroadcastStatus::Reconnecting {
                playlist_url: Some("/hls/a/index.m3u8".into()),
                reason: "the composer is away".into(),
            }
        );
    }
}
