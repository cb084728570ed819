//! How much a client may say of a track, of what it can receive, and of a transport. mediasoup takes any number of
//! encodings and layers, allocates for each, and its Rust half panics where a mode cannot be spelt (100 encodings of
//! simulcast would be `L100`).

use mediasoup::prelude::*;

/// Codecs, retransmissions and the like included.
const CODECS: usize = 32;
/// Simulcast has three; some send four.
const ENCODINGS: usize = 4;
/// Spatial and temporal layers of one encoding.
const LAYERS: u8 = 4;
/// Letters of a mode's name; `L3T3_KEY_SHIFT` is the longest. The worker matches it with a regular expression that recurses
/// once a letter: a long one ends the process.
const MODE: usize = 16;
const HEADER_EXTENSIONS: usize = 32;
/// Browsers name some forty, each profile and its retransmissions apart.
const RECEIVABLE: usize = 256;
/// One per hash function.
const FINGERPRINTS: usize = 8;

/// What is too much of `parameters`, or does not fit a track of `kind`.
///
/// # Errors
/// The reason, for the client's developer.
pub fn check(kind: MediaKind, parameters: &RtpParameters) -> Result<(), String> {
    let RtpParameters { codecs, encodings, header_extensions, .. } = parameters;
    counted("rtpParameters.codecs", codecs.len(), CODECS)?;
    counted("rtpParameters.encodings", encodings.len(), ENCODINGS)?;
    counted("rtpParameters.headerExtensions", header_extensions.len(), HEADER_EXTENSIONS)?;
    let is_of_kind = |codec: &RtpCodecParameters| {
        matches!(
            (codec, kind),
            (RtpCodecParameters::Audio { .. }, MediaKind::Audio)
                | (RtpCodecParameters::Video { .. }, MediaKind::Video)
        )
    };
    if !codecs.iter().all(is_of_kind) {
        return Err("rtpParameters.codecs has one that is not of the track's kind".into());
    }
    let is_bearable = |encoding: &RtpEncodingParameters| {
        let mode = &encoding.scalability_mode;
        mode.as_str().len() <= MODE
            && mode.spatial_layers().get() <= LAYERS
            && mode.temporal_layers().get() <= LAYERS
    };
    if !encodings.iter().all(is_bearable) {
        return Err(format!(
            "rtpParameters.encodings: {LAYERS} layers are the most of a scalabilityMode, {MODE} letters its longest name"
        ));
    }
    // For whoever receives it the worker reads packets by the memory of the first codec's: of another, the process is gone.
    let first = codecs.iter().find(|codec| !codec.is_rtx()).map(RtpCodecParameters::payload_type);
    let is_of_first = |encoding: &RtpEncodingParameters| {
        encoding.codec_payload_type.is_none() || encoding.codec_payload_type == first
    };
    if !encodings.iter().all(is_of_first) {
        return Err("rtpParameters.encodings: codecPayloadType is not that of the first codec; all encodings are of one \
                    codec, which stands first"
            .into());
    }
    Ok(())
}

/// Leaves of `parameters` one way to tell what belongs to an encoding. Browsers need no other, and of one that comes by its SSRC
/// and by its RTP stream id the worker makes two streams where it has room for one, and stops, unless it is patched
/// (`native/patches`). One that has an SSRC is found by that.
pub fn disambiguate(parameters: &mut RtpParameters) {
    for encoding in &mut parameters.encodings {
        if encoding.ssrc.is_some() {
            encoding.rid = None;
        }
    }
}

/// What is too much of `capabilities`.
///
/// # Errors
/// The reason, for the client's developer.
pub fn check_capabilities(capabilities: &RtpCapabilities) -> Result<(), String> {
    let RtpCapabilities { codecs, header_extensions } = capabilities;
    counted("rtpCapabilities.codecs", codecs.len(), RECEIVABLE)?;
    counted("rtpCapabilities.headerExtensions", header_extensions.len(), RECEIVABLE)
}

/// What is too much of `parameters`, or missing.
///
/// # Errors
/// The reason, for the client's developer.
pub fn check_dtls(parameters: &DtlsParameters) -> Result<(), String> {
    match parameters.fingerprints.len() {
        0 => Err("dtlsParameters.fingerprints is empty".into()),
        count => counted("dtlsParameters.fingerprints", count, FINGERPRINTS),
    }
}

