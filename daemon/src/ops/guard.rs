//! Who may ask the ops listener what. Browsers are the danger: a page of any site can send requests to this machine, and by a
//! name that is made to point here (DNS rebinding) it reads the answers too.
//!
//! ```text
//! the token ──────────────────────────────────────────────▶ everything
//! no Host, an address, localhost, a name of --ops-host ───▶ reading ──from this machine, of no foreign page──▶ changing
//! ```

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header, uri::Authority},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};

use crate::{listen, secret::Secret};

/// The rules of one ops listener.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    hosts: Arc<[String]>,
    token: Option<Secret>,
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("{0} is no name of this listener: ask by its address, or name it with --ops-host")]
    Host(String),
    #[error("pages of {0} may change nothing here")]
    Origin(String),
    #[error("{0} is another machine: ask from this one, or with the token of --ops-token")]
    Source(IpAddr),
}

impl Guard {
    /// Answers under the names of `hosts` too, and whoever has `token` everything.
    pub fn new(hosts: &[String], token: Option<Secret>) -> Self {
        Self { hosts: hosts.iter().map(|host| host.to_ascii_lowercase()).collect(), token }
    }

    /// `router`, all of whose routes ask this guard first.
    pub fn before(self, router: Router) -> Router {
        router.layer(from_fn_with_state(self, ask))
    }

    fn check(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        source: IpAddr,
    ) -> Result<(), Refusal> {
        if self.has_token(headers) {
            return Ok(());
        }
        // HTTP/2 says it in the address.
        let asked = uri.authority().map(Authority::as_str);
        let hosts = || all(headers, &header::HOST).chain(asked);
        if let Some(unknown) = hosts().find(|host| !self.knows(host)) {
            return Err(Refusal::Host(unknown.chars().take(100).collect()));
        }
        if method.is_safe() {
            return Ok(());
        }
        let own = hosts().next().map(|host| format!("http://{host}"));
        let is_own =
            |origin: &str| own.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(origin));
        if let Some(other) = all(headers, &header::ORIGIN).find(|origin| !is_own(origin)) {
            return Err(Refusal::Origin(other.chars().take(100).collect()));
        }
        // Browsers say it beside an Origin, and where they send none.
        let sites = HeaderName::from_static("sec-fetch-site");
        if all(headers, &sites).any(|site| site != "same-origin" && site != "none") {
            return Err(Refusal::Origin("another site".into()));
        }
        if listen::is_loopback(source) { Ok(()) } else { Err(Refusal::Source(source)) }
    }

    fn has_token(&self, headers: &HeaderMap) -> bool {
        let said = headers.get(header::AUTHORIZATION).and_then(|said| said.to_str().ok());
        let shown = said.and_then(|said| said.strip_prefix("Bearer "));
        self.token.as_ref().zip(shown).is_some_and(|(token, shown)| token.is(shown))
    }

    /// An address cannot be made to point elsewhere, and `localhost` is no name of the network.
    fn knows(&self, host: &str) -> bool {
        let Ok(authority) = host.parse::<Authority>() else { return false };
        // Nothing stands before the name, and nothing but a port behind it.
        let rest = authority.as_str().strip_prefix(authority.host());
        let is_port = |rest: &str| {
            rest.strip_prefix(':').is_some_and(|port| port.bytes().all(|b| b.is_ascii_digit()))
        };
        if !rest.is_some_and(|rest| rest.is_empty() || is_port(rest)) {
            return false;
        }
        let name = authority.host().to_ascii_lowercase();
        let bracketed = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        let is_address = match bracketed {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => name.parse::<Ipv4Addr>().is_ok(),
        };
        is_address || name == "localhost" || self.hosts.contains(&name)
    }
}

/// Every value of a header that should stand once.
fn all<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap_or("what is no name"))
}

