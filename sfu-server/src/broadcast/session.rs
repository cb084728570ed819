//! One epoch with the composer: keeps its inputs and its scene as the room wants them.

use std::{collections::BTreeMap, future::poll_fn, ops::RangeInclusive, sync::Arc, task::Poll};

use daemon::deadline;
use futures_util::{FutureExt as _, StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use rand::distr::{Alphanumeric, SampleString as _};
use tokio::{sync::watch, time::Instant};
use tonic::transport::Channel;

use super::{
    DesiredBroadcast,
    arrangement::{self, Arrangement},
    attempt::{Attempt, Climbing, Due, Failures, Wanted},
    desired::DesiredInput,
    ladder::{Climb, ClimbError, Idle, in_time},
    leg::Leg,
    settling::Settling,
    showing::{Named, Showing},
};
use crate::{
    composer_client::{CallError, ComposerClient, ComposerStatus, Scene, Stage, Tile},
    media::{layers::Shown, workers::Placement},
    room::Charter,
    signaling::messages::{BroadcastStatus, Missing},
};

/// The composer takes no more in one scene (`composer.proto`, UpdateSceneRequest); whoever comes later waits for a place.
const MOST_TILES: usize = 64;

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
    /// What is shown and heard; beside a climb that is to replace it, too.
    leg: Option<Leg>,
    attempt: Attempt,
    failures: Failures,
}

/// A climb that is about to begin.
struct Beginning {
    climb: Climb,
    /// What it cleans up first: the former input, and that of a climb it overtakes.
    old: Option<Leg>,
    overtaken: Option<String>,
}

/// A climb's participant and input, and what came of it.
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
    showing: Showing,
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
            showing: Showing::new(composer.clone()),
            composer,
            statuses,
            desired: desired.clone(),
            seats: BTreeMap::new(),
            climbs: FuturesUnordered::new(),
            settled: DesiredBroadcast::default(),
            last_speaker: None,
        };
        let mut settling = Some(Settling::begin(Instant::now()));
        desired.mark_changed();
        let end = loop {
            tokio::select! {
                next = stream.next() => match next {
                    Some(Ok(now)) => {
                        publisher.send_replace(Arc::new(now));
                        active.rest_given_up();
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
                        let now = Instant::now();
                        settling.get_or_insert_with(|| Settling::begin(now)).go_on(now);
                    } else {
                        active.settled = wanted;
                    }
                }
                () = deadline::at(settling.map(|settling| settling.until)) => {
                    settling = None;
                    active.settled = desired.borrow().clone();
                }
                () = deadline::at(active.wakes()) => {}
                Some((participant, input, outcome)) = active.climbs.next() => {
                    active.climbed(&participant, &input, outcome);
                }
                participant = first_ended(&mut active.seats) => active.attendant_ended(&participant),
                taken = active.showing.taken() => if let Err(error) = taken {
                    break SessionEnd::Broken(error);
                },
            }
            active.reconcile();
            tell(status, &active.statuses.borrow(), active.missing());
        };
        (true, end)
    }
}

