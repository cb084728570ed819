//! The composer's gRPC client: domain values in and out. The only place that names generated types.

mod scene;
mod trust;

use std::{net::IpAddr, time::Duration};

use futures_util::{Stream, StreamExt as _};
use mediasoup::prelude::*;
use mediasoup_types::rtp_parameters::RtpCodecParametersParametersValue;
use proto::v1::{self, composer_client::ComposerClient as Generated};
use tonic::transport::{Channel, Endpoint, Uri};
use tonic_types::StatusExt as _;

pub use self::{
    scene::{Layout, Scene, Tile},
    trust::{AddressError, Identity, Trust},
};
use crate::{broadcast::Paused, room::Charter};

/// A connection is made within this.
const CONNECT: Duration = Duration::from_secs(2);
/// A call is answered within this.
const CALL: Duration = Duration::from_secs(10);
/// StartInput waits for an FFmpeg to bind, which may wait for a core.
const START: Duration = Duration::from_secs(30);
/// A half-open link is noticed within twice this.
const KEEPALIVE: Duration = Duration::from_secs(4);

/// Why the composer did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// A newer epoch holds the broadcast.
    #[error("the broadcast is at epoch {current}")]
    Stale {
        /// What the next attempt must exceed.
        current: u64,
    },
    /// The composer has no room for it, now.
    #[error("the composer refuses: {0}")]
    Exhausted(String),
    /// This one call failed; the broadcast goes on.
    #[error("{0}")]
    Failed(String),
    /// The composer is away.
    #[error("the composer is away: {0}")]
    Away(String),
}

impl CallError {
    /// As the people in the room, and whoever asks for it over HTTP, are told. The log says all: paths, addresses and what the
    /// system said are the operator's.
    pub fn told(&self) -> &str {
        match self {
            Self::Stale { .. } => "the broadcast was begun elsewhere",
            // The composer's own words, of cores and limits.
            Self::Exhausted(reason) => reason,
            Self::Failed(_) => "the broadcast failed, and is tried again",
            Self::Away(_) => "the composer is away",
        }
    }
}

impl From<tonic::Status> for CallError {
    fn from(status: tonic::Status) -> Self {
        use v1::ErrorReason as R;
        let info = status.get_details_error_info();
        let reason = info.as_ref().and_then(|info| R::from_str_name(&info.reason));
        let message = status.message().to_owned();
        match (reason, status.code()) {
            (Some(R::StaleEpoch), _) => {
                let current =
                    info.and_then(|info| info.metadata.get("current_epoch")?.parse().ok());
                Self::Stale { current: current.unwrap_or(0) }
            }
            (Some(R::CpuExhausted | R::LimitReached), _) => Self::Exhausted(message),
            (Some(R::ShuttingDown | R::UnknownBroadcast), _) => Self::Away(message),
            (Some(_), _) => Self::Failed(message),
            // Without an ErrorInfo it is the transport that speaks.
            (None, _) => Self::Away(message),
        }
    }
}

/// Ports the composer leased for one track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reserved {
    /// Audio or video.
    pub kind: MediaKind,
    /// Where to.
    pub ip: IpAddr,
    /// Even.
    pub rtp: u16,
    /// Odd.
    pub rtcp: u16,
}

/// One rung of the SFU's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// 1, 3, 4 or 7.
    pub number: u32,
    /// Its name.
    pub name: &'static str,
    /// Milliseconds since the Unix epoch.
    pub started_unix_ms: u64,
    /// How long it took.
    pub took: Duration,
}

/// The broadcast, as the composer sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ComposerStatus {
    /// Viewers see the picture.
    pub live: bool,
    /// The playlist is finished.
    pub ended: bool,
    /// Where viewers find it.
    pub playlist_url: String,
    /// Live inputs.
    pub inputs: Vec<InputStatus>,
    wanted: std::collections::HashMap<String, u32>,
    wanted_default: u32,
}

/// One input.
#[derive(Clone, Debug, PartialEq)]
pub struct InputStatus {
    /// Its id.
    pub id: String,
    /// Where it is.
    pub stage: Stage,
    /// The generation the SFU is asked to resume; 0 for none.
    pub resume_wanted: u32,
    /// Key frames asked for so far.
    pub key_frames_wanted: u32,
}

/// Where an input is, as far as the SFU cares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// On its way to listening, or listening.
    Climbing,
    /// Resumed; its first media is awaited.
    Resumed,
    /// Media flows, or would if anybody sent some.
    Active,
    /// Given up, with the reason.
    Failed(String),
}

impl ComposerStatus {
    /// The input of this id, if it lives.
    pub fn input(&self, id: &str) -> Option<&InputStatus> {
        self.inputs.iter().find(|input| input.id == id)
    }

    /// The climb wanted of `participant`.
    pub fn wanted_climb(&self, participant: &str) -> u32 {
        self.wanted.get(participant).copied().unwrap_or(self.wanted_default)
    }
}

