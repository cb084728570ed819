//! Port ranges on the command line.

use std::{fmt, ops::RangeInclusive, str::FromStr};

/// Inclusive UDP port range, written `first-last`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortRange(RangeInclusive<u16>);

impl PortRange {
    /// The range as mediasoup takes it.
    pub fn range(&self) -> RangeInclusive<u16> {
        self.0.clone()
    }
}

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no port range; write it as 11000-11999");
        let (first, last) = text.split_once('-').ok_or_else(wrong)?;
        let port = |s: &str| s.parse::<u16>().ok().filter(|&p| p > 0).ok_or_else(wrong);
        let range = port(first)?..=port(last)?;
        if range.is_empty() { Err(wrong()) } else { Ok(Self(range)) }
    }
}

impl fmt::Display for PortRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0.start(), self.0.end())
    }
}
