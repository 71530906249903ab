//! A certificate chain with its key, checked.

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

/// Why two files are no pair.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PairFault {
    /// No certificate at all.
    #[error("the certificate file holds no certificate; it must have a section BEGIN CERTIFICATE")]
    NoCertificate,
    /// A certificate that cannot be read.
    #[error("certificate {place} of the certificate file cannot be read: {why}")]
    Certificate {
        /// Which one, counted from 1.
        place: usize,
        /// What is wrong with it.
        why: String,
    },
    /// No key at all.
    #[error(
        "the key file holds no private key; it must have a section BEGIN PRIVATE KEY, EC PRIVATE KEY or RSA PRIVATE KEY"
    )]
    NoKey,
    /// A key that cannot be read, or of a kind that is not known here.
    #[error("the key cannot be used: {0}; ECDSA (P-256, P-384), Ed25519 and RSA keys without a passphrase can")]
    Key(String),
    /// The chain is upside down.
    #[error("the key belongs to certificate {place} of the certificate file; the serving certificate must come first")]
    LeafNotFirst {
        /// Where it stands, counted from 1.
        place: usize,
    },
    /// Each is good, but they do not belong together.
    #[error("the key does not belong to the certificate; are both files from the same issue?")]
    Mismatch,
}

impl Pair {
    /// Reads a chain and a key from PEM.
    ///
    /// # Errors
    /// Says what is wrong with them; never what stands in the key.
    pub fn parse(certificates: &[u8], key: &[u8]) -> Result<Self, PairFault> {
        let chain = parse_chain(certificates)?;
        let (begins, expires) = validity(&chain)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            rustls_pki_types::pem::Error::NoItemsFound => PairFault::NoKey,
            error => PairFault::Key(error.to_string()),
        })?;
        let key = any_supported_type(&key).map_err(|error| PairFault::Key(error.to_string()))?;
        let owner = (0..chain.len())
            .find(|place| CertifiedKey::new(chain[*place..].to_vec(), Arc::clone(&key)).keys_match().is_ok());
        match owner {
            Some(0) => Ok(Pair { key: Arc::new(CertifiedKey::new(chain, key)), begins, expires }),
            Some(place) => Err(PairFault::LeafNotFirst { place: place + 1 }),
            None => Err(PairFault::Mismatch),
        }
    }

    /// Since when all of the chain is valid.
    #[must_use]
    pub fn begins(&self) -> SystemTime {
        self.begins
    }

    /// When the first certificate of the chain expires.
    #[must_use]
    pub fn expires(&self) -> SystemTime {
        self.expires
    }

    /// The serving certificate, and those behind it.
    pub(super) fn chain(&self) -> &[CertificateDer<'static>] {
        &self.key.cert
    }

    pub(super) fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.key)
    }
}

fn parse_chain(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, PairFault> {
    let mut chain = Vec::new();
    for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let certificate =
            certificate.map_err(|error| PairFault::Certificate { place: index + 1, why: error.to_string() })?;
        chain.push(certificate);
    }
    if chain.is_empty() { Err(PairFault::NoCertificate) } else { Ok(chain) }
}

/// The latest beginning and the earliest end of all certificates: a chain is as good as its shortest link.
fn validity(chain: &[CertificateDer<'_>]) -> Result<(SystemTime, SystemTime), PairFault> {
    let (mut latest, mut earliest) = (0, i64::MAX);
    for (index, certificate) in chain.iter().enumerate() {
        let (_, parsed) = parse_x509_certificate(certificate)
            .map_err(|error| PairFault::Certificate { place: index + 1, why: error.to_string() })?;
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

    /// Each holds a certificate and its key, made by openssl.
    macro_rules! fixture {
        ($name:literal) => {
            ($name, include_bytes!(concat!("fixtures/", $name, ".pem")).as_slice())
        };
    }

    fn words(certificates: &[u8], key: &[u8]) -> String {
        Pair::parse(certificates, key).expect_err("was taken for a pair").to_string()
    }

    #[test]
    fn takes_every_kind_of_key_in_every_form() {
        let fixtures = [
            fixture!("rsa-pkcs1"),
            fixture!("rsa-pkcs8"),
            fixture!("p256-sec1"),
            fixture!("p256-pkcs8"),
            fixture!("p384-sec1"),
            fixture!("ed25519-pkcs8"),
        ];
        for (name, pem) in fixtures {
            assert!(Pair::parse(pem, pem).is_ok(), "{name}: {}", words(pem, pem));
            let crlf = String::from_utf8(pem.to_vec()).unwrap().replace('\n', "\r\n");
            assert!(Pair::parse(crlf.as_bytes(), crlf.as_bytes()).is_ok(), "{name} with Windows line ends");
        }
    }

    #[test]
    fn says_which_keys_it_does_not_take() {
        for (name, pem) in [fixture!("p521-sec1"), fixture!("p256-encrypted")] {
            let words = words(pem, pem);
            assert!(words.contains("key"), "{name}: {words}");
        }
    }

    #[test]
    fn a_chain_begins_with_the_serving_certificate() {
        let issued = development::issue(["localhost"]).unwrap();
        let (leaf, authority, key) = (&issued.certificate, &issued.authority, issued.key.as_bytes());
        assert!(Pair::parse(format!("{leaf}{authority}").as_bytes(), key).is_ok());
        let upside_down = words(format!("{authority}{leaf}").as_bytes(), key);
        assert!(upside_down.contains("certificate 2") && upside_down.contains("come first"), "{upside_down}");
        assert_eq!(words(authority.as_bytes(), key), PairFault::Mismatch.to_string());
    }

    #[test]
    fn knows_when_the_first_of_a_chain_expires() {
        let issued = development::issue(["localhost"]).unwrap();
        let chain = format!("{}{}", issued.certificate, String::from_utf8_lossy(fixture!("rsa-pkcs8").1));
        let pair = Pair::parse(chain.as_bytes(), issued.key.as_bytes()).unwrap();
        let year = Duration::from_secs(365 * 24 * 3600);
        let left = pair.expires().duration_since(SystemTime::now()).unwrap();
        assert!(left <= year && year < left + Duration::from_secs(60), "{left:?}");
    }
}
