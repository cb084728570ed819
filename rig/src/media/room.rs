//! Peers in one room who all send and all receive each other, and the account of what arrived.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use futures_util::future::join_all;

use super::{Clip, Peer, Sent, Tally};
use crate::until;

/// What arrived, by peer and producer.
pub type Received = BTreeMap<String, BTreeMap<String, Tally>>;

/// Everybody who is there.
#[derive(Debug)]
pub struct Room {
    /// Its id.
    pub id: String,
    /// In the order of joining, the first of them the host.
    pub peers: Vec<Peer>,
}

impl Room {
    /// A new room with so many peers, who send.
    ///
    /// # Panics
    /// When the server refuses one.
    pub async fn of(count: usize, server: SocketAddr, clip: Arc<Clip>) -> Self {
        let first = Peer::publish(server, None, Arc::clone(&clip)).await;
        let id = first.room.clone();
        let others = (1..count).map(|_| Peer::publish(server, Some(&id), Arc::clone(&clip)));
        let others = join_all(others).await;
        Self { id, peers: std::iter::once(first).chain(others).collect() }
    }

    /// Each receives everybody else; answers how many streams that is. Returns when all of them flow.
    ///
    /// # Panics
    /// When one does not.
    pub async fn consume_each_other(&mut self) -> usize {
        let mut streams = 0;
        for peer in &mut self.peers {
            streams += peer.consume_everybody().await;
        }
        until("every consumer receives", async || {
            for (peer, received) in self.received().await {
                let silent = received.iter().find(|(_, tally)| tally.received == 0);
                if let Some((producer, _)) = silent {
                    return Err(format!("nothing of {producer} has come to {peer}"));
                }
            }
            Ok(())
        })
        .await;
        streams
    }

    /// Nobody sends any more; answers what each has sent, by peer.
    pub async fn stop_sending(&self) -> BTreeMap<String, Sent> {
        let stopping =
            self.peers.iter().map(async |peer| (peer.id.clone(), peer.stop_sending().await));
        join_all(stopping).await.into_iter().collect()
    }

    /// What has arrived once the last packet of all that was sent has come to everybody.
    ///
    /// # Panics
    /// When it does not come.
    pub async fn all_that_arrives(&self, sent: &BTreeMap<String, Sent>) -> Received {
        let mut last = BTreeMap::new();
        for peer in &self.peers {
            let [microphone, camera] = &peer.producers;
            last.insert(microphone, vec![sent[&peer.id].audio]);
            last.insert(camera, sent[&peer.id].video.to_vec());
        }
        until("the last packet of every stream arrives", async || {
            let all = self.received().await;
            for (peer, received) in &all {
                for (producer, tally) in received {
                    let newest = tally.newest.unwrap_or_default();
                    let sent = last[producer][usize::from(newest.layer)];
                    if newest.packet + 1 != sent {
                        return Err(format!("{peer} has {tally:?} of {sent} of {producer}"));
                    }
                }
            }
            Ok(all)
        })
        .await
    }

    /// What has arrived.
    pub async fn received(&self) -> Received {
        let asking = self.peers.iter().map(async |peer| (peer.id.clone(), peer.received().await));
        join_all(asking).await.into_iter().collect()
    }
}
