//! What a browser would say in `produce`, `consume` and `connect…Transport`, as small as a server takes it.

use serde_json::{Value, json};

/// RTP payload type of Opus, in both directions: the one mediasoup's routers choose.
pub const OPUS: u8 = 100;
/// RTP payload type of VP8, in both directions, as above.
pub const VP8: u8 = 101;

/// Header extension of a stream's media section (RFC 9143).
pub const MID: u8 = 1;
/// Header extension of a stream's id (RFC 8852).
pub const RID: u8 = 2;

/// `rtpParameters` of a microphone.
pub fn opus(ssrc: u32) -> Value {
    let codec = json!({
        "mimeType": "audio/opus", "payloadType": OPUS, "clockRate": 48_000, "channels": 2,
        "parameters": { "useinbandfec": 1 }, "rtcpFeedback": [],
    });
    streams(&codec, &[ssrc])
}

/// `rtpParameters` of a camera.
pub fn vp8(ssrc: u32) -> Value {
    vp8_layers(&[ssrc])
}

/// `rtpParameters` of a camera with several layers, from the smallest to the largest.
pub fn vp8_layers(ssrcs: &[u32]) -> Value {
    let feedback =
        json!([{ "type": "nack", "parameter": "pli" }, { "type": "ccm", "parameter": "fir" }]);
    let codec = json!({
        "mimeType": "video/VP8", "payloadType": VP8, "clockRate": 90_000,
        "parameters": {}, "rtcpFeedback": feedback,
    });
    streams(&codec, ssrcs)
}

/// `rtpParameters` of a codec no router here knows.
pub fn foreign(ssrc: u32) -> Value {
    let codec = json!({
        "mimeType": "video/VP9", "payloadType": VP8, "clockRate": 90_000,
        "parameters": {}, "rtcpFeedback": [],
    });
    streams(&codec, &[ssrc])
}

fn streams(codec: &Value, ssrcs: &[u32]) -> Value {
    let encodings: Vec<Value> = ssrcs.iter().map(|ssrc| json!({ "ssrc": ssrc })).collect();
    json!({
        // Unique on a transport, as the SSRC is.
        "mid": ssrcs[0].to_string(), "codecs": [codec], "headerExtensions": [], "encodings": encodings,
        "rtcp": { "cname": "rig", "reducedSize": true },
    })
}

/// `rtpCapabilities` of a receiver of Opus and VP8 that asks for no retransmissions: what is lost stays lost, and shows.
pub fn capabilities() -> Value {
    json!({
        "codecs": [
            {
                "kind": "audio", "mimeType": "audio/opus", "preferredPayloadType": OPUS,
                "clockRate": 48_000, "channels": 2, "parameters": {}, "rtcpFeedback": [],
            },
            {
                "kind": "video", "mimeType": "video/VP8", "preferredPayloadType": VP8,
                "clockRate": 90_000, "parameters": {},
                "rtcpFeedback": [{ "type": "nack", "parameter": "pli" }],
            },
        ],
        "headerExtensions": [],
    })
}

/// `rtpCapabilities` of a receiver that decodes nothing.
pub fn deaf() -> Value {
    json!({ "codecs": [], "headerExtensions": [] })
}

/// `dtlsParameters` with the fingerprint of a certificate nobody has.
pub fn dtls() -> Value {
    let fingerprint = vec!["AB"; 32].join(":");
    json!({ "role": "client", "fingerprints": [{ "algorithm": "sha-256", "value": fingerprint }] })
}
