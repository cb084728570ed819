//! What a client sends with an event: nothing, something, or something that cannot be read. The three are never taken for
//! one another: what cannot be read may have held a password.

use std::{convert::Infallible, sync::Arc};

use serde_json::Value;
use socketioxide::{
    adapter::Adapter,
    handler::{self, FromMessageParts},
    socket::Socket,
};

use crate::signaling::{errors::excerpt, unique::Unique};

/// The first argument of an event.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// There is none, or it is `null`.
    Absent,
    /// It is no JSON that this server reads; why, in words for the sentence.
    Unreadable(String),
    /// It is JSON.
    Given(Value),
}

impl Payload {
    /// Reads it out of `packet`, the event's name and arguments as one list of JSON.
    pub fn read(packet: &str) -> Self {
        match serde_json::from_str::<Vec<Unique>>(packet) {
            // The event's name stands first. More than a payload is not passed by: it may hold what was meant to count.
            Ok(arguments) if arguments.len() > 2 => {
                Self::Unreadable(format!("{} arguments instead of one", arguments.len() - 1))
            }
            Ok(arguments) => arguments.into_iter().nth(1).map(|Unique(payload)| payload).into(),
            Err(error) => Self::Unreadable(excerpt(&error.to_string())),
        }
    }
}

impl From<Option<Value>> for Payload {
    fn from(argument: Option<Value>) -> Self {
        match argument {
            None | Some(Value::Null) => Self::Absent,
            Some(value) => Self::Given(value),
        }
    }
}

/// socketioxide's own extractor borrows keys and gives up on those that are escaped; and an attachment, of which the contract
/// has none, stands in the list as an object that says nothing.
impl<A: Adapter> FromMessageParts<A> for Payload {
    type Error = Infallible;

    fn from_message_parts(
        _socket: &Arc<Socket<A>>,
        packet: &mut handler::Value,
        _ack: &Option<i64>,
    ) -> Result<Self, Infallible> {
        Ok(match packet {
            handler::Value::Str(text, attachments)
                if attachments.as_ref().is_none_or(|attachments| attachments.is_empty()) =>
            {
                Self::read(text)
            }
            _ => Self::Unreadable("it has a binary attachment".into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nothing_and_null_are_the_same_and_whatever_is_json_is_read() {
        for packet in [r#"["createRoom"]"#, r#"["createRoom",null]"#] {
            assert_eq!(Payload::read(packet), Payload::Absent);
        }
        let escaped = r#"["createRoom",{"\u0070assword":"north"}]"#;
        assert_eq!(Payload::read(escaped), Payload::Given(json!({"password": "north"})));
    }

    #[test]
    fn what_cannot_be_read_is_not_nothing() {
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let inside = [r#""\ud83d""#, "1e999", deep.as_str(), r#""\x""#, "", "1}"];
        for value in inside {
            let packet = format!(r#"["createRoom",{{"password":"north","displayName":{value}}}]"#);
            assert!(matches!(Payload::read(&packet), Payload::Unreadable(_)), "{packet}");
        }
        for packet in [
            r#"["createRoom","#,
            r#"["createRoom",{"password":"north","password":null}]"#,
            r#"["createRoom",null,{"password":"north"}]"#,
        ] {
            assert!(matches!(Payload::read(packet), Payload::Unreadable(_)), "{packet}");
        }
    }
}
