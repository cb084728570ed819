//! Socket.IO v5 packets in Engine.IO v4 messages over WebSocket, as text; binary attachments are not part of it.
//!
//! Source: <https://socket.io/docs/v4/socket-io-protocol/>, <https://socket.io/docs/v4/engine-io-protocol/>.

use serde_json::Value;

/// Asks for the namespace `/`.
pub const CONNECT: &str = "40";
/// Leaves the namespace `/`.
pub const DISCONNECT: &str = "41";
/// Answers a ping.
pub const PONG: &str = "3";

/// What a server may send.
#[derive(Debug, Clone, PartialEq)]
pub enum Frame {
    /// Engine.IO is open.
    Open,
    /// To be answered with [`PONG`].
    Ping,
    /// The namespace is joined.
    Connected,
    /// The server ends the connection to the namespace.
    Disconnected,
    /// Why the namespace refuses, as the server puts it.
    Refused(String),
    /// An event: its name and first argument.
    Event(String, Value),
    /// An acknowledgement: its id and first argument.
    Ack(u64, Value),
    /// None of these.
    Other,
}

/// Reads one text message.
pub fn parse(text: &str) -> Frame {
    match text.split_at_checked(2) {
        Some(("40", _)) => Frame::Connected,
        Some(("41", _)) => Frame::Disconnected,
        Some(("44", why)) => Frame::Refused(why.into()),
        Some(("42", rest)) => event(rest).unwrap_or(Frame::Other),
        Some(("43", rest)) => ack(rest).unwrap_or(Frame::Other),
        _ if text.starts_with('0') => Frame::Open,
        _ if text.starts_with('2') => Frame::Ping,
        _ => Frame::Other,
    }
}

fn event(rest: &str) -> Option<Frame> {
    let mut arguments = arguments(&rest[rest.find('[')?..])?;
    let Value::String(name) = arguments.next()? else { return None };
    Some(Frame::Event(name, arguments.next().unwrap_or_default()))
}

fn ack(rest: &str) -> Option<Frame> {
    let (id, list) = rest.split_at(rest.find('[')?);
    Some(Frame::Ack(id.parse().ok()?, arguments(list)?.next().unwrap_or_default()))
}

fn arguments(list: &str) -> Option<impl Iterator<Item = Value> + use<>> {
    serde_json::from_str::<Vec<Value>>(list).ok().map(Vec::into_iter)
}

/// An event that wants acknowledgement `id`. `payload` is JSON as it will be sent, good or bad.
pub fn ask(id: u64, event: &str, payload: Option<&str>) -> String {
    let name = Value::from(event);
    match payload {
        None => format!("42{id}[{name}]"),
        Some(payload) => format!("42{id}[{name},{payload}]"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_has_its_id_before_its_arguments() {
        assert_eq!(ask(7, "leaveRoom", None), r#"427["leaveRoom"]"#);
        assert_eq!(ask(12, "a\"b", Some("{\"x\":1}")), r#"4212["a\"b",{"x":1}]"#);
    }

    #[test]
    fn an_answer_and_a_fact_are_told_apart() {
        assert_eq!(parse(r#"4312[{"left":true}]"#), Frame::Ack(12, json!({"left": true})));
        assert_eq!(parse(r#"42["peerLeft",{}]"#), Frame::Event("peerLeft".into(), json!({})));
        assert_eq!(parse("2"), Frame::Ping);
        assert_eq!(parse(r#"40{"sid":"x"}"#), Frame::Connected);
    }

    #[test]
    fn nonsense_is_something_else() {
        for text in ["", "4", "42", "43x[]", "43[1]", "42[5]", "9", "é"] {
            assert_eq!(parse(text), Frame::Other, "{text}");
        }
    }
}
