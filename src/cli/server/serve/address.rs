//! The syntax of addresses to listen on.

use std::net::{Ipv6Addr, SocketAddr};

/// Parses `IP:PORT`. Without an address, as in `:8443`, it is every address, as in the components of Kubernetes.
pub(super) fn parse(text: &str) -> Result<SocketAddr, String> {
    let all = || text.strip_prefix(':')?.parse().ok().map(|port: u16| (Ipv6Addr::UNSPECIFIED, port).into());
    let invalid = || "must be IP:PORT, for example 127.0.0.1:8443, [::]:8443 or :8443".to_owned();
    text.parse().ok().or_else(all).ok_or_else(invalid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_an_ip_and_a_port_or_a_port_alone() {
        let check = |text, expected: Option<&str>| {
            assert_eq!(parse(text).ok().map(|address| address.to_string()).as_deref(), expected, "{text}");
        };
        check("127.0.0.1:8443", Some("127.0.0.1:8443"));
        check("[::1]:80", Some("[::1]:80"));
        check(":8443", Some("[::]:8443"));
        check("8443", None);
        check(":", None);
        check(":65536", None);
        check("localhost:8443", None);
    }
}
