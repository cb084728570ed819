//! What mediasoup holds, by its own account: the difference to what the rooms believe is a leak.

use mediasoup::prelude::*;
use serde::Serialize;

/// All of them.
#[derive(Debug, Default, Serialize)]
pub struct Contents {
    /// Those that answer.
    pub workers: Vec<WorkerContents>,
    /// All others: a worker that is here for more than a moment hangs.
    pub silent: Vec<usize>,
}

/// One media worker.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerContents {
    /// Counted from 0.
    pub worker: usize,
    /// Browsers' transports on the worker's shared port.
    pub web_rtc_transports: Vec<String>,
    /// One a room.
    pub routers: Vec<RouterContents>,
    /// Routers that the worker keeps though no room has them: always empty, or there is a leak.
    pub orphans: Vec<String>,
}

/// One room's router. All ids are mediasoup's.
#[derive(Debug, Serialize)]
pub struct RouterContents {
    /// Its id.
    pub id: String,
    /// Of browsers, and the plain ones towards the composer.
    pub transports: Vec<String>,
    /// What peers send.
    pub producers: Vec<String>,
    /// What is sent to peers and to the composer.
    pub consumers: Vec<String>,
}

/// Asks the worker and those of its routers that rooms hold; none when the worker has died.
pub async fn worker(
    index: usize,
    worker: &Worker,
    webrtc_server: &WebRtcServer,
    held: &[Router],
) -> Option<WorkerContents> {
    let mut routers = Vec::with_capacity(held.len());
    for router in held {
        routers.extend(router_contents(router).await);
    }
    let server = webrtc_server.dump().await.ok()?;
    // Asked last and compared with every router held, so that a room that closes meanwhile is no orphan.
    let known = worker.dump().await.ok()?.router_ids;
    let orphans = known.into_iter().filter(|id| held.iter().all(|router| router.id() != *id));
    Some(WorkerContents {
        worker: index,
        web_rtc_transports: sorted(server.webrtc_transport_ids),
        routers,
        orphans: sorted(orphans),
    })
}

async fn router_contents(router: &Router) -> Option<RouterContents> {
    let dump = router.dump().await.ok()?;
    Some(RouterContents {
        id: router.id().to_string(),
        transports: sorted(dump.transport_ids.iter().copied()),
        producers: sorted(dump.map_producer_id_consumer_ids.keys().copied()),
        consumers: sorted(dump.map_consumer_id_producer_id.keys().copied()),
    })
}

fn sorted(ids: impl IntoIterator<Item = impl ToString>) -> Vec<String> {
    let mut ids: Vec<String> = ids.into_iter().map(|id| id.to_string()).collect();
    ids.sort_unstable();
    ids
}