/// One broadcast's client, under one epoch.
#[derive(Clone, Debug)]
pub struct ComposerClient {
    generated: Generated<Channel>,
    room_id: String,
    epoch: u64,
}

/// Where the composer answers. Connections are made from it lazily, as `identity`: the first call dials.
///
/// # Errors
/// The scheme is neither http nor https, or TLS cannot be set up, or `identity` would be shown to nobody.
pub fn endpoint(
    composer: &Uri,
    trust: &Trust,
    identity: Option<&Identity>,
) -> Result<Endpoint, AddressError> {
    let endpoint = Endpoint::from(composer.clone())
        .connect_timeout(CONNECT)
        .tcp_nodelay(true)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE)
        .keep_alive_while_idle(true);
    match composer.scheme_str() {
        Some("http") if identity.is_some() => Err(AddressError::IdentityUnused(composer.clone())),
        Some("http") => Ok(endpoint),
        Some("https") => Ok(endpoint.tls_config(trust.grpc(identity))?),
        _ => Err(AddressError::Composer(composer.clone())),
    }
}

impl ComposerClient {
    /// Takes the claim of the room of `charter` under `epoch`. The claim lives as long as the returned statuses.
    pub async fn open(
        channel: Channel,
        charter: &Charter,
        epoch: u64,
    ) -> Result<
        (Self, impl Stream<Item = Result<ComposerStatus, CallError>> + Send + Unpin),
        CallError,
    > {
        let mut generated = Generated::new(channel);
        let room_id = charter.room_id.clone();
        let request = v1::OpenBroadcastRequest {
            room_id: room_id.clone(),
            epoch,
            watch_id: charter.watch_id.clone(),
            // Whoever knows a room and may not enter it does not watch it either.
            only_watch_id: charter.is_guarded(),
        };
        let opened = tokio::time::timeout(CALL, generated.open_broadcast(request)).await;
        let stream =
            opened.map_err(|_| CallError::Away("it does not answer".into()))??.into_inner();
        let statuses = stream.map(|status| Ok(ComposerStatus::from(status?)));
        Ok((Self { generated, room_id, epoch }, statuses))
    }

    /// Step 2.
    pub async fn reserve_ports(
        &self,
        input: &str,
        participant: &str,
        kinds: &[MediaKind],
        climb: u32,
    ) -> Result<Vec<Reserved>, CallError> {
        let tracks = kinds.iter().map(|kind| media_kind(*kind).into()).collect();
        let request = request(v1::ReservePortsRequest {
            room_id: self.room_id.clone(),
            epoch: self.epoch,
            input_id: input.into(),
            tracks,
            climb,
            participant_id: participant.into(),
        });
        let reply = self.generated.clone().reserve_ports(request).await?.into_inner();
        reply.ports.into_iter().map(reserved).collect()
    }

    /// Steps 5 and 6; answers the generation.
    pub async fn start_input(
        &self,
        input: &str,
        consumers: &[(bool, &RtpParameters, MediaKind)],
    ) -> Result<u32, CallError> {
        let tracks = consumers
            .iter()
            .map(|(paused, parameters, kind)| track(*paused, parameters, *kind))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| {
                CallError::Failed("a consumer has no codec the composer knows".into())
            })?;
        let mut request = request(v1::StartInputRequest {
            room_id: self.room_id.clone(),
            epoch: self.epoch,
            input_id: input.into(),
            tracks,
        });
        request.set_timeout(START);
        Ok(self.generated.clone().start_input(request).await?.into_inner().generation)
    }

    /// Step 7, with all of the SFU's own steps.
    pub async fn confirm_resumed(
        &self,
        input: &str,
        generation: u32,
        steps: &[Step],
    ) -> Result<(), CallError> {
        let steps = steps.iter().map(|step| v1::Step {
            number: step.number,
            name: step.name.into(),
            started_unix_ms: step.started_unix_ms,
            took_us: u64::try_from(step.took.as_micros()).unwrap_or(u64::MAX),
            outcome: "ok".into(),
        });
        let request = request(v1::ConfirmResumedRequest {
            room_id: self.room_id.clone(),
            epoch: self.epoch,
            input_id: input.into(),
            generation,
            steps: steps.collect(),
        });
        self.generated.clone().confirm_resumed(request).await?;
        Ok(())
    }

    /// Which tracks of an input are paused, the others being about to send; answers the generation to resume.
    pub async fn set_paused(&self, input: &str, paused: Paused) -> Result<u32, CallError> {
        let kinds = [MediaKind::Video, MediaKind::Audio].into_iter();
        let paused = kinds.filter(|kind| paused.of(*kind)).map(|kind| media_kind(kind).into());
        let request = request(v1::SetPausedRequest {
            room_id: self.room_id.clone(),
            epoch: self.epoch,
            input_id: input.into(),
            paused: paused.collect(),
        });
        Ok(self.generated.clone().set_paused(request).await?.into_inner().generation)
    }

    /// Step 1.
    pub async fn stop_input(&self, input: &str) -> Result<(), CallError> {
        let request = request(v1::StopInputRequest {
            room_id: self.room_id.clone(),
            epoch: self.epoch,
            input_id: input.into(),
        });
        self.generated.clone().stop_input(request).await?;
        Ok(())
    }

    /// The whole scene.
    pub async fn update_scene(&self, version: u64, scene: &Scene) -> Result<(), CallError> {
        let wire = scene.to_wire(self.room_id.clone(), self.epoch, version);
        self.generated.clone().update_scene(request(wire)).await?;
        Ok(())
    }

    /// Ends the broadcast.
    pub async fn close(&self) -> Result<(), CallError> {
        let request =
            request(v1::CloseBroadcastRequest { room_id: self.room_id.clone(), epoch: self.epoch });
        self.generated.clone().close_broadcast(request).await?;
        Ok(())
    }
}

