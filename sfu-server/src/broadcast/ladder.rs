//! THE LADDER: the strict order in which an input comes up, one consumed struct per rung.
//!
//! ```text
//! Idle ──reserve_ports──▶ PortsReserved ──connect_transports──▶ TransportsConnected ──consume_paused──▶
//!   1 clean up              2                                     3
//! ConsumersPaused ──start_input──▶ Listening ──resume_with_key_frames──▶ Resumed ──wait_until_active──▶ Leg
//!   4                (composer: 5 SDP, 6 FFmpeg)   7                        8
//! ```
//!
//! Skipping a rung does not compile; dropping a rung releases everything it holds.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    ops::RangeInclusive,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use mediasoup::prelude::*;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::{
    DesiredBroadcast,
    attempt::Wanted,
    desired::Paused,
    leg::{Leg, LegMedia, LegTrack},
    showing::Named,
};
use crate::{
    composer_client::{CallError, ComposerClient, ComposerStatus, Reserved, Stage, Step},
    media::{
        codecs,
        layers::{self, Shown},
        transports::listen_info,
        workers::Placement,
    },
};

/// A rung that takes longer has failed. A camera that sends nothing is no failure: the composer calls it silent.
const ACTIVE: Duration = Duration::from_secs(15);

/// Why a climb failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClimbError {
    /// The composer said no.
    #[error(transparent)]
    Call(#[from] CallError),
    /// mediasoup said no; most often the producer has just closed.
    #[error("step {step}: the media worker refused: {reason}")]
    Media {
        /// The rung.
        step: u32,
        /// mediasoup's word.
        reason: String,
    },
    /// The composer gave the input up.
    #[error("the composer gave the input up: {0}")]
    GivenUp(String),
    /// Nothing failed and nothing happened.
    #[error("step {0} took longer than {ACTIVE:?}")]
    TooLong(u32),
    /// The session is over.
    #[error("the session ended")]
    SessionOver,
    /// The task that attends a leg has ended.
    #[error("an internal fault of the server: its log says which")]
    Fault,
}

impl ClimbError {
    /// As the people in the room are told. The log says all: paths, and what FFmpeg wrote, are the operator's.
    pub fn told(&self) -> &'static str {
        match self {
            Self::Call(_) => "the composer did not take it",
            Self::Media { .. } => "the media worker refused it",
            Self::GivenUp(_) => "its pictures and its sound could not be read",
            Self::TooLong(_) => "it took too long to begin",
            Self::SessionOver => "the composer is away",
            Self::Fault => "an internal fault of the server",
        }
    }
}

/// What every rung needs.
#[derive(Clone, Debug)]
pub struct Climb {
    /// The composer.
    pub composer: ComposerClient,
    /// Its statuses.
    pub statuses: watch::Receiver<Arc<ComposerStatus>>,
    /// The room's router.
    pub placement: Placement,
    /// Ports media is sent from.
    pub plain_ports: RangeInclusive<u16>,
    /// The new input.
    pub input: String,
    /// Whose.
    pub participant: String,
    /// What it is made of, and the climb it answers.
    pub wanted: Wanted,
    /// What the room wants, for pauses.
    pub desired: watch::Receiver<DesiredBroadcast>,
    /// How its picture is shown, now.
    pub shown: Shown,
}

/// Step 1 is done: nothing of this participant's old input is left, unless it stays until the new one is active.
pub struct Idle {
    climb: Climb,
    steps: Vec<Step>,
}

/// Step 2 is done.
pub struct PortsReserved {
    climb: Climb,
    steps: Vec<Step>,
    ports: Vec<Reserved>,
}

/// Step 3 is done.
pub struct TransportsConnected {
    climb: Climb,
    steps: Vec<Step>,
    transports: Vec<(MediaKind, PlainTransport)>,
}

/// Step 4 is done.
pub struct ConsumersPaused {
    climb: Climb,
    steps: Vec<Step>,
    media: LegMedia,
}

/// Steps 5 and 6 are done, by the composer.
pub struct Listening {
    climb: Climb,
    steps: Vec<Step>,
    media: LegMedia,
    /// What the composer was told of pauses.
    paused: Paused,
}

/// Step 7 is done.
pub struct Resumed {
    climb: Climb,
    leg: Leg,
}

