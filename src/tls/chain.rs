//! A serving certificate without its key, as clients see it.

use std::time::SystemTime;

use rustls_pki_types::CertificateDer;

use super::ca::TrustAnchor;
use super::pair::{PairFault, parse_chain, validity};
use super::trust::is_trusted;

/// A chain of certificates, the serving certificate first.
#[derive(Debug)]
pub struct ServedChain {
    chain: Vec<CertificateDer<'static>>,
    begins: SystemTime,
    expires: SystemTime,
}

/// Why a client rejects a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainFault {
    /// A certificate of the chain is not valid yet.
    NotBegun,
    /// A certificate of the chain has expired.
    Expired,
    /// No CA that the client trusts issued it, or it is not for the name.
    NotTrusted,
}

impl ServedChain {
    /// Parses PEM.
    ///
    /// # Errors
    /// There is no certificate, or one cannot be parsed.
    pub fn parse(pem: &[u8]) -> Result<Self, PairFault> {
        let chain = parse_chain(pem)?;
        let (begins, expires) = validity(&chain)?;
        Ok(ServedChain { chain, begins, expires })
    }

    /// The end of the time in which every certificate of the chain is valid.
    #[must_use]
    pub fn expires(&self) -> SystemTime {
        self.expires
    }

    /// Verifies the chain as a client does that connects to a DNS name and trusts the CAs of a bundle (PEM).
    ///
    /// # Errors
    /// Why the client closes the connection.
    pub fn verify(&self, bundle: &[u8], name: &str, now: SystemTime) -> Result<(), ChainFault> {
        if now < self.begins {
            return Err(ChainFault::NotBegun);
        }
        if now >= self.expires {
            return Err(ChainFault::Expired);
        }
        let anchors = TrustAnchor::parse_all(bundle);
        let names = [name.to_owned()];
        is_trusted(&anchors, &self.chain, &names, now).then_some(()).ok_or(ChainFault::NotTrusted)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tls::development;

    #[test]
    fn a_chain_is_verified_for_the_name_the_bundle_and_the_time() {
        let issued = development::issue(["podgraft.own.svc".to_owned()]).unwrap();
        let other = development::issue(["podgraft.own.svc".to_owned()]).unwrap();
        let chain = ServedChain::parse(issued.certificate.as_bytes()).unwrap();
        let now = SystemTime::now();
        let verify = |bundle: &str, name: &str, now| chain.verify(bundle.as_bytes(), name, now);
        assert_eq!(verify(&issued.authority, "podgraft.own.svc", now), Ok(()));
        assert_eq!(verify(&issued.authority, "podgraft.other.svc", now), Err(ChainFault::NotTrusted));
        assert_eq!(verify(&other.authority, "podgraft.own.svc", now), Err(ChainFault::NotTrusted));
        assert_eq!(verify("", "podgraft.own.svc", now), Err(ChainFault::NotTrusted));
        let both = format!("{}{}", other.authority, issued.authority);
        assert_eq!(verify(&both, "podgraft.own.svc", now), Ok(()));
        let later = chain.expires() + Duration::from_secs(1);
        assert_eq!(verify(&issued.authority, "podgraft.own.svc", later), Err(ChainFault::Expired));
        let long_ago = SystemTime::UNIX_EPOCH;
        assert_eq!(verify(&issued.authority, "podgraft.own.svc", long_ago), Err(ChainFault::NotBegun));
    }

    #[test]
    fn a_text_without_a_certificate_is_no_chain() {
        assert!(ServedChain::parse(b"").is_err());
        assert!(ServedChain::parse(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_err());
    }
}
