//! A certificate authority: how it is made, what it issues, and what is trusted because of it.

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

/// Clocks of API servers may be behind: whatever is issued has been valid for this long already.
pub(super) const BACKDATED: Duration = Duration::from_secs(3600);

/// The same for authorities, which live for a year: the clock of whoever makes one may be ahead by days, and API servers
/// trust nobody who has not begun.
const AUTHORITIES_BACKDATED: Duration = Duration::from_secs(7 * 24 * 3600);

/// The certificate of an authority: whoever has it trusts what the authority issues. The older comes first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TrustAnchor {
    begins: u64,
    ends: u64,
    der: Vec<u8>,
}

/// Several as PEM, the oldest first: whoever signs, it is the same text.
pub(super) fn bundle<'a>(anchors: impl IntoIterator<Item = &'a TrustAnchor>) -> String {
    let mut anchors: Vec<&TrustAnchor> = anchors.into_iter().collect();
    anchors.sort();
    anchors.dedup();
    anchors.into_iter().map(TrustAnchor::pem).collect()
}

/// An authority that can issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Ca {
    /// Its certificate.
    pub(super) anchor: TrustAnchor,
    key: CaKey,
}

/// A private key as PEM, which nothing prints.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct CaKey(Arc<str>);

/// What an authority issued: a certificate as PEM, and its key.
#[derive(Debug)]
pub(super) struct Fresh {
    pub(super) certificate: String,
    pub(super) key: CaKey,
}

impl TrustAnchor {
    /// All certificates of a PEM text that can be read, each once and in order. The others cannot be trusted anyway.
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

    /// When it was issued: it begins earlier, for clocks that are behind.
    pub(super) fn issued(&self) -> SystemTime {
        UNIX_EPOCH + (Duration::from_secs(self.begins) + AUTHORITIES_BACKDATED).min(Duration::from_secs(self.ends))
    }

    /// Whether an API server would trust it as far as time goes. (The library that asks for us does not look.)
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

    /// The first bytes of its serial number, as `openssl x509 -serial` shows it: enough to tell two apart in a log.
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
        write!(f, "Anchor({}, {}..{})", self.serial(), self.begins, self.ends)
    }
}

impl Ca {
    /// Makes one, valid from a week ago until `lifetime` from now.
    pub(super) fn new(name: &str, now: SystemTime, lifetime: Duration) -> Result<Self, Error> {
        let key = KeyPair::generate()?;
        let mut params = valid(CertificateParams::new([])?, now, AUTHORITIES_BACKDATED, now + lifetime);
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = params.self_signed(&key)?;
        let anchor = TrustAnchor::new(certificate.der()).ok_or(Error::CouldNotParseCertificate)?;
        Ok(Ca { anchor, key: CaKey(key.serialize_pem().into()) })
    }

    /// The one certificate among several that a key fits, and the key; nothing where it fits none.
    pub(super) fn find(anchors: &[TrustAnchor], key: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(key).ok()?;
        let pair = KeyPair::from_pem(text).ok()?;
        let fits = |anchor: &&TrustAnchor| {
            parse_x509_certificate(&anchor.der)
                .is_ok_and(|(_, parsed)| parsed.public_key().subject_public_key.data == pair.public_key_raw())
        };
        let anchor = anchors.iter().find(fits)?.clone();
        Some(Ca { anchor, key: CaKey(text.into()) })
    }

    /// Issues a serving certificate for names and addresses, valid from an hour ago until `ends`, and never longer
    /// than the authority itself.
    pub(super) fn issue(&self, names: Vec<String>, now: SystemTime, ends: SystemTime) -> Result<Fresh, Error> {
        let key = KeyPair::generate()?;
        let mut params = valid(CertificateParams::new(names)?, now, BACKDATED, ends.min(self.anchor.expires()));
        params.distinguished_name.push(DnType::CommonName, "podgraft");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_ca_cert_der(&self.anchor.der(), KeyPair::from_pem(self.key.pem())?)?;
        let certificate = params.signed_by(&key, &issuer)?;
        Ok(Fresh { certificate: certificate.pem(), key: CaKey(key.serialize_pem().into()) })
    }

    pub(super) fn key(&self) -> &CaKey {
        &self.key
    }
}

impl CaKey {
    pub(super) fn new(pem: &str) -> Self {
        CaKey(pem.into())
    }

    pub(super) fn pem(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for CaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

fn valid(mut params: CertificateParams, now: SystemTime, back: Duration, ends: SystemTime) -> CertificateParams {
    let epoch = date_time_ymd(1970, 1, 1);
    let since = |time: SystemTime| Duration::from_secs(time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs());
    params.not_before = epoch + since(now).saturating_sub(back);
    params.not_after = epoch + since(ends);
    params
}
