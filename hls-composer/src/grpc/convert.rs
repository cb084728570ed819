//! Wire messages to domain values and back; what does not fit is named by its field's path.

use proto::v1;

use super::errors::FieldError;
use crate::{
    broadcast::{InputStatus, Outcome, Phase, SceneTile, SceneUpdate, Scope, Status},
    compositor::{Punctuality, scene::Layout},
    encoder,
    ingest::{
        State, Step,
        sdp::{Codec, Kind, Track},
    },
    packager::{Address, names},
};

/// Most characters of a label.
const LABEL: usize = 64;
/// Most tiles of a scene, shown or not.
const TILES: usize = 64;

fn wrong(field: impl Into<String>, reason: impl Into<String>) -> FieldError {
    FieldError { field: field.into(), reason: reason.into() }
}

/// An id that is safe in URLs and file names.
pub fn plain_id(field: &str, value: String) -> Result<String, FieldError> {
    if names::is_plain(&value) {
        Ok(value)
    } else {
        Err(wrong(field, "takes 1 to 64 of A-Z a-z 0-9 _ -"))
    }
}

/// A broadcast's name for viewers; none when the room's id is all there is.
pub fn address(watch_id: String, only: bool) -> Result<Option<Address>, FieldError> {
    match (watch_id.is_empty(), only) {
        (true, false) => Ok(None),
        (true, true) => Err(wrong("watch_id", "must be given with only_watch_id")),
        (false, _) => Ok(Some(Address { watch_id: plain_id("watch_id", watch_id)?, only })),
    }
}

/// An epoch; 0 is never opened.
pub fn epoch(value: u64) -> Result<u64, FieldError> {
    if value == 0 { Err(wrong("epoch", "must be greater than 0")) } else { Ok(value) }
}

/// One or two kinds, each at most once.
pub fn kinds(tracks: &[i32]) -> Result<Vec<Kind>, FieldError> {
    let kinds = tracks
        .iter()
        .enumerate()
        .map(|(n, value)| kind(&format!("tracks[{n}]"), *value))
        .collect::<Result<Vec<_>, _>>()?;
    match kinds.as_slice() {
        [_] => Ok(kinds),
        [first, second] if first != second => Ok(kinds),
        _ => Err(wrong("tracks", "takes one or two kinds, each at most once")),
    }
}

/// Kinds of which none may be named as well.
pub fn paused(tracks: &[i32]) -> Result<Vec<Kind>, FieldError> {
    if tracks.len() > 2 {
        return Err(wrong("paused", "takes two kinds at most"));
    }
    let kinds = tracks.iter().enumerate();
    kinds.map(|(n, &value)| kind(&format!("paused[{n}]"), value)).collect()
}

fn kind(field: &str, value: i32) -> Result<Kind, FieldError> {
    match v1::MediaKind::try_from(value) {
        Ok(v1::MediaKind::Audio) => Ok(Kind::Audio),
        Ok(v1::MediaKind::Video) => Ok(Kind::Video),
        _ => Err(wrong(field, "takes AUDIO or VIDEO")),
    }
}

/// Tracks as the SDP describes them. Nothing that could end a line gets through.
pub fn tracks(tracks: Vec<v1::TrackParameters>) -> Result<Vec<Track>, FieldError> {
    tracks
        .into_iter()
        .enumerate()
        .map(|(n, track)| {
            let path = |name: &str| format!("tracks[{n}].{name}");
            let kind = kind(&path("kind"), track.kind)?;
            let codec = match (v1::Codec::try_from(track.codec), kind) {
                (Ok(v1::Codec::Opus), Kind::Audio) => Codec::Opus,
                (Ok(v1::Codec::Vp8), Kind::Video) => Codec::Vp8,
                (Ok(v1::Codec::H264), Kind::Video) => Codec::H264,
                _ => {
                    return Err(wrong(
                        path("codec"),
                        "takes OPUS for audio, VP8 or H264 for video",
                    ));
                }
            };
            let payload_type = u8::try_from(track.payload_type)
                .ok()
                .filter(|payload_type| *payload_type < 128)
                .ok_or_else(|| wrong(path("payload_type"), "takes 0 to 127"))?;
            if !(8_000..=192_000).contains(&track.clock_rate) {
                return Err(wrong(path("clock_rate"), "takes 8000 to 192000"));
            }
            if kind == Kind::Audio && !(1..=2).contains(&track.channels) {
                return Err(wrong(path("channels"), "takes 1 or 2"));
            }
            let printable = |text: &str, most: usize| {
                text.len() <= most && text.bytes().all(|b| (0x20..0x7f).contains(&b))
            };
            if track.cname.is_empty() || track.cname.contains(' ') || !printable(&track.cname, 255)
            {
                return Err(wrong(path("cname"), "takes 1 to 255 printable characters"));
            }
            if !printable(&track.fmtp, 1024) {
                return Err(wrong(path("fmtp"), "takes at most 1024 printable characters"));
            }
            Ok(Track {
                kind,
                codec,
                payload_type,
                clock_rate: track.clock_rate,
                channels: track.channels,
                ssrc: track.ssrc,
                cname: track.cname,
                fmtp: track.fmtp,
                paused: track.paused,
            })
        })
        .collect()
}

