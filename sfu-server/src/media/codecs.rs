//! What rooms speak: Opus, VP8 and H264 (constrained baseline, packetization-mode 1).

use std::num::{NonZeroU8, NonZeroU32};

use mediasoup::prelude::*;
use mediasoup_types::rtp_parameters::{RtpCodecCapabilityFinalized, RtpHeaderExtensionUri};

const OPUS_RATE: NonZeroU32 = NonZeroU32::new(48_000).expect("not zero");
const VIDEO_RATE: NonZeroU32 = NonZeroU32::new(90_000).expect("not zero");
const STEREO: NonZeroU8 = NonZeroU8::new(2).expect("not zero");

/// The codecs every router offers.
pub fn router_codecs() -> Vec<RtpCodecCapability> {
    vec![
        RtpCodecCapability::Audio {
            mime_type: MimeTypeAudio::Opus,
            preferred_payload_type: None,
            clock_rate: OPUS_RATE,
            channels: STEREO,
            parameters: RtpCodecParametersParameters::from([
                ("useinbandfec", 1_u32.into()),
                ("usedtx", 1_u32.into()),
            ]),
            rtcp_feedback: vec![],
        },
        video(MimeTypeVideo::Vp8, RtpCodecParametersParameters::default()),
        // 42e01f: constrained baseline, level 3.1, which every browser encodes (RFC 6184, 8.1).
        video(
            MimeTypeVideo::H264,
            RtpCodecParametersParameters::from([
                ("level-asymmetry-allowed", 1_u32.into()),
                ("packetization-mode", 1_u32.into()),
                ("profile-level-id", "42e01f".into()),
            ]),
        ),
    ]
}

fn video(mime_type: MimeTypeVideo, parameters: RtpCodecParametersParameters) -> RtpCodecCapability {
    RtpCodecCapability::Video {
        mime_type,
        preferred_payload_type: None,
        clock_rate: VIDEO_RATE,
        parameters,
        rtcp_feedback: vec![],
    }
}

/// What browsers are told: without `urn:3gpp:video-orientation`, so that they rotate before encoding. FFmpeg ignores
/// the extension, and a phone held upright would lie on its side in the broadcast.
pub fn browser_capabilities(router: &Router) -> RtpCapabilitiesFinalized {
    let mut capabilities = router.rtp_capabilities();
    capabilities
        .header_extensions
        .retain(|extension| extension.uri != RtpHeaderExtensionUri::VideoOrientation);
    capabilities
}

/// What the composer's FFmpeg understands: one codec per track, no retransmissions, no header extensions.
pub fn ffmpeg_capabilities(router: &Router) -> RtpCapabilities {
    let offered = router.rtp_capabilities();
    let codecs = offered.codecs.into_iter().filter_map(plain_codec).collect();
    RtpCapabilities { codecs, header_extensions: vec![] }
}

fn plain_codec(codec: RtpCodecCapabilityFinalized) -> Option<RtpCodecCapability> {
    match codec {
        RtpCodecCapabilityFinalized::Audio {
            mime_type: mime_type @ MimeTypeAudio::Opus,
            preferred_payload_type,
            clock_rate,
            channels,
            parameters,
            ..
        } => Some(RtpCodecCapability::Audio {
            mime_type,
            preferred_payload_type: Some(preferred_payload_type),
            clock_rate,
            channels,
            parameters,
            rtcp_feedback: vec![],
        }),
        RtpCodecCapabilityFinalized::Video {
            mime_type: mime_type @ (MimeTypeVideo::Vp8 | MimeTypeVideo::H264),
            preferred_payload_type,
            clock_rate,
            parameters,
            ..
        } => Some(RtpCodecCapability::Video {
            mime_type,
            preferred_payload_type: Some(preferred_payload_type),
            clock_rate,
            parameters,
            rtcp_feedback: vec![RtcpFeedback::NackPli, RtcpFeedback::CcmFir],
        }),
        _ => None,
    }
}
