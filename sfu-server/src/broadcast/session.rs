//! One epoch with the composer: keeps its inputs and its scene as the room wants them.

use std::{collections::BTreeMap, ops::RangeInclusive, sync::Arc, time::Duration};

use daemon::deadline;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use rand::distr::{Alphanumeric, SampleString as _};
use tokio::{sync::watch, time::Instant};
use tonic::transport::Channel;

use super::{
    DesiredBroadcast,
    arrangement::{self, Arrangement},
    desired::{DesiredInput, Sources},
    driver::{LONGEST_PAUSE, back_off},
    ladder::{Climb, ClimbError, Idle},
    leg::Leg,
};
use crate::{
    composer_client::{CallError, ComposerClient, ComposerStatus, Scene, Stage, Tile},
    media::{layers::Shown, workers::Placement},
    room::Charter,
    signaling::messages::BroadcastStatus,
};

/// Produces and closes come in groups (camera, then microphone): one climb for the group.
const SETTLE: Duration = Duration::from_millis(200);

/// What a session is made of.
pub struct Session {
    /// The room.
    pub charter: Arc<Charter>,
    /// Its router.
    pub placement: Placement,
    /// Ports media is sent from.
    pub plain_ports: RangeInclusive<u16>,
}

/// How a session ended.
pub enum SessionEnd {
    /// The room's broadcast is over and closed, or this server stops.
    Closed,
    /// The composer is away, or another attempt holds the broadcast.
    Broken(CallError),
}

/// One participant's way into the picture.
#[derive(Default)]
struct Seat {
    leg: Option<Leg>,
    climbing: Option<Climbing>,
    /// Sources the composer gave up; they are tried again when they change.
    given_up: Option<Sources>,
    retry: Option<Retry>,
}

struct Climbing {
    input: String,
    climb: u32,
    sources: Sources,
}

/// A climb that is about to begin, and what it cleans up first.
struct Beginning {
    participant: String,
    input: String,
    climb: u32,
    sources: Sources,
    shown: Shown,
    old: Option<Leg>,
    overtaken: Option<String>,
}

struct Retry {
    at: Instant,
    pauses: Box<dyn Iterator<Item = Duration> + Send>,
}

type Climbed = (String, String, Result<Leg, ClimbError>);

struct Active<'a> {
    session: &'a Session,
    composer: ComposerClient,
    statuses: watch::Receiver<Arc<ComposerStatus>>,
    desired: watch::Receiver<DesiredBroadcast>,
    seats: BTreeMap<String, Seat>,
    climbs: FuturesUnordered<BoxFuture<'static, Climbed>>,
    /// The inputs in force; what is wanted follows after it has settled.
    settled: DesiredBroadcast,
    last_speaker: Option<String>,
    shown: Scene,
    scene_version: u64,
}

impl Session {
    /// Runs one epoch. Says whether it was opened at all, and how it ended.
    pub async fn run(
        &self,
        channel: Channel,
        epoch: u64,
        desired: &mut watch::Receiver<DesiredBroadcast>,
        status: &watch::Sender<BroadcastStatus>,
    ) -> (bool, SessionEnd) {
        let opened = ComposerClient::open(channel, &self.charter, epoch).await;
        let (composer, mut stream) = match opened {
            Ok(opened) => opened,
            Err(error) => return (false, SessionEnd::Broken(error)),
        };
        tracing::info!(room = %self.charter.room_id, epoch, "broadcast claimed");
        let (publisher, statuses) = watch::channel(Arc::default());
        let mut active = Active {
            session: self,
            composer,
            statuses,
            desired: desired.clone(),
            seats: BTreeMap::new(),
            climbs: FuturesUnordered::new(),
            settled: DesiredBroadcast::default(),
            last_speaker: None,
            shown: Scene::default(),
            scene_version: 0,
        };
        let mut settle_at = Some(Instant::now() + SETTLE);
        desired.mark_changed();
        let end = loop {
            tokio::select! {
                next = stream.next() => match next {
                    Some(Ok(now)) => {
                        tell(status, &now);
                        publisher.send_replace(Arc::new(now));
                        active.drop_given_up();
                    }
                    Some(Err(error)) => break SessionEnd::Broken(error),
                    None => break SessionEnd::Broken(CallError::Away("its stream ended".into())),
                },
                changed = desired.changed() => {
                    if changed.is_err() {
                        break SessionEnd::Closed;
                    }
                    let wanted = desired.borrow_and_update().clone();
                    if wanted.over {
                        break active.close(status).await;
                    }
                    if !wanted.same_inputs(&active.settled) {
                        settle_at = Some(Instant::now() + SETTLE);
                    } else {
                        active.settled = wanted;
                    }
                }
                () = deadline::at(settle_at) => {
                    settle_at = None;
                    active.settled = desired.borrow().clone();
                }
                () = deadline::at(active.next_retry()) => {}
                Some((participant, input, outcome)) = active.climbs.next() => {
                    active.climbed(&participant, &input, outcome);
                }
            }
            if let Err(error) = active.reconcile().await {
                break SessionEnd::Broken(error);
            }
        };
        (true, end)
    }
}

