//! A certificate chain and its key, checked.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::crypto::ring::sign::any_supported_type;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use x509_parser::parse_x509_certificate;

/// A certificate chain and the key of its first certificate.
#[derive(Debug)]
pub struct Pair {
    key: Arc<CertifiedKey>,
    begins: SystemTime,
    expires: SystemTime,
}

/// Why a certificate and a key are not a pair. Positions in the chain are counted from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairFault {
    /// There is no certificate.
    #[error("the certificate file has no certificate; expected a PEM section BEGIN CERTIFICATE")]
    NoCertificate,
    /// A certificate cannot be parsed.
    #[error("certificate {position} of the certificate file cannot be read: {reason}")]
    Certificate {
        /// Its position.
        position: usize,
        /// The error of the parser.
        reason: String,
    },
    /// There is no key.
    #[error(
        "the key file has no private key; expected a PEM section BEGIN PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY"
    )]
    NoKey,
    /// The key cannot be parsed, or is of an unsupported kind.
    #[error("unsupported key: {0}; supported: ECDSA (P-256, P-384), Ed25519 and RSA, without a passphrase")]
    Key(String),
    /// The chain does not start with the serving certificate.
    #[error(
        "the key belongs to certificate {position} of the certificate file; the serving certificate must come first"
    )]
    LeafNotFirst {
        /// The position of the serving certificate.
        position: usize,
    },
    /// Both are valid, but the key is not the certificate's.
    #[error("the key does not belong to the certificate; use the two files that were issued together")]
    Mismatch,
}

impl Pair {
    /// Parses a chain, the serving certificate first, and a key from PEM.
    ///
    /// # Errors
    /// The first fault that was found. It contains nothing of the key.
    pub fn parse(certificates: &[u8], key: &[u8]) -> Result<Self, PairFault> {
        let chain = parse_chain(certificates)?;
        let (begins, expires) = validity(&chain)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            rustls_pki_types::pem::Error::NoItemsFound => PairFault::NoKey,
            error => PairFault::Key(error.to_string()),
        })?;
        let key = any_supported_type(&key).map_err(|error| PairFault::Key(error.to_string()))?;
        let owner = (0..chain.len())
            .find(|index| CertifiedKey::new(chain[*index..].to_vec(), Arc::clone(&key)).keys_match().is_ok());
        match owner {
            Some(0) => Ok(Pair { key: Arc::new(CertifiedKey::new(chain, key)), begins, expires }),
            Some(index) => Err(PairFault::LeafNotFirst { position: index + 1 }),
            None => Err(PairFault::Mismatch),
        }
    }

    /// The start of the time in which every certificate of the chain is valid.
    #[must_use]
    pub fn begins(&self) -> SystemTime {
        self.begins
    }

    /// The end of the time in which every certificate of the chain is valid.
    #[must_use]
    pub fn expires(&self) -> SystemTime {
        self.expires
    }

    /// The serving certificate, then the intermediates.
    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.key.cert
    }

    pub(super) fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }
}

pub(super) fn parse_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PairFault> {
    let mut chain = Vec::new();
    for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let certificate =
            certificate.map_err(|error| PairFault::Certificate { position: index + 1, reason: error.to_string() })?;
        chain.push(certificate);
    }
    if chain.is_empty() { Err(PairFault::NoCertificate) } else { Ok(chain) }
}

/// The latest start and the earliest end of all certificates: the chain is only valid while each of them is.
pub(super) fn validity(chain: &[CertificateDer<'_>]) -> Result<(SystemTime, SystemTime), PairFault> {
    let (mut latest, mut earliest) = (0, i64::MAX);
    for (index, certificate) in chain.iter().enumerate() {
        let (_, parsed) = parse_x509_certificate(certificate)
            .map_err(|error| PairFault::Certificate { position: index + 1, reason: error.to_string() })?;
        latest = latest.max(parsed.validity().not_before.timestamp());
        earliest = earliest.min(parsed.validity().not_after.timestamp());
    }
    let time = |seconds| UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    Ok((time(latest), time(earliest)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::development;

    /// A file with a certificate and its key, created by openssl.
    macro_rules! fixture {
        ($name:literal) => {
            ($name, include_bytes!(concat!("fixtures/", $name, ".pem")).as_slice())
        };
    }

    fn message(certificates: &[u8], key: &[u8]) -> String {
        Pair::parse(certificates, key).expect_err("is accepted as a pair").to_string()
    }

    #[test]
    fn every_supported_kind_of_key_is_accepted_in_every_encoding() {
        let fixtures = [
            fixture!("rsa-pkcs1"),
            fixture!("rsa-pkcs8"),
            fixture!("p256-sec1"),
            fixture!("p256-pkcs8"),
            fixture!("p384-sec1"),
            fixture!("ed25519-pkcs8"),
        ];
        for (name, pem) in fixtures {
            assert!(Pair::parse(pem, pem).is_ok(), "{name}: {}", message(pem, pem));
            let crlf = String::from_utf8(pem.to_vec()).unwrap().replace('\n', "\r\n");
            assert!(Pair::parse(crlf.as_bytes(), crlf.as_bytes()).is_ok(), "{name} with Windows line ends");
        }
    }

    #[test]
    fn unsupported_keys_are_rejected_with_a_message_about_the_key() {
        for (name, pem) in [fixture!("p521-sec1"), fixture!("p256-encrypted")] {
            let message = message(pem, pem);
            assert!(message.contains("key"), "{name}: {message}");
        }
    }

    #[test]
    fn a_chain_must_start_with_the_serving_certificate() {
        let issued = development::issue(["localhost"]).unwrap();
        let (leaf, ca, key) = (&issued.certificate, &issued.authority, issued.key.as_bytes());
        assert!(Pair::parse(format!("{leaf}{ca}").as_bytes(), key).is_ok());
        let upside_down = message(format!("{ca}{leaf}").as_bytes(), key);
        assert!(upside_down.contains("certificate 2") && upside_down.contains("come first"), "{upside_down}");
        assert_eq!(message(ca.as_bytes(), key), PairFault::Mismatch.to_string());
    }

    #[test]
    fn a_chain_expires_with_its_first_certificate_to_expire() {
        let issued = development::issue(["localhost"]).unwrap();
        let chain = format!("{}{}", issued.certificate, String::from_utf8_lossy(fixture!("rsa-pkcs8").1));
        let pair = Pair::parse(chain.as_bytes(), issued.key.as_bytes()).unwrap();
        let year = Duration::from_secs(365 * 24 * 3600);
        let left = pair.expires().duration_since(SystemTime::now()).unwrap();
        assert!(left <= year && year < left + Duration::from_secs(60), "{left:?}");
    }
}
