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
    Ok(())
}

/// Leaves of `parameters` one way to tell what belongs to an encoding. Browsers need no other, and the worker bears none: of
/// encodings with different codecs it reads the packets of one by the memory of another (the process is gone), and of an
/// encoding that comes by its SSRC and by its RTP stream id it makes two streams where it has room for one (the worker
/// stops). All are of the first codec, and one that has an SSRC is found by that.
pub fn disambiguate(parameters: &mut RtpParameters) {
    for encoding in &mut parameters.encodings {
        encoding.codec_payload_type = None;
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
    use serde_json::json;

    use super::*;

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
        parameters.encodings[0].codec_payload_type = Some(97);
        (parameters.encodings[0].ssrc, parameters.encodings[0].rid) = (Some(1), Some("a".into()));
        parameters.encodings[1].rid = Some("b".into());
        disambiguate(&mut parameters);
        let found: Vec<_> = parameters
            .encodings
            .iter()
            .map(|encoding| (encoding.ssrc, encoding.rid.as_deref(), encoding.codec_payload_type))
            .collect();
        assert_eq!(found, [(Some(1), None, None), (None, Some("b"), None), (None, None, None)]);
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
}
