//! Join tokens: an embedder's own site decides who enters which room, as what, under which name, until when.

use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;

use super::{Tokens, reason};
use crate::{
    room::is_room_id,
    signaling::{errors::RequestError, messages::Role},
};

/// What a join token allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The only room it opens.
    pub room: String,
    /// As what.
    pub role: Role,
    /// As a host.
    pub host: bool,
    /// Under which name, whatever the client says.
    pub name: Option<String>,
}

/// The claims; `exp` and `nbf` are checked by the library, which passes by an `nbf` that it cannot read.
#[derive(Deserialize)]
struct Claims {
    room: String,
    #[serde(rename = "nbf")]
    _from: Option<f64>,
    #[serde(default)]
    role: ClaimedRole,
    name: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
enum ClaimedRole {
    Host,
    #[default]
    Publisher,
    Viewer,
}

impl Tokens {
    /// Whether this server asks for join tokens.
    pub fn wants_invitations(&self) -> bool {
        self.0.join.is_some()
    }

    /// Checks a join token. None where the server asks for none.
    ///
    /// # Errors
    /// It is missing, malformed, expired, signed with another secret, or names another room than `room_id`.
    pub fn invitation(
        &self,
        token: Option<&str>,
        room_id: Option<&str>,
    ) -> Result<Option<Invitation>, RequestError> {
        let Some(key) = &self.0.join else { return Ok(None) };
        let token = token.ok_or(RequestError::TokenRequired)?;
        let invalid = |reason| RequestError::InvalidToken { token: "joinToken", reason };
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_nbf = true;
        validation.validate_aud = false;
        // A minute is what clocks of two companies may differ.
        validation.leeway = 60;
        let decoded = jsonwebtoken::decode::<Claims>(token, key, &validation)
            .map_err(|error| invalid(reason(&error)))?;
        // What a signer calls critical must be understood (RFC 7515, section 4.1.11), and nothing beyond it is.
        if decoded.header.crit.is_some() {
            return Err(invalid("its header asks for an extension (`crit`)".into()));
        }
        let claims = decoded.claims;
        if room_id.is_some_and(|room_id| room_id != claims.room) {
            return Err(invalid("it is for another room".into()));
        }
        if !is_room_id(&claims.room) {
            return Err(invalid("its room takes 1 to 64 of A-Z a-z 0-9 _ -".into()));
        }
        let (role, host) = match claims.role {
            ClaimedRole::Host => (Role::Publisher, true),
            ClaimedRole::Publisher => (Role::Publisher, false),
            ClaimedRole::Viewer => (Role::Viewer, false),
        };
        Ok(Some(Invitation { room: claims.room, role, host, name: claims.name }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use daemon::secret::Secret;
    use jsonwebtoken::{EncodingKey, Header, get_current_timestamp};
    use serde_json::{Value, json};

    use super::{super::Key, *};

    const SECRET: &str = "the embedder's secret, 32 bytes or more";
    const LIFETIME: Duration = Duration::from_secs(600);

    fn embedded() -> Tokens {
        let secret = Secret::strong("--join-secret", "SFU_JOIN_SECRET", Some(SECRET));
        Tokens::new(&Key::random(), secret.expect("strong").as_ref(), LIFETIME)
    }

    fn signed(claims: &Value, secret: &str) -> String {
        let key = EncodingKey::from_secret(secret.as_bytes());
        jsonwebtoken::encode(&Header::default(), claims, &key).expect("a token")
    }

    fn check(claims: &Value, secret: &str, room: &str) -> Result<Option<Invitation>, String> {
        let tokens = embedded();
        let token = signed(claims, secret);
        tokens.invitation(Some(&token), Some(room)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_token_says_room_role_and_name() {
        let exp = get_current_timestamp() + 600;
        let claims = json!({"room": "r", "role": "host", "name": "Ada", "exp": exp});
        let invitation = check(&claims, SECRET, "r").expect("valid").expect("asked for");
        assert_eq!(
            invitation,
            Invitation {
                room: "r".into(),
                role: Role::Publisher,
                host: true,
                name: Some("Ada".into())
            }
        );
        let viewer = check(&json!({"room": "r", "role": "viewer", "exp": exp}), SECRET, "r");
        assert_eq!(viewer.expect("valid").expect("asked for").role, Role::Viewer);
    }

    #[test]
    fn whoever_wrote_a_header_writes_no_long_sentence_and_no_line_of_the_log() {
        use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
        let header = json!({"alg": format!("none\nERROR {}", "x".repeat(45_000))}).to_string();
        let token = format!("{}.e30.", BASE64_URL_SAFE_NO_PAD.encode(header));
        let error = embedded().invitation(Some(&token), Some("r")).expect_err("no algorithm");
        let sentence = error.sentence();
        assert!(sentence.len() < 400 && !sentence.contains('\n'), "{sentence}");
        assert!(error.to_string().len() < 400, "kept nowhere else");
    }

    #[test]
    fn an_extension_that_its_signer_calls_critical_is_not_passed_by() {
        let header = Header { crit: Some(vec!["b64".into()]), ..Header::default() };
        let claims = json!({"room": "r", "exp": get_current_timestamp() + 600});
        let key = EncodingKey::from_secret(SECRET.as_bytes());
        let tokens = embedded();
        let token = jsonwebtoken::encode(&header, &claims, &key).expect("a token");
        let refused = tokens.invitation(Some(&token), Some("r")).expect_err("refused");
        assert!(refused.to_string().contains("`crit`"), "{refused}");
    }

    #[test]
    fn what_does_not_hold_is_refused_with_the_reason() {
        let now = get_current_timestamp();
        let good = json!({"room": "r", "exp": now + 600});
        for (claims, secret, room, reason) in [
            (good.clone(), SECRET, "other", "another room"),
            (good.clone(), "not the secret", "r", "another key"),
            (json!({"room": "r", "exp": now - 600}), SECRET, "r", "expired"),
            (json!({"room": "r"}), SECRET, "r", "`exp` is missing"),
            (
                json!({"room": "r", "exp": now + 600, "nbf": now + 300}),
                SECRET,
                "r",
                "not valid yet",
            ),
            (json!({"room": "r", "exp": now + 600, "nbf": "tomorrow"}), SECRET, "r", "malformed"),
            (
                json!({"room": "r", "exp": now + 600, "nbf": -1}),
                SECRET,
                "r",
                "`nbf` cannot be read",
            ),
            (json!({"room": "r", "exp": "tomorrow"}), SECRET, "r", "`exp` is missing, or cannot"),
            (json!({"room": "r", "role": "king", "exp": now + 600}), SECRET, "r", "malformed"),
            (json!({"room": "../r", "exp": now + 600}), SECRET, "../r", "its room takes"),
        ] {
            let refusal = check(&claims, secret, room).expect_err(reason);
            assert!(refusal.contains(reason), "{refusal}");
        }
    }

    #[test]
    fn no_token_is_asked_for_without_a_secret_and_one_is_with_it() {
        let open = Tokens::new(&Key::random(), None, LIFETIME);
        assert_eq!(open.invitation(Some("anything"), None), Ok(None));
        let embedded = embedded();
        assert_eq!(embedded.invitation(None, None), Err(RequestError::TokenRequired));
    }

    #[test]
    fn an_unsigned_token_is_none() {
        // {"alg":"none"}.{"room":"r","exp":99999999999}.
        let token = "eyJhbGciOiJub25lIn0.eyJyb29tIjoiciIsImV4cCI6OTk5OTk5OTk5OTl9.";
        let tokens = embedded();
        assert!(tokens.invitation(Some(token), Some("r")).is_err());
    }
}