impl Active<'_> {
    /// Begins the climbs that are wanted, lets go of what is not, and shows the result. It waits for nobody.
    fn reconcile(&mut self) {
        let mut room = self.settled.clone();
        room.inputs.truncate(MOST_TILES);
        self.seats.retain(|participant, _| {
            room.inputs.iter().any(|input| input.participant == *participant)
        });
        self.last_speaker = arrangement::last_speaker(self.last_speaker.take(), &room);
        let arrangement = Arrangement::of(&room, self.last_speaker.as_deref());
        let mut begin = Vec::new();
        for input in &room.inputs {
            let shown = shown(input, &arrangement, room.inputs.len());
            begin.extend(self.begin_if_due(input, shown));
        }
        // What the scene does not name is stopped: it names every input before its ports are reserved.
        let tiles = room.inputs.iter().map(|input| {
            let seat = self.seats.get(&input.participant);
            tile(input, seat.map(Seat::inputs).unwrap_or_default())
        });
        let Arrangement { layout, featured } = arrangement;
        self.showing.show(Scene { layout, featured, tiles: tiles.collect() });
        for Beginning { climb, old, overtaken } in begin {
            let (participant, input) = (climb.participant.clone(), climb.input.clone());
            let climbing = climb_ladder(self.showing.named(), climb, old, overtaken);
            self.climbs.push(climbing.map(|outcome| (participant, input, outcome)).boxed());
        }
    }

    fn begin_if_due(&mut self, input: &DesiredInput, shown: Shown) -> Option<Beginning> {
        let participant = &input.participant;
        let wanted = Wanted {
            sources: input.sources,
            climb: self.statuses.borrow().wanted_climb(participant),
        };
        let seat = self.seats.entry(participant.clone()).or_default();
        if let Some(leg) = &seat.leg {
            leg.show(shown);
        }
        let live = seat.leg.as_ref().map(|leg| leg.wanted);
        match seat.attempt.due(wanted, live, Instant::now()) {
            Due::Climb => {}
            Due::Nothing => return None,
            // A climb under way ends with its input, which the scene does not name any more.
            Due::LetGo => {
                seat.attempt = Attempt::None;
                seat.failures.let_go();
                return None;
            }
        }
        let id = Alphanumeric.sample_string(&mut rand::rng(), 16);
        // A restart cleans up first; a change of tracks keeps the old picture until the new one is active.
        let old = seat.leg.take_if(|leg| leg.wanted.climb < wanted.climb);
        if seat.leg.is_none() {
            seat.failures.climbs_from_nothing(Instant::now());
        }
        let former = seat.attempt.climbing().filter(|former| former.wanted.climb < wanted.climb);
        let overtaken = former.map(|former| former.input.clone());
        seat.attempt = Attempt::Climbing(Climbing {
            input: id.clone(),
            wanted,
            replaces: old.as_ref().map(|leg| leg.input().to_owned()),
        });
        let climb = Climb {
            composer: self.composer.clone(),
            statuses: self.statuses.clone(),
            placement: self.session.placement.clone(),
            plain_ports: self.session.plain_ports.clone(),
            input: id,
            participant: participant.clone(),
            wanted,
            desired: self.desired.clone(),
            shown,
        };
        Some(Beginning { climb, old, overtaken })
    }

    fn climbed(&mut self, participant: &str, input: &str, outcome: Result<Leg, ClimbError>) {
        let room = &self.session.charter.room_id;
        let Some(seat) = self.seats.get_mut(participant) else { return };
        let Some(climbing) = seat.attempt.climbing().filter(|climbing| climbing.input == input)
        else {
            // It was overtaken: the newer climb counts, and this leg is dropped.
            return;
        };
        match outcome {
            Ok(leg) => {
                tracing::info!(%room, participant, input, "input active");
                seat.leg = Some(leg);
                seat.attempt = Attempt::None;
                seat.failures.climbed(Instant::now());
            }
            Err(error) => {
                let wanted = climbing.wanted;
                seat.rest(room, participant, wanted, &error);
            }
        }
    }

    /// Inputs that failed after they were active: the composer has tried what it can, and a new climb takes other ports.
    fn rest_given_up(&mut self) {
        let statuses = self.statuses.borrow();
        for (participant, seat) in &mut self.seats {
            let Some(leg) = &seat.leg else { continue };
            if let Some(Stage::Failed(reason)) = statuses.input(leg.input()).map(|i| &i.stage) {
                let given_up = ClimbError::GivenUp(reason.clone());
                seat.lose_leg(&self.session.charter.room_id, participant, &given_up);
            }
        }
    }

    /// A leg without its attendant would never be resumed again.
    fn attendant_ended(&mut self, participant: &str) {
        if let Some(seat) = self.seats.get_mut(participant) {
            seat.lose_leg(&self.session.charter.room_id, participant, &ClimbError::Fault);
        }
    }

    fn wakes(&self) -> Option<Instant> {
        let now = Instant::now();
        let wakes = |seat: &Seat| [seat.attempt.wakes(), seat.failures.noticed_at(now)];
        self.seats.values().flat_map(wakes).flatten().min()
    }

    /// Who is wanted in the picture and is not, for longer than a moment.
    fn missing(&self) -> Vec<Missing> {
        let now = Instant::now();
        let inputs = self.settled.inputs.iter().enumerate();
        let missing = inputs.filter_map(|(place, input)| {
            let reason = if place < MOST_TILES {
                let seat = self.seats.get(&input.participant)?;
                seat.failures.missing(now).filter(|_| seat.leg.is_none())?
            } else {
                "the picture has no more tiles"
            };
            Some(Missing {
                peer_id: input.peer_id.clone(),
                screen: input.screen,
                reason: reason.to_owned(),
            })
        });
        missing.collect()
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
    named: Named,
    climb: Climb,
    old: Option<Leg>,
    overtaken: Option<String>,
) -> Result<Leg, ClimbError> {
    let reserved = Idle::clean_up(named, climb, old, overtaken).await?.reserve_ports().await?;
    // The composer's calls have deadlines of their own; a media worker that hangs answers nothing.
    let connected = in_time(3, reserved.connect_transports()).await?;
    in_time(4, connected.consume_paused())
        .await?
        .start_input()
        .await?
        .resume_with_key_frames()
        .await?
        .wait_until_active()
        .await
}

