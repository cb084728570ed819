//! The SFU's side of a broadcast without an SFU: the ladder's steps, and from then on the answers a real one gives to
//! `resume_wanted` and `key_frames_wanted`.

use std::{
    collections::HashMap,
    sync::{Arc, mpsc},
};

use proto::v1;
use tokio::{sync::watch, task::JoinHandle};

use super::{
    daemon::{Daemon, PATIENCE, ROOM, Statuses, input},
    machine::Moment,
    media::{Camera, Codec},
    participant::{Order, Participant, Track},
    sender::Ssrcs,
};

/// Orders of live inputs.
type Legs = HashMap<String, mpsc::Sender<Order>>;

/// Holds the claim; lets it go when dropped.
pub struct Sfu {
    /// Told when one of its participants is late.
    pub away: Option<mpsc::Sender<Moment>>,
    pub status: watch::Receiver<v1::BroadcastStatus>,
    legs: watch::Sender<Legs>,
    attendant: JoinHandle<()>,
}

impl Drop for Sfu {
    fn drop(&mut self) {
        self.attendant.abort();
    }
}

impl Sfu {
    /// Takes the claim.
    pub async fn open(daemon: &mut Daemon, epoch: u64) -> Self {
        let statuses = daemon.open(epoch).await.expect("a claim");
        let (publisher, status) = watch::channel(v1::BroadcastStatus::default());
        let (legs, known) = watch::channel(Legs::new());
        let attending = attend(daemon.client.clone(), epoch, statuses, publisher, known);
        Self { away: None, status, legs, attendant: tokio::spawn(attending) }
    }

    /// Steps 2 to 7, and the media from then on.
    pub async fn climb(
        &self,
        daemon: &mut Daemon,
        epoch: u64,
        id: &str,
        ssrcs: Ssrcs,
        camera: &Arc<Camera>,
        microphone: &Arc<Vec<Vec<u8>>>,
    ) -> Participant {
        self.climb_muted(daemon, epoch, id, ssrcs, camera, microphone, None).await
    }

    /// The same, but nothing comes of what is `muted`, though nobody has told the composer.
    #[expect(clippy::too_many_arguments, reason = "the ladder takes what it takes")]
    pub async fn climb_muted(
        &self,
        daemon: &mut Daemon,
        epoch: u64,
        id: &str,
        ssrcs: Ssrcs,
        camera: &Arc<Camera>,
        microphone: &Arc<Vec<Vec<u8>>>,
        muted: Option<Track>,
    ) -> Participant {
        let ports = daemon.reserve(epoch, id).await.expect("ports");
        let codec = match camera.codec {
            Codec::Vp8 => v1::Codec::Vp8,
            Codec::H264 => v1::Codec::H264,
        };
        daemon.start_camera(epoch, id, ssrcs, codec).await.expect("a listening FFmpeg");
        let participant = Participant::start(
            &ports,
            muted,
            self.away.clone(),
            ssrcs,
            camera.clone(),
            microphone.clone(),
        );
        self.legs.send_modify(|legs| drop(legs.insert(id.into(), participant.orders())));
        // The attendant may have seen the input listen before there was anybody to resume.
        daemon.confirm(epoch, id, 1).await;
        participant
    }

    /// The first status that fits.
    pub async fn until(
        &mut self,
        fits: impl Fn(&v1::BroadcastStatus) -> bool,
    ) -> v1::BroadcastStatus {
        let waiting = self.status.wait_for(|status| fits(status));
        let found = tokio::time::timeout(PATIENCE, waiting).await.expect("the status in time");
        found.expect("an open claim").clone()
    }

    /// The process of an input.
    pub fn pid(&self, id: &str) -> u32 {
        input(&self.status.borrow(), id).expect("a live input").pid
    }
}

async fn attend(
    mut client: proto::v1::composer_client::ComposerClient<tonic::transport::Channel>,
    epoch: u64,
    mut statuses: Statuses,
    publisher: watch::Sender<v1::BroadcastStatus>,
    legs: watch::Receiver<Legs>,
) {
    let mut resumed: HashMap<String, u32> = HashMap::new();
    let mut asked: HashMap<String, u32> = HashMap::new();
    while let Ok(Some(status)) = statuses.message().await {
        for input in &status.inputs {
            let orders = legs.borrow().get(&input.input_id).cloned();
            let Some(orders) = orders else { continue };
            let resumed = resumed.entry(input.input_id.clone()).or_insert(1);
            let asked = asked.entry(input.input_id.clone()).or_default();
            if input.resume_wanted > *resumed {
                *resumed = input.resume_wanted;
                _ = orders.send(Order::KeyFrame);
                let request = v1::ConfirmResumedRequest {
                    room_id: ROOM.into(),
                    epoch,
                    input_id: input.input_id.clone(),
                    generation: input.resume_wanted,
                    steps: vec![],
                };
                client.confirm_resumed(request).await.expect("a confirmation");
            }
            if input.key_frames_wanted > *asked {
                *asked = input.key_frames_wanted;
                _ = orders.send(Order::KeyFrame);
            }
        }
        publisher.send_replace(status);
    }
}
