//! What has got about: rooms, and the secrets of those in them, as if everybody told everybody.

use serde_json::{Value, json};

/// Rooms that clients know of: few, so that they meet.
const ROOMS: usize = 3;
/// Secrets of each kind that are known of a room.
const SECRETS: usize = 6;

/// A room that somebody opened; it may be gone.
#[derive(Debug, Clone, Default)]
pub struct Room {
    pub id: String,
    pub host_token: Option<String>,
    /// Anybody's, used or not; some are of peers that a host has removed.
    pub rejoin_tokens: Vec<String>,
    /// Payloads of `resumeSession`: anybody's, of seats that are taken, lost or left.
    pub sessions: Vec<Value>,
}

/// Learns from an answer; says whether there was anything new.
pub fn learn(rooms: &mut Vec<Room>, answer: &Value) -> bool {
    let Some(id) = answer["roomId"].as_str() else { return false };
    if !rooms.iter().any(|room| room.id == id) {
        rooms.push(Room { id: id.into(), ..Room::default() });
        let forgotten = rooms.len().saturating_sub(ROOMS);
        rooms.drain(..forgotten);
    }
    let Some(room) = rooms.iter_mut().find(|room| room.id == id) else { return false };
    if let Some(token) = answer["hostToken"].as_str() {
        room.host_token = Some(token.into());
    }
    if let Some(token) = answer["rejoinToken"].as_str() {
        keep(&mut room.rejoin_tokens, token.into());
    }
    if let Some(session) = session(answer) {
        keep(&mut room.sessions, session);
    }
    true
}

/// What takes up again the seat that an answer gives: `resumeSession`'s payload.
pub fn session(answer: &Value) -> Option<Value> {
    let session = answer.get("session")?;
    Some(json!({
        "roomId": answer["roomId"], "sessionId": session["id"], "secret": session["secret"],
    }))
}

fn keep<T>(secrets: &mut Vec<T>, secret: T) {
    secrets.push(secret);
    let forgotten = secrets.len().saturating_sub(SECRETS);
    secrets.drain(..forgotten);
}
