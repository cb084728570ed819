//! Rejoin tokens: after a restart of the server the first client that returns opens its room again, as it was set.

use jsonwebtoken::{Algorithm, Header, Validation, get_current_timestamp};
use serde::{Deserialize, Serialize};

use super::{Tokens, reason};
use crate::{
    room::Charter,
    signaling::{errors::RequestError, messages::Role},
};

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
    /// Signs `reentry`. It holds for [`Tokens::rejoin_lifetime`], so that whoever has left opens nothing for long: a client is
    /// given another as long as it is in the room.
    pub fn sign_reentry(&self, reentry: Reentry) -> String {
        let exp = get_current_timestamp() + self.0.rejoin_lifetime.as_secs();
        let claims = Claims { aud: AUDIENCE.into(), exp, reentry };
        jsonwebtoken::encode(&Header::default(), &claims, &self.0.sign).unwrap_or_else(|error| {
            // A client without a token cannot open its room again, and nothing else is lost.
            tracing::error!(%error, "a rejoin token cannot be signed");
            String::new()
        })
    }

    /// Checks a rejoin token for `room_id`; answers when it expires, too, in seconds since 1970.
    ///
    /// # Errors
    /// It is malformed, expired, signed with another key, of another room, or of a server that let tokens live longer.
    pub fn reentry(&self, token: &str, room_id: &str) -> Result<(Reentry, u64), RequestError> {
        let invalid = |reason| RequestError::InvalidToken { token: "rejoinToken", reason };
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        // This server's own clock has signed it.
        validation.leeway = 0;
        let Claims { exp, reentry, .. } =
            jsonwebtoken::decode::<Claims>(token, &self.0.verify, &validation)
                .map_err(|error| invalid(reason(&error)))?
                .claims;
        if exp > get_current_timestamp() + self.0.rejoin_lifetime.as_secs() {
            return Err(invalid("it lives longer than this server allows".into()));
        }
        if *reentry.charter.room_id != *room_id {
            return Err(invalid("it is of another room".into()));
        }
        Ok((reentry, exp))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use daemon::secret::Secret;

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

    fn server(key: &Key) -> Tokens {
        Tokens::new(key, None, Duration::from_secs(600))
    }

    #[test]
    fn a_token_brings_the_room_and_the_peer_back_as_they_were() {
        let key = Key::random();
        let before = reentry();
        let token = server(&key).sign_reentry(before.clone());
        // The server has been restarted meanwhile.
        let (after, expires) = server(&key).reentry(&token, &before.charter.room_id).expect("ok");
        assert_eq!(after, before);
        let left = expires - get_current_timestamp();
        assert!((590..=600).contains(&left), "{left}");
    }

    #[test]
    fn a_token_of_another_room_or_server_does_not_hold() {
        let before = reentry();
        let tokens = server(&Key::random());
        let token = tokens.sign_reentry(before.clone());
        let refusal = tokens.reentry(&token, "another").expect_err("refused");
        assert!(refusal.to_string().contains("another room"));
        let other = server(&Key::random());
        let refusal = other.reentry(&token, &before.charter.room_id).expect_err("refused");
        assert!(refusal.to_string().contains("another key"));
        assert!(tokens.reentry("", &before.charter.room_id).is_err());
    }

    #[test]
    fn a_token_that_was_to_live_for_days_does_not_hold() {
        let (key, before) = (Key::random(), reentry());
        let generous = Tokens::new(&key, None, Duration::from_secs(7 * 24 * 3600));
        let token = generous.sign_reentry(before.clone());
        let refusal = server(&key).reentry(&token, &before.charter.room_id).expect_err("refused");
        assert!(refusal.to_string().contains("lives longer"), "{refusal}");
    }

    #[test]
    fn what_was_derived_from_a_join_secret_goes_with_it() {
        let (key, before) = (Key::random(), reentry());
        let embedded = |secret: &str| {
            let secret = Secret::strong("--join-secret", "SFU_JOIN_SECRET", Some(secret));
            Tokens::new(&key, secret.expect("strong").as_ref(), Duration::from_secs(600))
        };
        let (one, other) = ("x".repeat(32), "y".repeat(32));
        let token = embedded(&one).sign_reentry(before.clone());
        let room = &before.charter.room_id;
        assert!(embedded(&one).reentry(&token, room).is_ok());
        assert!(embedded(&other).reentry(&token, room).is_err());
        assert!(server(&key).reentry(&token, room).is_err());
    }
}
