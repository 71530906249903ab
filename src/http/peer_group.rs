//! Whom a connection counts for.

use std::net::{IpAddr, Ipv4Addr};

/// The client that a connection belongs to, as far as an address can say. An IPv4 address counts as itself, also where a
/// socket for both families reports it as an IPv4-mapped IPv6 address. Of an IPv6 address the first 64 bits count: whoever
/// has one address of such a network usually has them all, and would be as many clients as it likes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum PeerGroup {
    V4(Ipv4Addr),
    V6(u64),
}

impl From<IpAddr> for PeerGroup {
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => PeerGroup::V4(address),
            IpAddr::V6(address) => PeerGroup::V6((address.to_bits() >> 64) as u64),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_client_is_one_source() {
        let source = |address: &str| PeerGroup::from(address.parse::<IpAddr>().unwrap());
        for (same, other) in
            [("10.0.0.1", "::ffff:10.0.0.1"), ("fd00:1:2:3::1", "fd00:1:2:3:ffff:ffff:ffff:ffff"), ("::1", "::2")]
        {
            assert_eq!(source(same), source(other), "{same} {other}");
        }
        for (one, another) in
            [("10.0.0.1", "10.0.0.2"), ("::ffff:10.0.0.1", "::ffff:10.0.0.2"), ("fd00:1:2:3::1", "fd00:1:2:4::1")]
        {
            assert_ne!(source(one), source(another), "{one} {another}");
        }
    }
}
