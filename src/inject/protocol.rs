//! The transport protocol of a port, as core/v1 spells it.

use std::fmt;
use std::str::FromStr;

/// The transport protocol of a port.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// `TCP`, the default of core/v1.
    #[default]
    Tcp,
    /// `UDP`.
    Udp,
    /// `SCTP`.
    Sctp,
}

/// A protocol that Kubernetes does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownProtocol;

impl Protocol {
    /// All of them, in the order in which the Kubernetes API lists them.
    pub const ALL: [Protocol; 3] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];

    /// The spelling of core/v1.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Protocol::Tcp => "TCP",
            Protocol::Udp => "UDP",
            Protocol::Sctp => "SCTP",
        }
    }

    /// The protocol of a Pod that is being reviewed. Absent means TCP; so does anything that is not a protocol, because
    /// the API server denies that Pod after the webhooks.
    #[must_use]
    pub fn lenient(text: Option<&str>) -> Self {
        text.and_then(|text| text.parse().ok()).unwrap_or_default()
    }
}

/// Strict: the spelling of core/v1, and no other.
impl FromStr for Protocol {
    type Err = UnknownProtocol;

    fn from_str(text: &str) -> Result<Self, UnknownProtocol> {
        Protocol::ALL.into_iter().find(|protocol| protocol.as_str() == text).ok_or(UnknownProtocol)
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strict_reading_rejects_what_the_lenient_one_takes_for_tcp() {
        for protocol in Protocol::ALL {
            assert_eq!(protocol.as_str().parse(), Ok(protocol));
            assert_eq!(Protocol::lenient(Some(protocol.as_str())), protocol);
        }
        for invalid in ["", "tcp", "udp", "ICMP"] {
            assert_eq!(invalid.parse::<Protocol>(), Err(UnknownProtocol));
            assert_eq!(Protocol::lenient(Some(invalid)), Protocol::Tcp);
        }
        assert_eq!(Protocol::lenient(None), Protocol::Tcp);
    }
}
