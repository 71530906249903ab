//! The client that a connection is counted for.

use std::net::{IpAddr, Ipv4Addr};

/// The client of a connection, as far as its address identifies one.
///
/// An IPv4 address is its own group, also where a dual-stack socket reports it as an IPv4-mapped IPv6 address. An IPv6
/// address is reduced to its first 64 bits: a host usually has all addresses of its /64 network, and could otherwise act as
/// any number of clients.
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
    fn mapped_addresses_and_addresses_of_one_64_bit_network_are_one_group() {
        let group = |address: &str| PeerGroup::from(address.parse::<IpAddr>().unwrap());
        for (same, other) in
            [("10.0.0.1", "::ffff:10.0.0.1"), ("fd00:1:2:3::1", "fd00:1:2:3:ffff:ffff:ffff:ffff"), ("::1", "::2")]
        {
            assert_eq!(group(same), group(other), "{same} {other}");
        }
        for (one, another) in
            [("10.0.0.1", "10.0.0.2"), ("::ffff:10.0.0.1", "::ffff:10.0.0.2"), ("fd00:1:2:3::1", "fd00:1:2:4::1")]
        {
            assert_ne!(group(one), group(another), "{one} {another}");
        }
    }
}