/// The SFU's own steps.
pub fn steps(steps: Vec<v1::Step>) -> Result<Vec<Step>, FieldError> {
    if steps.len() > 8 {
        return Err(wrong("steps", "takes at most 8"));
    }
    steps
        .into_iter()
        .enumerate()
        .map(|(n, step)| {
            if !(1..=8).contains(&step.number) {
                return Err(wrong(format!("steps[{n}].number"), "takes 1 to 8"));
            }
            Ok(Step {
                number: step.number,
                name: step.name.chars().take(LABEL).collect(),
                started_unix_ms: step.started_unix_ms,
                took: std::time::Duration::from_micros(step.took_us),
                outcome: step.outcome.chars().take(256).collect(),
            })
        })
        .collect()
}

/// The wanted scene, of a request whose room is known already.
pub fn scene(request: v1::UpdateSceneRequest) -> Result<SceneUpdate, FieldError> {
    let v1::UpdateSceneRequest { version, layout, tiles, featured, .. } = request;
    if version == 0 {
        return Err(wrong("version", "must be greater than 0"));
    }
    let layout = match v1::Layout::try_from(layout) {
        Ok(v1::Layout::Unspecified | v1::Layout::Grid) => Layout::Grid,
        Ok(v1::Layout::Speaker) => Layout::Speaker,
        Ok(v1::Layout::Spotlight) => Layout::Spotlight,
        Ok(v1::Layout::ScreenShare) => Layout::ScreenShare,
        Err(_) => return Err(wrong("layout", "takes GRID, SPEAKER, SPOTLIGHT or SCREEN_SHARE")),
    };
    // One that no tile has means the first, so all that matters is that it is no longer than a participant's.
    let featured = featured.chars().take(LABEL).collect();
    if tiles.len() > TILES {
        return Err(wrong("tiles", format!("takes at most {TILES}")));
    }
    let tiles = tiles.into_iter().enumerate().map(|(n, tile)| {
        let path = |name: &str| format!("tiles[{n}].{name}");
        if tile.input_ids.len() > 4 {
            return Err(wrong(path("input_ids"), "takes at most 4"));
        }
        let label = tile.label.chars().filter(|c| !c.is_control()).take(LABEL).collect();
        Ok(SceneTile {
            participant: plain_id(&path("participant_id"), tile.participant_id)?,
            label,
            input_ids: tile
                .input_ids
                .into_iter()
                .map(|id| plain_id(&path("input_ids"), id))
                .collect::<Result<_, _>>()?,
            camera_off: tile.camera_off,
            muted: tile.muted,
            speaking: tile.speaking,
            reconnecting: tile.reconnecting,
            screen: tile.screen,
        })
    });
    Ok(SceneUpdate { version, layout, featured, tiles: tiles.collect::<Result<_, _>>()? })
}

/// What `RestartPipeline` restarts.
pub fn scope(scope: i32, input: String) -> Result<Scope, FieldError> {
    use v1::restart_pipeline_request::Scope as Wire;
    match Wire::try_from(scope) {
        Ok(Wire::Inputs) => Ok(Scope::Inputs),
        Ok(Wire::OneInput) => Ok(Scope::OneInput(plain_id("input", input)?)),
        Ok(Wire::Encoder) => Ok(Scope::Encoder),
        Ok(Wire::Everything) => Ok(Scope::Everything),
        Err(_) => Err(wrong("scope", "takes INPUTS, ONE_INPUT, ENCODER or EVERYTHING")),
    }
}

