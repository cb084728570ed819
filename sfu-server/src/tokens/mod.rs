//! Everything secret: tokens the server signs or checks, passwords, and the names nobody guesses.
//!
//! ```text
//! createRoom ─▶ hostToken        random; its digest goes into every rejoin token
//!            ─▶ session.secret   random; its digest stays with the seat
//! joinRoom   ─▶ rejoinToken      JWT signed with the key on disk: the room, its settings, the peer
//! an embedder's site ─▶ joinToken   JWT signed with --join-secret: room, role, name, expiry
//! ```

mod file;
mod hs256;
mod join;
mod key_file;
mod rejoin;
mod revocations;
mod revoker;
mod sealed;

use std::{sync::Arc, time::Duration};

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine as _};
use daemon::secret::Secret;
use jsonwebtoken::{DecodingKey, EncodingKey, errors::ErrorKind};
use rand::distr::{Alphanumeric, SampleString as _};
use ring::{digest, hmac};
use serde::{Deserialize, Serialize};

pub use self::{
    join::Invitation,
    key_file::Key,
    rejoin::Reentry,
    revocations::{Lock, Revocation, Revocations},
    revoker::Revoker,
};
use crate::signaling::errors::excerpt;

/// The server's keys. Clones share them.
#[derive(Clone)]
pub struct Tokens(Arc<Keys>);

struct Keys {
    sign: EncodingKey,
    verify: DecodingKey,
    passwords: hmac::Key,
    join: Option<DecodingKey>,
    rejoin_lifetime: Duration,
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Tokens")
    }
}

impl Tokens {
    /// `key` signs rejoin tokens, which hold for `rejoin_lifetime`; `join_secret` is what embedders sign theirs with.
    pub fn new(key: &Key, join_secret: Option<&Secret>, rejoin_lifetime: Duration) -> Self {
        hs256::install();
        let root = hmac::Key::new(hmac::HMAC_SHA256, key.bytes());
        // A key for each purpose: what one signs says nothing to the other.
        let mut purpose = b"rejoin tokens".to_vec();
        // What was derived from tokens of another secret, or of none, is void with it.
        purpose.extend(join_secret.iter().flat_map(|secret| secret.text().bytes()));
        let rejoin = hmac::sign(&root, &purpose);
        let passwords = hmac::sign(&root, b"passwords");
        Self(Arc::new(Keys {
            sign: EncodingKey::from_secret(rejoin.as_ref()),
            verify: DecodingKey::from_secret(rejoin.as_ref()),
            passwords: hmac::Key::new(hmac::HMAC_SHA256, passwords.as_ref()),
            join: join_secret.map(|secret| DecodingKey::from_secret(secret.text().as_bytes())),
            rejoin_lifetime,
        }))
    }

    /// How long a rejoin token holds.
    pub fn rejoin_lifetime(&self) -> Duration {
        self.0.rejoin_lifetime
    }

    /// What is kept of a room's password: without the server's key nobody can try passwords against it.
    pub fn password_proof(&self, room_id: &str, password: &str) -> Digest {
        let text = format!("{room_id}\n{password}");
        let tag = hmac::sign(&self.0.passwords, text.as_bytes());
        Digest::from_slice(tag.as_ref())
    }
}

/// A SHA-256 of something secret. Comparing two tells nothing of what they are made of.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Of `secret`.
    pub fn of(secret: &str) -> Self {
        Self::from_slice(digest::digest(&digest::SHA256, secret.as_bytes()).as_ref())
    }

    fn from_slice(bytes: &[u8]) -> Self {
        let mut all = [0; 32];
        all.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
        Self(all)
    }
}

impl From<Digest> for String {
    fn from(Digest(bytes): Digest) -> Self {
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }
}

impl TryFrom<String> for Digest {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).map_err(|_| "no base64")?;
        bytes.try_into().map(Self).map_err(|_| "no digest of 32 bytes")
    }
}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digest")
    }
}

/// `length` letters and digits that nobody guesses: 12 of them are 71 bits.
pub fn random_name(length: usize) -> String {
    Alphanumeric.sample_string(&mut rand::rng(), length)
}

/// Why a token does not hold, in words for the sentence.
fn reason(error: &jsonwebtoken::errors::Error) -> String {
    match error.kind() {
        ErrorKind::ExpiredSignature => "it has expired".into(),
        ErrorKind::ImmatureSignature => "it is not valid yet".into(),
        ErrorKind::InvalidSignature => "it is signed with another key".into(),
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
            "it must be signed with HS256".into()
        }
        ErrorKind::MissingRequiredClaim(claim) => {
            format!("the claim `{claim}` is missing, or cannot be read")
        }
        ErrorKind::InvalidClaimFormat(claim) => format!("the claim `{claim}` cannot be read"),
        ErrorKind::InvalidAudience => "it is meant for something else".into(),
        ErrorKind::Json(error) => {
            format!("its header or its claims are malformed: {}", excerpt(&error.to_string()))
        }
        _ => "it is malformed".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_proven_for_its_room_only() {
        let lifetime = Duration::from_secs(600);
        let tokens = Tokens::new(&Key::random(), None, lifetime);
        let proof = tokens.password_proof("room", "secret");
        assert_eq!(proof, tokens.password_proof("room", "secret"));
        assert_ne!(proof, tokens.password_proof("room", "Secret"));
        assert_ne!(proof, tokens.password_proof("other", "secret"));
        let elsewhere = Tokens::new(&Key::random(), None, lifetime);
        assert_ne!(proof, elsewhere.password_proof("room", "secret"));
    }

    #[test]
    fn names_are_as_long_as_asked_and_never_the_same() {
        assert_eq!(random_name(12).len(), 12);
        assert_ne!(random_name(12), random_name(12));
    }
}
