//! Origins on the command line, as browsers write them (RFC 6454, 6.2).

use std::{fmt, str::FromStr};

/// Scheme, host and port, such as `https://product.example.org`. It is put into headers as it is, so it holds nothing that
/// could end a value there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(String);

/// What is no origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no origin; write it as https://product.example.org or http://192.0.2.1:8080")]
pub struct OriginError(String);

impl Origin {
    /// As it stands in headers.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    /// A path behind it, as in a public URL, is no part of it.
    fn from_str(text: &str) -> Result<Self, OriginError> {
        let wrong = || OriginError(text.into());
        let (scheme, rest) = text.split_once("://").ok_or_else(wrong)?;
        let host = rest.split('/').next().unwrap_or_default();
        let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b));
        let is_host = !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._:[]".contains(&b));
        if is_scheme && is_host {
            Ok(Self(format!("{scheme}://{host}").to_ascii_lowercase()))
        } else {
            Err(wrong())
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_scheme_host_and_port_and_nothing_else() {
        for (text, origin) in [
            ("https://product.example.org", "https://product.example.org"),
            ("https://Live.Example.org/some/path", "https://live.example.org"),
            ("http://[::1]:3000", "http://[::1]:3000"),
            ("capacitor://localhost", "capacitor://localhost"),
        ] {
            assert_eq!(text.parse::<Origin>().expect(text).as_str(), origin);
        }
        for text in [
            "",
            "null",
            "*",
            "https://",
            "product.example.org",
            "https://a b",
            "https://a;b",
            "https://a'b",
        ] {
            assert!(text.parse::<Origin>().is_err(), "{text}");
        }
    }
}
