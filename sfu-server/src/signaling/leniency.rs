//! What mediasoup for Node takes as read and mediasoup's Rust types insist on: lists and flags that clients of the original
//! server leave out. Each is given the value it has there (RTP parameters and capabilities, mediasoup v3).

use mediasoup::prelude::RtpHeaderExtensionUri;
use serde_json::{Map, Value, json};

type Fields = Map<String, Value>;

/// Completes the payload of `event`, where it has RTP parameters or capabilities.
pub fn complete(event: &str, payload: &mut Fields) {
    match event {
        "produce" => with(payload, "rtpParameters", parameters),
        "consume" => with(payload, "rtpCapabilities", capabilities),
        _ => {}
    }
}

fn parameters(parameters: &mut Fields) {
    each(parameters, "codecs", |codec| {
        default(codec, "parameters", json!({}));
        default(codec, "rtcpFeedback", json!([]));
        each(codec, "rtcpFeedback", |feedback| default(feedback, "parameter", json!("")));
    });
    header_extensions(parameters);
    each(parameters, "headerExtensions", |extension| {
        default(extension, "encrypt", json!(false));
        default(extension, "parameters", json!({}));
    });
    default(parameters, "encodings", json!([]));
    default(parameters, "rtcp", json!({}));
    with(parameters, "rtcp", |rtcp| default(rtcp, "reducedSize", json!(true)));
}

fn capabilities(capabilities: &mut Fields) {
    default(capabilities, "codecs", json!([]));
    each(capabilities, "codecs", |codec| {
        default(codec, "parameters", json!({}));
        default(codec, "rtcpFeedback", json!([]));
        each(codec, "rtcpFeedback", |feedback| default(feedback, "parameter", json!("")));
    });
    header_extensions(capabilities);
    each(capabilities, "headerExtensions", |extension| {
        default(extension, "preferredEncrypt", json!(false));
        default(extension, "direction", json!("sendrecv"));
    });
}

/// Those that mediasoup does not know, nobody would hear of: a browser's own list names many.
fn header_extensions(fields: &mut Fields) {
    default(fields, "headerExtensions", json!([]));
    if let Some(Value::Array(extensions)) = fields.get_mut("headerExtensions") {
        extensions.retain(|extension| {
            let uri = extension.get("uri").and_then(Value::as_str);
            uri.is_none_or(|uri| uri.parse::<RtpHeaderExtensionUri>().is_ok())
        });
    }
}

fn default(fields: &mut Fields, name: &str, value: Value) {
    fields.entry(name).or_insert(value);
}

fn with(fields: &mut Fields, name: &str, complete: impl FnOnce(&mut Fields)) {
    if let Some(Value::Object(fields)) = fields.get_mut(name) {
        complete(fields);
    }
}

fn each(fields: &mut Fields, name: &str, complete: impl Fn(&mut Fields)) {
    if let Some(Value::Array(items)) = fields.get_mut(name) {
        items.iter_mut().filter_map(Value::as_object_mut).for_each(complete);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signaling::request::Request;

    #[test]
    fn what_nodes_mediasoup_takes_is_taken() {
        let codec = json!({"mimeType": "audio/opus", "payloadType": 111, "clockRate": 48_000, "channels": 2});
        let extension = json!({"uri": "urn:ietf:params:rtp-hdrext:sdes:mid", "id": 1});
        let bare = json!({
            "kind": "audio",
            "rtpParameters": {"codecs": [codec], "headerExtensions": [extension], "encodings": [{"ssrc": 7}]},
        });
        assert!(matches!(Request::decode("produce", Some(bare)), Ok(Request::Produce(_))));

        let codec = json!({
            "kind": "audio", "mimeType": "audio/opus", "preferredPayloadType": 100, "clockRate": 48_000,
            "channels": 2, "rtcpFeedback": [{"type": "transport-cc"}],
        });
        let extension = json!({
            "kind": "audio", "uri": "urn:ietf:params:rtp-hdrext:sdes:mid", "preferredId": 1,
        });
        let unknown = json!({"kind": "audio", "uri": "urn:example:unknown", "preferredId": 2});
        let bare = json!({
            "producerId": "x", "rtpCapabilities": {"codecs": [codec], "headerExtensions": [extension, unknown]},
        });
        assert!(matches!(Request::decode("consume", Some(bare)), Ok(Request::Consume(_))));
    }

    #[test]
    fn what_is_said_stays_as_it_is() {
        let said = json!({"rtpParameters": {
            "codecs": [], "headerExtensions": [], "encodings": [], "rtcp": {"reducedSize": false},
        }});
        let mut completed = said.as_object().cloned().expect("an object");
        complete("produce", &mut completed);
        assert_eq!(Value::Object(completed), said);
    }
}