impl Idle {
    /// Step 1: stops `old` and the input of an `overtaken` climb, if this climb is a restart; a mere change of tracks
    /// keeps the old one on show meanwhile. The composer must know the new input's name by then.
    pub async fn clean_up(
        named: Named,
        climb: Climb,
        old: Option<Leg>,
        overtaken: Option<String>,
    ) -> Result<Self, ClimbError> {
        let step = Timed::begin(1, "clean up");
        timeout(ACTIVE, named.known())
            .await
            .map_err(|_| ClimbError::TooLong(1))?
            .map_err(|_| ClimbError::SessionOver)?;
        if let Some(overtaken) = overtaken {
            climb.composer.stop_input(&overtaken).await?;
        }
        if let Some(old) = old {
            climb.composer.stop_input(old.input()).await?;
            drop(old);
        }
        Ok(Self { climb, steps: vec![step.done()] })
    }

    /// Step 2.
    pub async fn reserve_ports(self) -> Result<PortsReserved, ClimbError> {
        let Self { climb, steps } = self;
        let mut kinds = Vec::new();
        kinds.extend(climb.wanted.sources.video.map(|_| MediaKind::Video));
        kinds.extend(climb.wanted.sources.audio.map(|_| MediaKind::Audio));
        let ports = climb
            .composer
            .reserve_ports(&climb.input, &climb.participant, &kinds, climb.wanted.climb)
            .await?;
        Ok(PortsReserved { climb, steps, ports })
    }
}

impl PortsReserved {
    /// Step 3: one transport per track, connected at once.
    pub async fn connect_transports(self) -> Result<TransportsConnected, ClimbError> {
        let Self { climb, mut steps, ports } = self;
        let step = Timed::begin(3, "transports connected");
        let mut transports = Vec::with_capacity(ports.len());
        for reserved in ports {
            let listen = ListenInfo {
                port_range: Some(climb.plain_ports.clone()),
                ..listen_info(Protocol::Udp, source_ip(reserved.ip))
            };
            let mut options = PlainTransportOptions::new(listen);
            options.rtcp_mux = false;
            options.comedia = false;
            // FFmpeg never answers RTCP: an estimate would starve the stream.
            options.enable_bwe = false;
            let refused = |reason: String| ClimbError::Media { step: 3, reason };
            // A task of its own: when the climb is given up meanwhile, the transport is dropped as soon as it is made. The
            // worker would keep one that nobody waits for.
            let router = climb.placement.router.clone();
            let making = tokio::spawn(async move { router.create_plain_transport(options).await });
            let transport = making
                .await
                .map_err(|error| refused(error.to_string()))?
                .map_err(|error| refused(error.to_string()))?;
            transport
                .connect(PlainTransportRemoteParameters {
                    ip: Some(reserved.ip),
                    port: Some(reserved.rtp),
                    rtcp_port: Some(reserved.rtcp),
                    srtp_parameters: None,
                })
                .await
                .map_err(|error| refused(error.to_string()))?;
            transports.push((reserved.kind, transport));
        }
        steps.push(step.done());
        Ok(TransportsConnected { climb, steps, transports })
    }
}

