//! Inputs that are well-formed and say too much: long lists, deep nesting, payloads around the limit of 64 KiB.

use rig::parameters;
use serde_json::{Value, json};

use super::corpus::Input;

/// A payload may have so many bytes.
pub const LIMIT: usize = 64 * 1024;

/// All of them.
pub fn inputs() -> Vec<Input> {
    let values = [
        ("encodings-100", produce("encodings", vec![json!({}); 100])),
        ("encodings-5-with-ssrcs", track(parameters::vp8_layers(&[1, 2, 3, 4, 5]))),
        ("encodings-100-with-ssrcs", track(parameters::vp8_layers(&numbers(100)))),
        ("scalability-modes", produce("encodings", vec![json!({ "scalabilityMode": "L99T99" })])),
        ("scalability-mode-name", {
            let endless = format!("L1T1{}", "A".repeat(60_000));
            produce("encodings", vec![json!({ "ssrc": 7, "scalabilityMode": endless })])
        }),
        ("codecs-1000", produce("codecs", vec![codec(); 1000])),
        ("header-extensions-1000", produce("headerExtensions", vec![extension(); 1000])),
        ("feedback-1000", produce("codecs", vec![with("rtcpFeedback", json!(vec![nack(); 1000]))])),
        ("parameters-1000", produce("codecs", vec![with("parameters", keys(1000))])),
        ("capabilities-1000-codecs", consume("codecs", vec![capability(); 1000])),
        ("capabilities-1000-extensions", consume("headerExtensions", vec![extension(); 1000])),
        ("fingerprints-400", json!({ "dtlsParameters": fingerprints(400) })),
        (
            "app-data-1000",
            json!({ "kind": "audio", "rtpParameters": parameters::opus(7), "appData": keys(1000) }),
        ),
    ];
    let values = values.into_iter().map(|(name, value)| (name, value.to_string()));
    let texts = [
        ("deep-100-objects", nested("{\"roomId\":", "}", 100)),
        ("deep-120-arrays", format!("{{\"roomId\":{}}}", nested("[", "]", 120))),
        ("deep-200-objects", nested("{\"roomId\":", "}", 200)),
        ("deep-200-arrays", format!("{{\"roomId\":{}}}", nested("[", "]", 200))),
        ("duplicate-keys-1000", format!("{{{}\"roomId\":\"z\"}}", "\"roomId\":\"a\",".repeat(1000))),
        ("duplicate-lists", "{\"kind\":\"video\",\"rtpParameters\":{\"codecs\":[],\"codecs\":[5]},\"rtpParameters\":{}}".into()),
        ("digits-1000", format!("{{\"spatialLayer\":{0},\"height\":-{0},\"consumerId\":\"a\"}}", "9".repeat(1000))),
        ("exponents", "{\"spatialLayer\":1e999,\"temporalLayer\":-1e-999,\"height\":4294967296,\"consumerId\":\"a\"}".into()),
        ("lone-surrogates-1000", format!("{{\"roomId\":\"{}\"}}", "\\udc00\\ud800".repeat(1000))),
        ("limit-1", of_length(LIMIT - 1)),
        ("limit", of_length(LIMIT)),
        ("limit+1", of_length(LIMIT + 1)),
    ];
    let texts = texts.into_iter();
    let all = values.chain(texts);
    all.map(|(name, text)| Input { name: format!("large-{name}"), bytes: text.into() }).collect()
}

/// A payload of exactly so many bytes.
pub fn of_length(bytes: usize) -> String {
    let frame = "{\"roomId\":\"\"}".len();
    format!("{{\"roomId\":\"{}\"}}", "x".repeat(bytes - frame))
}

fn track(rtp_parameters: Value) -> Value {
    json!({ "kind": "video", "rtpParameters": rtp_parameters })
}

/// A camera with another list.
fn produce(list: &str, items: Vec<Value>) -> Value {
    let mut rtp_parameters = parameters::vp8(7);
    rtp_parameters[list] = items.into();
    track(rtp_parameters)
}

fn consume(list: &str, items: Vec<Value>) -> Value {
    let mut capabilities = parameters::capabilities();
    capabilities[list] = items.into();
    let producer = "00000000-0000-4000-8000-000000000000";
    json!({ "producerId": producer, "rtpCapabilities": capabilities })
}

fn codec() -> Value {
    json!({ "mimeType": "video/VP8", "payloadType": 96, "clockRate": 90_000 })
}

fn with(field: &str, value: Value) -> Value {
    let mut codec = codec();
    codec[field] = value;
    codec
}

fn capability() -> Value {
    json!({ "kind": "video", "mimeType": "video/VP8", "clockRate": 90_000 })
}

fn extension() -> Value {
    json!({ "uri": "urn:ietf:params:rtp-hdrext:sdes:mid", "id": 1 })
}

fn nack() -> Value {
    json!({ "type": "nack", "parameter": "" })
}

fn keys(count: u32) -> Value {
    numbers(count).into_iter().map(|number| (format!("k{number}"), number)).collect()
}

fn fingerprints(count: usize) -> Value {
    let mut dtls = parameters::dtls();
    let one = dtls["fingerprints"][0].clone();
    dtls["fingerprints"] = vec![one; count].into();
    dtls
}

fn numbers(count: u32) -> Vec<u32> {
    (1..=count).collect()
}

fn nested(open: &str, close: &str, levels: usize) -> String {
    format!("{}1{}", open.repeat(levels), close.repeat(levels))
}