impl Active<'_> {
    /// Begins the climbs that are wanted, lets go of what is not, and shows the result.
    async fn reconcile(&mut self) -> Result<(), CallError> {
        let wanted = self.settled.clone();
        self.seats.retain(|participant, _| {
            wanted.inputs.iter().any(|input| input.participant == *participant)
        });
        self.last_speaker = arrangement::last_speaker(self.last_speaker.take(), &wanted);
        let arrangement = Arrangement::of(&wanted, self.last_speaker.as_deref());
        let mut begin = Vec::new();
        for input in &wanted.inputs {
            let shown = shown(input, &arrangement, wanted.inputs.len());
            let climb = self.statuses.borrow().wanted_climb(&input.participant);
            let seat = self.seats.entry(input.participant.clone()).or_default();
            if let Some(leg) = &mut seat.leg {
                leg.show(shown).await;
            }
            if seat.is_due(input.sources, climb) {
                let id = Alphanumeric.sample_string(&mut rand::rng(), 16);
                // A restart cleans up first; a change of tracks keeps the old picture until the new one is active.
                let restarted = seat.leg.as_ref().is_some_and(|leg| leg.climb < climb);
                let old = if restarted { seat.leg.take() } else { None };
                let overtaken = seat.climbing.take().filter(|former| former.climb < climb);
                let overtaken = overtaken.map(|former| former.input);
                seat.climbing = Some(Climbing { input: id.clone(), climb, sources: input.sources });
                begin.push(Beginning {
                    participant: input.participant.clone(),
                    input: id,
                    climb,
                    sources: input.sources,
                    shown,
                    old,
                    overtaken,
                });
            }
        }
        // The scene names every live input before its ports are reserved: what it does not name is stopped.
        self.show(&wanted, arrangement, &begin).await?;
        for Beginning { participant, input, climb, sources, shown, old, overtaken } in begin {
            let climb = Climb {
                composer: self.composer.clone(),
                statuses: self.statuses.clone(),
                placement: self.session.placement.clone(),
                plain_ports: self.session.plain_ports.clone(),
                input: input.clone(),
                participant: participant.clone(),
                climb,
                sources,
                desired: self.desired.clone(),
                shown,
            };
            let climbing =
                climb_ladder(climb, old, overtaken).map(|outcome| (participant, input, outcome));
            self.climbs.push(climbing.boxed());
        }
        Ok(())
    }

    async fn show(
        &mut self,
        wanted: &DesiredBroadcast,
        Arrangement { layout, featured }: Arrangement,
        begin: &[Beginning],
    ) -> Result<(), CallError> {
        let tiles: Vec<Tile> = wanted
            .inputs
            .iter()
            .map(|input| {
                let seat = self.seats.get(&input.participant);
                let climbing = seat.and_then(|s| s.climbing.as_ref()).map(|c| c.input.clone());
                let live = seat.and_then(|s| s.leg.as_ref()).map(|leg| leg.input().to_owned());
                let cleaned_up = begin
                    .iter()
                    .find(|beginning| beginning.participant == input.participant)
                    .and_then(|beginning| beginning.old.as_ref())
                    .map(|old| old.input().to_owned());
                tile(input, [climbing, live, cleaned_up].into_iter().flatten().collect())
            })
            .collect();
        let scene = Scene { layout, featured, tiles };
        if scene != self.shown || self.scene_version == 0 {
            self.scene_version += 1;
            self.composer.update_scene(self.scene_version, &scene).await?;
            self.shown = scene;
        }
        Ok(())
    }

    fn climbed(&mut self, participant: &str, input: &str, outcome: Result<Leg, ClimbError>) {
        let room = &self.session.charter.room_id;
        let Some(seat) = self.seats.get_mut(participant) else { return };
        if seat.climbing.as_ref().is_none_or(|climbing| climbing.input != input) {
            // It was overtaken: the newer climb counts, and this leg is dropped.
            return;
        }
        let climbing = seat.climbing.take();
        match outcome {
            Ok(leg) => {
                tracing::info!(%room, participant, input, "input active");
                seat.leg = Some(leg);
                seat.retry = None;
            }
            Err(ClimbError::GivenUp(reason)) => {
                tracing::error!(%room, participant, input, %reason, "input given up");
                seat.given_up = climbing.map(|climbing| climbing.sources);
            }
            Err(error) => {
                tracing::warn!(%room, participant, input, %error, "climb failed; trying again");
                let former = seat.retry.take().map(|retry| retry.pauses);
                let mut pauses = former.unwrap_or_else(|| Box::new(back_off()));
                let at = Instant::now() + pauses.next().unwrap_or(LONGEST_PAUSE);
                seat.retry = Some(Retry { at, pauses });
            }
        }
    }

    /// An input that failed after it was active.
    fn drop_given_up(&mut self) {
        let statuses = self.statuses.borrow();
        for (participant, seat) in &mut self.seats {
            let Some(leg) = &seat.leg else { continue };
            if let Some(Stage::Failed(reason)) = statuses.input(leg.input()).map(|i| &i.stage) {
                tracing::error!(room = %self.session.charter.room_id, participant, %reason, "input given up");
                seat.given_up = Some(leg.sources);
                seat.leg = None;
            }
        }
    }

    fn next_retry(&self) -> Option<Instant> {
        let waiting = self.seats.values().filter(|seat| seat.climbing.is_none());
        waiting.filter_map(|seat| seat.retry.as_ref()).map(|retry| retry.at).min()
    }

    /// The room is over: legs first, then the playlist's end.
    async fn close(mut self, status: &watch::Sender<BroadcastStatus>) -> SessionEnd {
        self.climbs.clear();
        self.seats.clear();
        match self.composer.close().await {
            Ok(()) => {
                let playlist_url = self.statuses.borrow().playlist_url.clone();
                status.send_replace(BroadcastStatus::Ended { playlist_url });
                SessionEnd::Closed
            }
            Err(error) => SessionEnd::Broken(error),
        }
    }
}

