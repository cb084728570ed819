//! TURN and STUN for browsers that reach the server on no other way: addresses, and credentials that lapse.
//!
//! The scheme is coturn's `use-auth-secret` (draft-uberti-behave-turn-rest-00): the user name is the time of expiry and
//! an id, the password an HMAC-SHA1 of it under a secret that only the two servers know.

use std::{
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use daemon::secret::Secret;
use ring::hmac;

use crate::signaling::messages::IceServer;

/// How long a credential holds: longer than a call, because browsers use it for every refreshed allocation.
const LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// Where browsers find relays.
#[derive(Clone, Debug, Default)]
pub struct Relays(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    urls: Vec<String>,
    secret: Option<hmac::Key>,
}

/// An address no browser takes.
#[derive(Debug, thiserror::Error)]
#[error(
    "--turn-url {0} is no turn:, turns: or stun: address, such as turn:turn.example.org:3478?transport=udp"
)]
pub struct RelayAddressError(String);

impl Relays {
    /// # Errors
    /// One of `urls` is no address of a relay.
    pub fn new(urls: Vec<String>, secret: Option<&Secret>) -> Result<Self, RelayAddressError> {
        let known = |url: &String| {
            let rest =
                ["turn:", "turns:", "stun:"].iter().find_map(|scheme| url.strip_prefix(scheme));
            rest.is_some_and(|host| !host.is_empty())
        };
        if let Some(wrong) = urls.iter().find(|url| !known(url)) {
            return Err(RelayAddressError(wrong.clone()));
        }
        // The scheme's hash, whatever is thought of SHA-1: as HMAC it is not broken, and coturn knows no other by default.
        let key =
            |it: &Secret| hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, it.text().as_bytes());
        Ok(Self(Arc::new(Inner { urls, secret: secret.map(key) })))
    }

    /// What `peer_id` is told: none where there are no relays.
    pub fn for_peer(&self, peer_id: &str) -> Vec<IceServer> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        self.at(now, peer_id)
    }

    fn at(&self, now: Duration, peer_id: &str) -> Vec<IceServer> {
        let Inner { urls, secret } = &*self.0;
        if urls.is_empty() {
            return Vec::new();
        }
        let username = format!("{}:{peer_id}", (now + LIFETIME).as_secs());
        let credential = secret
            .as_ref()
            .map(|secret| BASE64_STANDARD.encode(hmac::sign(secret, username.as_bytes()).as_ref()));
        let username = credential.is_some().then_some(username);
        vec![IceServer { urls: urls.clone(), username, credential }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_what_coturn_computes() {
        let secret = Secret::given("--turn-secret", "SFU_TURN_SECRET", Some("north")).expect("one");
        let urls = vec!["turn:relay.example.org".into()];
        let relays = Relays::new(urls, secret.as_ref()).expect("ok");
        let told = relays.at(Duration::from_secs(1_000_000), "ada");
        // printf 1086400:ada | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(told[0].username.as_deref(), Some("1086400:ada"));
        assert_eq!(told[0].credential.as_deref(), Some("GRI3NLaN7BmlPng/USsdvg2lUp8="));
    }

    #[test]
    fn without_relays_browsers_are_told_of_none() {
        assert_eq!(Relays::default().for_peer("ada"), []);
    }

    #[test]
    fn what_is_no_address_of_a_relay_is_refused() {
        assert!(Relays::new(vec!["stun:stun.example.org".into()], None).is_ok());
        for url in ["http://relay", "relay:3478", "turn:", ""] {
            assert!(Relays::new(vec![url.into()], None).is_err(), "{url}");
        }
    }
}