fn counted(what: &str, count: usize, most: usize) -> Result<(), String> {
    if count > most {
        return Err(format!("{what} has {count} entries, {most} are the most"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use mediasoup::worker_manager::WorkerManager;
    use serde_json::json;
    use tokio::time::timeout;

    use super::*;
    use crate::media::codecs;

    #[test]
    fn a_transport_is_proven_by_few_fingerprints_and_not_by_none() {
        let hash = ["07"; 32].join(":");
        let fingerprint = json!({"algorithm": "sha-256", "value": hash});
        let with = |count| {
            let fingerprints = vec![fingerprint.clone(); count];
            let parameters = json!({"role": "auto", "fingerprints": fingerprints});
            serde_json::from_value::<DtlsParameters>(parameters).expect("parameters")
        };
        assert!(check_dtls(&with(0)).is_err());
        assert_eq!(check_dtls(&with(1)), Ok(()));
        assert!(check_dtls(&with(9)).is_err());
    }

    fn video(encodings: usize, mode: &str) -> RtpParameters {
        let encoding = RtpEncodingParameters {
            scalability_mode: mode.parse().expect("a mode"),
            ..RtpEncodingParameters::default()
        };
        RtpParameters { encodings: vec![encoding; encodings], ..RtpParameters::default() }
    }

    #[test]
    fn simulcast_and_svc_as_browsers_send_them_are_taken() {
        for (encodings, mode) in [(1, "L1T1"), (3, "L1T3"), (1, "L3T3_KEY"), (4, "L1T2")] {
            assert_eq!(check(MediaKind::Video, &video(encodings, mode)), Ok(()));
        }
    }

    #[test]
    fn an_encoding_is_found_in_one_way() {
        let mut parameters = video(3, "L1T1");
        (parameters.encodings[0].ssrc, parameters.encodings[0].rid) = (Some(1), Some("a".into()));
        parameters.encodings[1].rid = Some("b".into());
        disambiguate(&mut parameters);
        let found: Vec<_> = parameters
            .encodings
            .iter()
            .map(|encoding| (encoding.ssrc, encoding.rid.as_deref()))
            .collect();
        assert_eq!(found, [(Some(1), None), (None, Some("b")), (None, None)]);
    }

    #[test]
    fn encodings_are_of_the_first_codec_or_are_refused() {
        let mut parameters = video(2, "L1T1");
        let of = |mime_type, payload_type| RtpCodecParameters::Video {
            mime_type,
            payload_type,
            clock_rate: NonZeroU32::new(90_000).expect("not 0"),
            parameters: RtpCodecParametersParameters::default(),
            rtcp_feedback: vec![],
        };
        parameters.codecs = vec![
            of(MimeTypeVideo::Rtx, 98),
            of(MimeTypeVideo::H264, 97),
            of(MimeTypeVideo::Vp8, 96),
        ];
        for (second, is_taken) in [(None, true), (Some(97), true), (Some(96), false)] {
            parameters.encodings[1].codec_payload_type = second;
            assert_eq!(check(MediaKind::Video, &parameters).is_ok(), is_taken, "{second:?}");
        }
    }

    #[test]
    fn a_mode_with_an_endless_name_is_refused_before_the_worker_reads_it() {
        assert_eq!(check(MediaKind::Video, &video(1, "L3T3_KEY_SHIFT")), Ok(()));
        for length in [13, 60_000] {
            let mode = format!("L1T1{}", "A".repeat(length));
            assert!(check(MediaKind::Video, &video(1, &mode)).is_err());
        }
    }

    #[test]
    fn what_no_browser_sends_is_refused_with_the_field() {
        for (encodings, mode) in [(5, "L1T1"), (100, "L1T1"), (1, "L99T1"), (1, "L1T99")] {
            let refusal = check(MediaKind::Video, &video(encodings, mode)).expect_err(mode);
            assert!(refusal.contains("rtpParameters.encodings"), "{refusal}");
        }
    }

    /// A picture of VP8 on the stream `ssrc` whose RTP stream id is "a".
    fn picture(ssrc: u32) -> Vec<u8> {
        let mut packet = vec![0x90, 96, 0, 1, 0, 0, 0, 1];
        packet.extend(ssrc.to_be_bytes());
        packet.extend([0xbe, 0xde, 0, 1, 2 << 4, b'a', 0, 0]);
        packet.extend([0x10, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00]);
        packet
    }

    #[tokio::test]
    async fn the_worker_goes_on_where_a_layer_without_a_number_comes_by_number_zero() {
        let worker = WorkerManager::new().create_worker(WorkerSettings::default()).await;
        let worker = worker.expect("a worker");
        let router = worker.create_router(RouterOptions::new(codecs::router_codecs()));
        let router = router.await.expect("a router");
        let transport = router.create_direct_transport(DirectTransportOptions::default());
        let transport = transport.await.expect("a transport");
        let parameters = json!({
            "codecs": [{
                "mimeType": "video/VP8", "payloadType": 96, "clockRate": 90_000,
                "parameters": {}, "rtcpFeedback": [],
            }],
            "headerExtensions": [
                { "uri": "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", "id": 2, "encrypt": false },
            ],
            "encodings": [{ "rid": "a" }],
            "rtcp": { "cname": "rig", "reducedSize": true },
        });
        let parameters = serde_json::from_value(parameters).expect("parameters");
        let camera = transport.produce(ProducerOptions::new(MediaKind::Video, parameters)).await;
        let camera = camera.expect("a camera");
        let Producer::Direct(sender) = camera.clone() else { panic!("a direct one") };
        for ssrc in [2222, 0] {
            sender.send(picture(ssrc)).expect("the worker takes the packet");
        }
        let dump = timeout(Duration::from_secs(20), camera.dump()).await;
        let dump = dump.expect("an answer").expect("a worker that goes on");
        assert_eq!(dump.rtp_streams.len(), 1);
    }
}