async fn ask(
    State(guard): State<Guard>,
    ConnectInfo(source): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    match guard.check(request.method(), request.uri(), request.headers(), source.ip()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            tracing::warn!(%source, method = %request.method(), path = request.uri().path(), "ops: {refusal}");
            (StatusCode::FORBIDDEN, format!("{refusal}\n")).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: &str = "127.0.0.1";
    const TOKEN: &str = "a token of thirty-two bytes or more";

    fn guard() -> Guard {
        let token = Secret::strong("--ops-token", "OPS_TOKEN", Some(TOKEN)).expect("a token");
        Guard::new(&["Probes.example".into()], token)
    }

    fn asked(
        method: Method,
        headers: &[(header::HeaderName, &str)],
        source: &str,
    ) -> Result<(), Refusal> {
        let headers =
            headers.iter().map(|(name, value)| (name.clone(), value.parse().expect("a value")));
        let uri = Uri::from_static("/workers/0/replace");
        let mut said = HeaderMap::new();
        for (name, value) in headers {
            said.append(name, value);
        }
        guard().check(&method, &uri, &said, source.parse().expect("an address"))
    }

    #[test]
    fn whatever_cannot_be_rebound_may_read_and_so_may_what_says_no_host() {
        assert_eq!(asked(Method::GET, &[], "192.0.2.1"), Ok(()));
        for host in [
            "127.0.0.1:9100",
            "[::1]:9100",
            "10.0.0.7",
            "localhost:9100",
            "LOCALHOST",
            "probes.example",
        ] {
            assert_eq!(asked(Method::GET, &[(header::HOST, host)], HERE), Ok(()), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "probes.example.evil",
            "127.0.0.1.evil.example",
            "[::1].evil.example",
            "[127.0.0.1].evil",
            "[127.0.0.1]",
            "evil@127.0.0.1",
            "a b",
        ] {
            let refused = asked(Method::GET, &[(header::HOST, host)], HERE);
            assert!(matches!(refused, Err(Refusal::Host(_))), "{host}");
        }
        let http2 = guard().check(
            &Method::GET,
            &Uri::from_static("http://evil.example/dump"),
            &HeaderMap::new(),
            HERE.parse().expect("an address"),
        );
        assert!(matches!(http2, Err(Refusal::Host(_))));
    }

    #[test]
    fn only_this_machine_changes_something_and_no_page_of_another_site() {
        let host = (header::HOST, "127.0.0.1:9100");
        assert_eq!(asked(Method::POST, &[], HERE), Ok(()), "a probe without Host");
        let named = std::slice::from_ref(&host);
        assert_eq!(asked(Method::POST, named, "::ffff:127.0.0.1"), Ok(()));
        assert!(matches!(asked(Method::POST, named, "192.0.2.1"), Err(Refusal::Source(_))));
        for origin in
            ["https://evil.example", "null", "http://127.0.0.1:3000", "http://localhost:9100"]
        {
            let refused = asked(Method::POST, &[host.clone(), (header::ORIGIN, origin)], HERE);
            assert!(matches!(refused, Err(Refusal::Origin(_))), "{origin}");
        }
        assert_eq!(
            asked(Method::POST, &[host.clone(), (header::ORIGIN, "http://127.0.0.1:9100")], HERE),
            Ok(())
        );
        assert!(matches!(
            asked(Method::POST, &[(header::ORIGIN, "null")], HERE),
            Err(Refusal::Origin(_))
        ));
        for site in ["cross-site", "same-site"] {
            let fetched = HeaderName::from_static("sec-fetch-site");
            let refused = asked(Method::POST, &[host.clone(), (fetched, site)], HERE);
            assert!(matches!(refused, Err(Refusal::Origin(_))), "{site}");
        }
        let own = (header::ORIGIN, "http://127.0.0.1:9100");
        let evil = (header::ORIGIN, "https://evil.example");
        for headers in [[host.clone(), own.clone(), evil.clone()], [host.clone(), evil, own]] {
            assert!(matches!(asked(Method::POST, &headers, HERE), Err(Refusal::Origin(_))));
        }
        let two = [host.clone(), (header::HOST, "evil.example")];
        assert!(matches!(asked(Method::GET, &two, HERE), Err(Refusal::Host(_))));
        for method in [Method::PUT, Method::DELETE, Method::PATCH] {
            assert!(
                asked(method, &[], "192.0.2.1").is_err(),
                "every method that changes something"
            );
        }
    }

    #[test]
    fn the_token_opens_everything_from_everywhere_and_no_other_does() {
        let bearer = format!("Bearer {TOKEN}");
        let from_afar = |shown: &str| {
            asked(
                Method::POST,
                &[(header::AUTHORIZATION, shown), (header::HOST, "ops.internal")],
                "192.0.2.1",
            )
        };
        assert_eq!(from_afar(&bearer), Ok(()));
        for shown in ["Bearer ", "Bearer guessed", TOKEN, &format!("Basic {TOKEN}")] {
            assert!(from_afar(shown).is_err(), "{shown}");
        }
        let nobody = Guard::default().check(
            &Method::POST,
            &Uri::from_static("/"),
            &HeaderMap::from_iter([(header::AUTHORIZATION, "Bearer ".parse().expect("a value"))]),
            "192.0.2.1".parse().expect("an address"),
        );
        assert!(nobody.is_err(), "without a token nothing is one");
    }
}
