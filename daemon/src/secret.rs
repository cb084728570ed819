//! Secrets on the command line and in the environment: none is empty, and none that people may try out is short.

use ring::digest;

/// Bytes of a secret that signs, or that opens a door by itself: as many as the hash has (RFC 7518, 3.2).
pub const STRONG: usize = 32;

/// Something only the right people know. It is never printed.
#[derive(Clone)]
pub struct Secret(String);

/// A secret that keeps nobody out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It has no character: as good as published.
    #[error(
        "{flag} ({variable}) is set and empty: remove it, or give a secret, as `openssl rand -base64 32` prints one"
    )]
    Empty {
        /// The flag.
        flag: &'static str,
        /// Its environment variable.
        variable: &'static str,
    },
    /// It can be found by trying.
    #[error(
        "{flag} ({variable}) has {length} bytes: give {STRONG} or more, as `openssl rand -base64 32` prints them"
    )]
    Short {
        /// The flag.
        flag: &'static str,
        /// Its environment variable.
        variable: &'static str,
        /// What it has.
        length: usize,
    },
}

impl Secret {
    /// The value of `flag`, or of its environment `variable`: anything but nothing.
    ///
    /// # Errors
    /// It is empty.
    pub fn given(
        flag: &'static str,
        variable: &'static str,
        text: Option<&str>,
    ) -> Result<Option<Self>, SecretError> {
        match text {
            None => Ok(None),
            Some("") => Err(SecretError::Empty { flag, variable }),
            Some(text) => Ok(Some(Self(text.into()))),
        }
    }

    /// The same of a secret whose holder may do something at once: [`STRONG`] bytes or more.
    ///
    /// # Errors
    /// It is empty or short.
    pub fn strong(
        flag: &'static str,
        variable: &'static str,
        text: Option<&str>,
    ) -> Result<Option<Self>, SecretError> {
        let secret = Self::given(flag, variable, text)?;
        match secret.as_ref().map(|secret| secret.0.len()) {
            Some(length) if length < STRONG => Err(SecretError::Short { flag, variable, length }),
            _ => Ok(secret),
        }
    }

    /// The text itself, for what signs with it.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether `text` is the same. How long that takes tells nothing of where they differ.
    pub fn is(&self, text: &str) -> bool {
        let of = |text: &str| digest::digest(&digest::SHA256, text.as_bytes());
        of(&self.0).as_ref() == of(text).as_ref()
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_given_or_a_secret_that_is_one() {
        fn strong(text: Option<&str>) -> Result<Option<Secret>, SecretError> {
            Secret::strong("--flag", "VARIABLE", text)
        }
        assert!(strong(None).expect("none is wanted").is_none());
        let empty = strong(Some("")).expect_err("empty").to_string();
        assert!(empty.starts_with("--flag (VARIABLE) is set and empty"), "{empty}");
        let short = strong(Some(&"x".repeat(31))).expect_err("short").to_string();
        assert!(short.contains("has 31 bytes: give 32 or more"), "{short}");
        assert!(strong(Some(&"x".repeat(32))).expect("strong").is_some());
        assert!(Secret::given("--flag", "VARIABLE", Some("")).is_err());
        assert!(Secret::given("--flag", "VARIABLE", Some("x")).expect("any").is_some());
    }

    #[test]
    fn a_secret_is_itself_and_says_nothing_of_itself() {
        let secret = Secret::given("--flag", "VARIABLE", Some("north")).expect("one").expect("one");
        assert!(secret.is("north") && !secret.is("North") && !secret.is(""));
        assert_eq!(format!("{secret:?}"), "Secret");
    }
}