/// Reserved ports on the wire.
pub fn reserved(ip: std::net::IpAddr, ports: &[(Kind, u16)]) -> Vec<v1::ReservedPorts> {
    ports
        .iter()
        .map(|(kind, rtp)| v1::ReservedPorts {
            kind: match kind {
                Kind::Audio => v1::MediaKind::Audio,
                Kind::Video => v1::MediaKind::Video,
            }
            .into(),
            ip: ip.to_string(),
            rtp_port: u32::from(*rtp),
            rtcp_port: u32::from(*rtp) + 1,
        })
        .collect()
}

/// A whole status on the wire.
pub fn status(ip: std::net::IpAddr, status: &Status) -> v1::BroadcastStatus {
    let phase = match status.phase {
        Phase::Starting => v1::BroadcastPhase::Starting,
        Phase::Live => v1::BroadcastPhase::Live,
        Phase::Orphaned => v1::BroadcastPhase::Orphaned,
        Phase::Ended => v1::BroadcastPhase::Ended,
    };
    v1::BroadcastStatus {
        room_id: status.room_id.clone(),
        epoch: status.epoch,
        sequence: status.sequence,
        phase: phase.into(),
        playlist_url: status.playlist_url.clone(),
        inputs: status.inputs.iter().map(|input| input_status(ip, input)).collect(),
        encoder: Some(encoder_status(status.encoder)),
        clock: Some(clock_status(status.clock)),
        wanted_climb: status.wanted.clone().into_iter().collect(),
        wanted_climb_default: status.wanted_default,
        scene_version: status.scene_version,
        alarms: status.alarms.iter().map(ToString::to_string).collect(),
    }
}

fn input_status(ip: std::net::IpAddr, input: &InputStatus) -> v1::InputStatus {
    let report = &input.report;
    let listening = report.state == State::Listening;
    let failure = match &report.state {
        State::Failed(reason) => reason.clone(),
        _ => String::new(),
    };
    v1::InputStatus {
        input_id: input.id.clone(),
        participant_id: input.participant.clone(),
        state: state(&report.state).into(),
        generation: report.generation,
        resume_wanted: if listening { report.generation } else { 0 },
        climb: input.climb,
        trace: report.trace.iter().map(step).collect(),
        ports: reserved(ip, &input.ports),
        pid: report.pid,
        frames: input.frames,
        failure,
        key_frames_wanted: input.report.key_frames_wanted,
    }
}

fn state(state: &State) -> v1::InputState {
    match state {
        State::Reserved => v1::InputState::Reserved,
        State::StartingUp => v1::InputState::StartingUp,
        State::Listening => v1::InputState::Listening,
        State::Resumed => v1::InputState::Resumed,
        State::Active => v1::InputState::Active,
        State::Silent => v1::InputState::Silent,
        State::Failed(_) => v1::InputState::Failed,
        State::Stopped => v1::InputState::Stopped,
    }
}

fn step(step: &Step) -> v1::Step {
    v1::Step {
        number: step.number,
        name: step.name.clone(),
        started_unix_ms: step.started_unix_ms,
        took_us: u64::try_from(step.took.as_micros()).unwrap_or(u64::MAX),
        outcome: step.outcome.clone(),
    }
}

fn clock_status(clock: Punctuality) -> v1::ClockStatus {
    let us = |late: std::time::Duration| u32::try_from(late.as_micros()).unwrap_or(u32::MAX);
    v1::ClockStatus {
        ticks: clock.ticks,
        late_p50_us: us(clock.late_p50),
        late_p99_us: us(clock.late_p99),
        late_max_us: us(clock.late_max),
    }
}

fn encoder_status(status: encoder::Status) -> v1::EncoderStatus {
    v1::EncoderStatus { pid: status.pid, generation: status.generation, ticks: status.ticks }
}