async fn climb_ladder(
    climb: Climb,
    old: Option<Leg>,
    overtaken: Option<String>,
) -> Result<Leg, ClimbError> {
    Idle::clean_up(climb, old, overtaken)
        .await?
        .reserve_ports()
        .await?
        .connect_transports()
        .await?
        .consume_paused()
        .await?
        .start_input()
        .await?
        .resume_with_key_frames()
        .await?
        .wait_until_active()
        .await
}

impl Seat {
    /// Whether a climb for `sources` and the wanted `climb` must begin now.
    fn is_due(&self, sources: Sources, climb: u32) -> bool {
        if let Some(climbing) = &self.climbing {
            return climbing.sources != sources || climbing.climb < climb;
        }
        if self.retry.as_ref().is_some_and(|retry| retry.at > Instant::now()) {
            return false;
        }
        match &self.leg {
            Some(leg) => leg.sources != sources || leg.climb < climb,
            None => self.given_up != Some(sources),
        }
    }
}

fn tile(input: &DesiredInput, inputs: Vec<String>) -> Tile {
    Tile {
        participant: input.participant.clone(),
        label: input.label.clone(),
        inputs,
        camera_off: input.camera_off,
        muted: input.muted,
        speaking: input.speaking,
        reconnecting: input.reconnecting,
        screen: input.screen,
    }
}

/// How the picture of `input` is shown among `count`.
fn shown(input: &DesiredInput, arrangement: &Arrangement, count: usize) -> Shown {
    if input.screen {
        return Shown::Screen;
    }
    let is_featured = arrangement.featured.as_deref() == Some(&input.participant);
    Shown::Camera { height: arrangement.tile_height(count, is_featured) }
}

fn tell(status: &watch::Sender<BroadcastStatus>, now: &ComposerStatus) {
    let playlist_url = now.playlist_url.clone();
    let told = if now.ended {
        BroadcastStatus::Ended { playlist_url }
    } else if now.live {
        BroadcastStatus::Live { playlist_url }
    } else {
        BroadcastStatus::Starting { playlist_url }
    };
    status.send_if_modified(|status| {
        let changed = *status != told;
        *status = told;
        changed
    });
}