/// The participant of the first leg whose attendant has ended; never, as long as all go on.
async fn first_ended(seats: &mut BTreeMap<String, Seat>) -> String {
    poll_fn(|context| {
        let ended = seats.iter_mut().find_map(|(participant, seat)| {
            let leg = seat.leg.as_mut()?;
            leg.poll_ended(context).is_ready().then(|| participant.clone())
        });
        ended.map_or(Poll::Pending, Poll::Ready)
    })
    .await
}

impl Seat {
    /// Every input of it, the one to show first.
    fn inputs(&self) -> Vec<String> {
        let climbing = self.attempt.climbing();
        let new = climbing.map(|climbing| climbing.input.clone());
        let live = self.leg.as_ref().map(|leg| leg.input().to_owned());
        let replaced = climbing.and_then(|climbing| climbing.replaces.clone());
        [new, live, replaced].into_iter().flatten().collect()
    }

    /// What there was is gone; a climb under way goes on.
    fn lose_leg(&mut self, room: &str, participant: &str, error: &ClimbError) {
        let Some(leg) = self.leg.take() else { return };
        if self.attempt.climbing().is_none() {
            self.rest(room, participant, leg.wanted, error);
        } else {
            self.failures.climbs_from_nothing(Instant::now());
        }
    }

    fn rest(&mut self, room: &str, participant: &str, wanted: Wanted, error: &ClimbError) {
        let rest = self.failures.rest(wanted, error.told(), Instant::now(), rand::random());
        let after_ms = rest.length.as_millis();
        tracing::warn!(%room, participant, reason = %error, after_ms, "no input: trying again");
        self.attempt = Attempt::Resting(rest);
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

fn tell(status: &watch::Sender<BroadcastStatus>, now: &ComposerStatus, missing: Vec<Missing>) {
    let playlist_url = now.playlist_url.clone();
    if playlist_url.is_empty() {
        // The first status is still on its way.
        return;
    }
    let told = if now.ended {
        BroadcastStatus::Ended { playlist_url }
    } else if now.live {
        BroadcastStatus::Live { playlist_url, missing }
    } else {
        BroadcastStatus::Starting { playlist_url, missing }
    };
    status.send_if_modified(|status| {
        let changed = *status != told;
        *status = told;
        changed
    });
}