/// The address to send to `destination` from: loopback stays there; elsewhere the route decides.
fn source_ip(destination: IpAddr) -> IpAddr {
    match destination {
        ip if ip.is_loopback() => ip,
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

impl TransportsConnected {
    /// Step 4: the consumers' parameters exist, but nothing flows.
    pub async fn consume_paused(self) -> Result<ConsumersPaused, ClimbError> {
        let Self { climb, mut steps, transports } = self;
        let step = Timed::begin(4, "consumers paused");
        let capabilities = codecs::ffmpeg_capabilities(&climb.placement.router);
        let mut tracks = Vec::with_capacity(transports.len());
        for (kind, transport) in transports {
            let producer = match kind {
                MediaKind::Video => climb.wanted.sources.video,
                MediaKind::Audio => climb.wanted.sources.audio,
            };
            let refused = |reason: String| ClimbError::Media { step: 4, reason };
            let producer = producer.ok_or_else(|| refused(format!("no {kind:?} was asked for")))?;
            let mut options = ConsumerOptions::new(producer, capabilities.clone());
            options.paused = true;
            // How many layers there are is known once there is a consumer.
            options.preferred_layers =
                Some(ConsumerLayers { spatial_layer: 0, temporal_layer: None });
            let consumer =
                transport.consume(options).await.map_err(|error| refused(error.to_string()))?;
            layers::prefer(&consumer, climb.shown).await;
            tracks.push(LegTrack { consumer, _transport: transport });
        }
        steps.push(step.done());
        Ok(ConsumersPaused { climb, steps, media: LegMedia { tracks } })
    }
}

impl ConsumersPaused {
    /// The composer climbs steps 5 and 6.
    pub async fn start_input(self) -> Result<Listening, ClimbError> {
        let Self { climb, steps, media } = self;
        let is_paused = |kind| {
            let mut tracks = media.tracks.iter();
            tracks.any(|track| track.consumer.kind() == kind && track.consumer.producer_paused())
        };
        let paused =
            Paused { video: is_paused(MediaKind::Video), audio: is_paused(MediaKind::Audio) };
        let described: Vec<_> = media
            .tracks
            .iter()
            .map(|LegTrack { consumer, .. }| {
                (paused.of(consumer.kind()), consumer.rtp_parameters(), consumer.kind())
            })
            .collect();
        climb.composer.start_input(&climb.input, &described).await?;
        Ok(Listening { climb, steps, media, paused })
    }
}

impl Listening {
    /// Step 7: the status says `resume_wanted`, the consumers are resumed and key frames requested, and that is confirmed.
    pub async fn resume_with_key_frames(self) -> Result<Resumed, ClimbError> {
        let Self { mut climb, steps, media, paused } = self;
        let input = climb.input.clone();
        let wanted = wait_for(&mut climb.statuses, 7, |status| {
            let input = status.input(&input)?;
            match &input.stage {
                Stage::Failed(reason) => Some(Err(reason.clone())),
                _ => (input.resume_wanted > 0).then_some(Ok(input.resume_wanted)),
            }
        })
        .await?;
        let generation = wanted.map_err(ClimbError::GivenUp)?;
        let mut leg = Leg::new(&climb, media, paused);
        leg.resume(generation, steps).await?;
        Ok(Resumed { climb, leg })
    }
}

impl Resumed {
    /// Step 8, as the composer sees it; until then, it asks for key frames when it needs one.
    pub async fn wait_until_active(self) -> Result<Leg, ClimbError> {
        let Self { mut climb, leg } = self;
        let leg = leg.attend(climb.statuses.clone(), climb.desired.clone());
        let input = climb.input.clone();
        let outcome =
            wait_for(&mut climb.statuses, 8, |status| match &status.input(&input)?.stage {
                Stage::Active => Some(Ok(())),
                Stage::Failed(reason) => Some(Err(reason.clone())),
                _ => None,
            })
            .await?;
        outcome.map_err(ClimbError::GivenUp)?;
        Ok(leg)
    }
}

/// A rung that waits for the media worker, within the time of the longest rung.
pub async fn in_time<T>(
    step: u32,
    rung: impl Future<Output = Result<T, ClimbError>>,
) -> Result<T, ClimbError> {
    timeout(ACTIVE, rung).await.map_err(|_| ClimbError::TooLong(step))?
}

async fn wait_for<T>(
    statuses: &mut watch::Receiver<Arc<ComposerStatus>>,
    step: u32,
    mut found: impl FnMut(&ComposerStatus) -> Option<T>,
) -> Result<T, ClimbError> {
    let waiting = async {
        loop {
            if let Some(value) = found(&statuses.borrow_and_update()) {
                return Ok(value);
            }
            statuses.changed().await.map_err(|_| ClimbError::SessionOver)?;
        }
    };
    timeout(ACTIVE, waiting).await.map_err(|_| ClimbError::TooLong(step))?
}

/// A rung that has begun.
pub struct Timed {
    number: u32,
    name: &'static str,
    started_unix_ms: u64,
    started: Instant,
}

impl Timed {
    /// Begins a rung.
    pub fn begin(number: u32, name: &'static str) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let started_unix_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
        Self { number, name, started_unix_ms, started: Instant::now() }
    }

    /// It is done.
    pub fn done(self) -> Step {
        let Self { number, name, started_unix_ms, started } = self;
        Step { number, name, started_unix_ms, took: started.elapsed() }
    }
}