/// A restart's outcome on the wire.
pub fn outcome(outcome: &Outcome) -> v1::RestartPipelineResponse {
    let inputs = outcome.inputs.iter().map(|input| v1::restart_pipeline_response::Input {
        input_id: input.id.clone(),
        participant_id: input.participant.clone(),
        state: state(&input.report.state).into(),
        trace: input.report.trace.iter().map(step).collect(),
    });
    v1::RestartPipelineResponse {
        inputs: inputs.collect(),
        encoder: Some(encoder_status(outcome.encoder)),
        complete: outcome.complete,
        took_ms: u64::try_from(outcome.took.as_millis()).unwrap_or(u64::MAX),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn opus() -> v1::TrackParameters {
        v1::TrackParameters {
            kind: v1::MediaKind::Audio.into(),
            codec: v1::Codec::Opus.into(),
            payload_type: 100,
            clock_rate: 48_000,
            channels: 2,
            ssrc: 1,
            cname: "peer".into(),
            fmtp: "useinbandfec=1".into(),
            paused: false,
        }
    }

    fn refusal(track: v1::TrackParameters) -> String {
        tracks(vec![opus(), track]).expect_err("a wrong field").to_string()
    }

    #[test]
    fn a_wrong_field_is_named_by_its_path() {
        assert_eq!(
            refusal(v1::TrackParameters { payload_type: 200, ..opus() }),
            "tracks[1].payload_type: takes 0 to 127"
        );
        assert_eq!(
            refusal(v1::TrackParameters { codec: v1::Codec::Vp8.into(), ..opus() }),
            "tracks[1].codec: takes OPUS for audio, VP8 or H264 for video"
        );
    }

    #[test]
    fn no_text_can_add_a_line_to_the_sdp() {
        for text in ["a\r\nm=video", "a\nb", "a\0b", "ä"] {
            let cname = v1::TrackParameters { cname: text.into(), ..opus() };
            assert!(refusal(cname).starts_with("tracks[1].cname"));
            let fmtp = v1::TrackParameters { fmtp: text.into(), ..opus() };
            assert!(refusal(fmtp).starts_with("tracks[1].fmtp"));
        }
    }

    #[test]
    fn a_scene_comes_with_its_layout_and_an_unknown_one_is_refused() {
        let request = |layout: i32| v1::UpdateSceneRequest {
            version: 1,
            layout,
            featured: "ada-screen".into(),
            tiles: vec![v1::Tile {
                participant_id: "ada-screen".into(),
                label: "x".repeat(10_000),
                screen: true,
                reconnecting: true,
                ..v1::Tile::default()
            }],
            ..v1::UpdateSceneRequest::default()
        };
        let shared = scene(request(v1::Layout::ScreenShare.into())).expect("a scene");
        assert_eq!((shared.layout, shared.featured.as_str()), (Layout::ScreenShare, "ada-screen"));
        assert!(shared.tiles[0].screen && shared.tiles[0].reconnecting);
        assert_eq!(shared.tiles[0].label.len(), LABEL);
        assert_eq!(scene(request(0)).expect("a scene").layout, Layout::Grid);
        let refusal = scene(request(99)).expect_err("no such layout").to_string();
        assert_eq!(refusal, "layout: takes GRID, SPEAKER, SPOTLIGHT or SCREEN_SHARE");
    }

    #[test]
    fn kinds_are_one_or_two_and_different() {
        assert!(kinds(&[1]).is_ok() && kinds(&[1, 2]).is_ok() && kinds(&[2, 1]).is_ok());
        for wrong in [&[][..], &[1, 1], &[0], &[9], &[1, 2, 1]] {
            assert!(kinds(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn accepted_tracks_make_an_sdp_with_whole_lines(
            cname in ".{0,40}", fmtp in ".{0,40}", payload_type in 0..300_u32,
        ) {
            let track = v1::TrackParameters { cname, fmtp, payload_type, ..opus() };
            if let Ok(tracks) = tracks(vec![track]) {
                let ip = std::net::Ipv4Addr::LOCALHOST.into();
                let sdp = crate::ingest::sdp::write(ip, &[(12000, tracks[0].clone())]);
                for line in sdp.split_terminator("\r\n") {
                    prop_assert!(line.len() > 1 && line.as_bytes()[1] == b'=', "{line:?}");
                    prop_assert!(!line.contains(['\r', '\n']));
                }
            }
        }
    }
}