/// A request that is given up after [`CALL`].
fn request<T>(message: T) -> tonic::Request<T> {
    let mut request = tonic::Request::new(message);
    request.set_timeout(CALL);
    request
}

fn media_kind(kind: MediaKind) -> v1::MediaKind {
    match kind {
        MediaKind::Audio => v1::MediaKind::Audio,
        MediaKind::Video => v1::MediaKind::Video,
    }
}

fn reserved(ports: v1::ReservedPorts) -> Result<Reserved, CallError> {
    let kind = match ports.kind() {
        v1::MediaKind::Audio => Some(MediaKind::Audio),
        v1::MediaKind::Video => Some(MediaKind::Video),
        v1::MediaKind::Unspecified => None,
    };
    let parsed = (|| {
        Some(Reserved {
            kind: kind?,
            ip: ports.ip.parse().ok()?,
            rtp: ports.rtp_port.try_into().ok()?,
            rtcp: ports.rtcp_port.try_into().ok()?,
        })
    })();
    parsed.ok_or_else(|| CallError::Failed(format!("unusable ports: {ports:?}")))
}

/// What the SDP must say of one consumer.
fn track(paused: bool, parameters: &RtpParameters, kind: MediaKind) -> Option<v1::TrackParameters> {
    let codec = parameters.codecs.iter().find(|codec| !codec.is_rtx())?;
    let (name, clock_rate, channels, fmtp) = match codec {
        RtpCodecParameters::Audio { mime_type, clock_rate, channels, parameters, .. } => {
            let codec = (*mime_type == MimeTypeAudio::Opus).then_some(v1::Codec::Opus)?;
            (codec, clock_rate.get(), u32::from(channels.get()), parameters)
        }
        RtpCodecParameters::Video { mime_type, clock_rate, parameters, .. } => {
            let codec = match mime_type {
                MimeTypeVideo::Vp8 => v1::Codec::Vp8,
                MimeTypeVideo::H264 => v1::Codec::H264,
                _ => return None,
            };
            (codec, clock_rate.get(), 0, parameters)
        }
    };
    let fmtp: Vec<String> = fmtp
        .iter()
        .map(|(name, value)| match value {
            RtpCodecParametersParametersValue::String(value) => format!("{name}={value}"),
            RtpCodecParametersParametersValue::Number(value) => format!("{name}={value}"),
        })
        .collect();
    Some(v1::TrackParameters {
        kind: media_kind(kind).into(),
        codec: name.into(),
        payload_type: u32::from(codec.payload_type()),
        clock_rate,
        channels,
        ssrc: parameters.encodings.first()?.ssrc?,
        cname: parameters.rtcp.cname.clone().unwrap_or_else(|| "sfu".into()),
        fmtp: fmtp.join(";"),
        paused,
    })
}

impl From<v1::BroadcastStatus> for ComposerStatus {
    fn from(status: v1::BroadcastStatus) -> Self {
        let live = status.phase() == v1::BroadcastPhase::Live;
        let ended = status.phase() == v1::BroadcastPhase::Ended;
        let inputs = status.inputs.into_iter().map(|input| {
            let stage = match input.state() {
                v1::InputState::Resumed => Stage::Resumed,
                v1::InputState::Active | v1::InputState::Silent => Stage::Active,
                v1::InputState::Failed => Stage::Failed(input.failure),
                _ => Stage::Climbing,
            };
            InputStatus {
                id: input.input_id,
                stage,
                resume_wanted: input.resume_wanted,
                key_frames_wanted: input.key_frames_wanted,
            }
        });
        Self {
            live,
            ended,
            playlist_url: status.playlist_url,
            inputs: inputs.collect(),
            wanted: status.wanted_climb,
            wanted_default: status.wanted_climb_default,
        }
    }
}
