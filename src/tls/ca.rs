//! A CA: how it is created, what it issues, and the certificate by which clients trust it.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, Error, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use x509_parser::parse_x509_certificate;

/// How long a certificate has been valid when it is issued, because the clock of an API server may be slow.
pub(super) const BACKDATED: Duration = Duration::from_secs(3600);

/// The same for a CA, which is valid for a year. The clock of the replica that creates it may be days ahead, and API servers
/// reject a CA that is not valid yet.
const CA_BACKDATED: Duration = Duration::from_secs(7 * 24 * 3600);

/// The certificate of a CA. It is ordered by the start of its validity.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TrustAnchor {
    begins: u64,
    ends: u64,
    der: Vec<u8>,
}

/// Several certificates as PEM, each once and the oldest first, so that the text does not depend on which CA signs.
pub(super) fn bundle<'a>(anchors: impl IntoIterator<Item = &'a TrustAnchor>) -> String {
    let mut anchors: Vec<&TrustAnchor> = anchors.into_iter().collect();
    anchors.sort();
    anchors.dedup();
    anchors.into_iter().map(TrustAnchor::pem).collect()
}

/// A CA that can issue certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ca {
    pub(super) anchor: TrustAnchor,
    key: PrivateKeyPem,
}

/// A private key as PEM. `Debug` does not print it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PrivateKeyPem(Arc<str>);

/// A certificate that a CA issued, as PEM, and its key.
#[derive(Debug)]
pub(super) struct IssuedPem {
    pub(super) certificate: String,
    pub(super) key: PrivateKeyPem,
}

impl TrustAnchor {
    /// The readable certificates of a PEM text, each once and in order. No client can trust the others.
    pub(super) fn parse_all(pem: &[u8]) -> Vec<Self> {
        let mut anchors = Vec::new();
        for certificate in CertificateDer::pem_slice_iter(pem).filter_map(Result::ok) {
            if let Some(anchor) = TrustAnchor::new(&certificate)
                && !anchors.contains(&anchor)
            {
                anchors.push(anchor);
            }
        }
        anchors
    }

    fn new(der: &[u8]) -> Option<Self> {
        let (_, parsed) = parse_x509_certificate(der).ok()?;
        let seconds = |time: x509_parser::time::ASN1Time| u64::try_from(time.timestamp()).unwrap_or(0);
        let (begins, ends) = (seconds(parsed.validity().not_before), seconds(parsed.validity().not_after));
        Some(TrustAnchor { begins, ends, der: der.to_vec() })
    }

    /// When it was issued, which is later than the start of its validity.
    pub(super) fn issued(&self) -> SystemTime {
        UNIX_EPOCH + (Duration::from_secs(self.begins) + CA_BACKDATED).min(Duration::from_secs(self.ends))
    }

    /// Whether its validity has started.
    pub(super) fn has_begun(&self, now: SystemTime) -> bool {
        UNIX_EPOCH + Duration::from_secs(self.begins) <= now
    }

    pub(super) fn expires(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.ends)
    }

    pub(super) fn der(&self) -> CertificateDer<'static> {
        CertificateDer::from(self.der.clone())
    }

    pub(super) fn pem(&self) -> String {
        let text = STANDARD.encode(&self.der);
        let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
        for line in text.as_bytes().chunks(64) {
            pem.push_str(&String::from_utf8_lossy(line));
            pem.push('\n');
        }
        pem + "-----END CERTIFICATE-----\n"
    }

    /// The first four bytes of its serial number, as `openssl x509 -serial` prints it, to identify the CA in the log.
    pub(super) fn serial(&self) -> String {
        let serial = parse_x509_certificate(&self.der)
            .map(|(_, parsed)| parsed.raw_serial().iter().copied().take(4).collect::<Vec<u8>>());
        let serial = serial.unwrap_or_default();
        let shown = serial.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        format!("{shown:08X}")
    }
}

impl fmt::Debug for TrustAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TrustAnchor({}, {}..{})", self.serial(), self.begins, self.ends)
    }
}

impl Ca {
    /// Creates a CA that is valid from a week before `now` until `lifetime` after it.
    pub(super) fn new(name: &str, now: SystemTime, lifetime: Duration) -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let mut params = valid(CertificateParams::new([])?, now, CA_BACKDATED, now + lifetime);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        let anchor = TrustAnchor::new(certificate.der()).ok_or(Error::CouldNotParseCertificate)?;
        Ok(Ca { anchor, key: PrivateKeyPem(key.serialize_pem().into()) })
    }

    /// The CA among several certificates that a key, as PEM, belongs to; `None` where it belongs to none.
    pub(super) fn find(anchors: &[TrustAnchor], key: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(key).ok()?;
        let pair = KeyPair::from_pem(text).ok()?;
        let fits = |anchor: &&TrustAnchor| {
            parse_x509_certificate(&anchor.der)
                .is_ok_and(|(_, parsed)| parsed.public_key().subject_public_key.data == pair.public_key_raw())
        };
        let anchor = anchors.iter().find(fits)?.clone();
        Some(Ca { anchor, key: PrivateKeyPem(text.into()) })
    }

    /// Issues a serving certificate for DNS names and IP addresses. It is valid from an hour before `now` until `expires`,
    /// and never longer than the CA.
    ///
    /// # Errors
    /// A name is not valid in a certificate, or there is no randomness for a key.
    pub(super) fn issue(&self, names: Vec<String>, now: SystemTime, expires: SystemTime) -> Result<IssuedPem, Error> {
        let key = KeyPair::generate()?;
        let mut params = valid(CertificateParams::new(names)?, now, BACKDATED, expires.min(self.anchor.expires()));
        params.distinguished_name.push(DnType::CommonName, "podgraft");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_ca_cert_der(&self.anchor.der(), KeyPair::from_pem(self.key.pem())?)?;
        let certificate = params.signed_by(&key, &issuer)?;
        Ok(IssuedPem { certificate: certificate.pem(), key: PrivateKeyPem(key.serialize_pem().into()) })
    }

    pub(super) fn key(&self) -> &PrivateKeyPem {
        &self.key
    }
}

impl PrivateKeyPem {
    pub(super) fn new(pem: &str) -> Self {
        PrivateKeyPem(pem.into())
    }

    pub(super) fn pem(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrivateKeyPem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKeyPem(..)")
    }
}

fn valid(
    mut params: CertificateParams,
    now: SystemTime,
    backdated: Duration,
    expires: SystemTime,
) -> CertificateParams {
    let epoch = date_time_ymd(1970, 1, 1);
    let since_epoch =
        |time: SystemTime| Duration::from_secs(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
    params.not_before = epoch + since_epoch(now).saturating_sub(backdated);
    params.not_after = epoch + since_epoch(expires);
    params
}
