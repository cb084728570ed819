//! How much a client may say of one track. mediasoup takes any number of encodings and layers, allocates for each, and its
//! Rust half panics where a mode cannot be spelt (100 encodings of simulcast would be `L100`).

use mediasoup::prelude::*;

/// Codecs, retransmissions and the like included.
const CODECS: usize = 32;
/// Simulcast has three; some send four.
const ENCODINGS: usize = 4;
/// Spatial and temporal layers of one encoding.
const LAYERS: u8 = 4;
const HEADER_EXTENSIONS: usize = 32;

/// What is too much of `parameters`, or does not fit a track of `kind`.
///
/// # Errors
/// The reason, for the client's developer.
pub fn check(kind: MediaKind, parameters: &RtpParameters) -> Result<(), String> {
    let RtpParameters { codecs, encodings, header_extensions, .. } = parameters;
    let counts = [
        ("codecs", codecs.len(), CODECS),
        ("encodings", encodings.len(), ENCODINGS),
        ("headerExtensions", header_extensions.len(), HEADER_EXTENSIONS),
    ];
    if let Some((what, count, most)) = counts.into_iter().find(|(_, count, most)| count > most) {
        return Err(format!("rtpParameters.{what} has {count} entries, {most} are the most"));
    }
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
        mode.spatial_layers().get() <= LAYERS && mode.temporal_layers().get() <= LAYERS
    };
    if !encodings.iter().all(is_bearable) {
        return Err(format!(
            "rtpParameters.encodings: {LAYERS} layers are the most of a scalabilityMode"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn what_no_browser_sends_is_refused_with_the_field() {
        for (encodings, mode) in [(5, "L1T1"), (100, "L1T1"), (1, "L99T1"), (1, "L1T99")] {
            let refusal = check(MediaKind::Video, &video(encodings, mode)).expect_err(mode);
            assert!(refusal.contains("rtpParameters.encodings"), "{refusal}");
        }
    }
}
