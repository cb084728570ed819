//! Rejoin tokens: after a restart of the server the first client that returns opens its room again, as it was set.

use std::time::Duration;

use jsonwebtoken::{Algorithm, Header, Validation, get_current_timestamp};
use serde::{Deserialize, Serialize};

use super::{Tokens, reason};
use crate::{
    room::Charter,
    signaling::{errors::RequestError, messages::Role},
};

/// Longer than any call; whoever stays longer was given a newer one with the last change of the room's settings.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 3600);
/// Join tokens are no rejoin tokens, even should somebody use one secret for both.
const AUDIENCE: &str = "rejoin";

/// A room as one peer knows it, and the peer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reentry {
    /// The room, to be opened again.
    pub charter: Charter,
    /// The peer, who keeps its id.
    pub peer_id: String,
    /// And its name: an embedder may have given it.
    pub display_name: Option<String>,
    /// As what it was in the room.
    pub role: Role,
    /// It was a host.
    pub host: bool,
    /// Its place in the order of tiles.
    pub joined: u64,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    aud: String,
    exp: u64,
    #[serde(flatten)]
    reentry: Reentry,
}

impl Tokens {
    /// Signs `reentry`.
    pub fn sign_reentry(&self, reentry: Reentry) -> String {
        let exp = get_current_timestamp() + LIFETIME.as_secs();
        let claims = Claims { aud: AUDIENCE.into(), exp, reentry };
        jsonwebtoken::encode(&Header::default(), &claims, &self.0.sign).unwrap_or_else(|error| {
            // A client without a token cannot open its room again, and nothing else is lost.
            tracing::error!(%error, "a rejoin token cannot be signed");
            String::new()
        })
    }

    /// Checks a rejoin token for `room_id`.
    ///
    /// # Errors
    /// It is malformed, expired, signed with another key, or of another room.
    pub fn reentry(&self, token: &str, room_id: &str) -> Result<Reentry, RequestError> {
        let invalid = |reason| RequestError::InvalidToken { token: "rejoinToken", reason };
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        let reentry = jsonwebtoken::decode::<Claims>(token, &self.0.verify, &validation)
            .map_err(|error| invalid(reason(&error)))?
            .claims
            .reentry;
        if *reentry.charter.room_id != *room_id {
            return Err(invalid("it is of another room".into()));
        }
        Ok(reentry)
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Key, *};

    fn reentry() -> Reentry {
        let (charter, _) = Charter::draw_up(None);
        Reentry {
            charter,
            peer_id: "peer".into(),
            display_name: Some("Ada".into()),
            role: Role::Publisher,
            host: true,
            joined: 3,
        }
    }

    #[test]
    fn a_token_brings_the_room_and_the_peer_back_as_they_were() {
        let key = Key::random();
        let before = reentry();
        let token = Tokens::new(&key, None).sign_reentry(before.clone());
        // The server has been restarted meanwhile.
        let after = Tokens::new(&key, None).reentry(&token, &before.charter.room_id);
        assert_eq!(after, Ok(before));
    }

    #[test]
    fn a_token_of_another_room_or_server_does_not_hold() {
        let before = reentry();
        let tokens = Tokens::new(&Key::random(), None);
        let token = tokens.sign_reentry(before.clone());
        let refusal = tokens.reentry(&token, "another").expect_err("refused");
        assert!(refusal.to_string().contains("another room"));
        let other = Tokens::new(&Key::random(), None);
        let refusal = other.reentry(&token, &before.charter.room_id).expect_err("refused");
        assert!(refusal.to_string().contains("another key"));
        assert!(tokens.reentry("", &before.charter.room_id).is_err());
    }
}
