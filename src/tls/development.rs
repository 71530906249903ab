//! A certificate authority and a serving certificate for development and for tests.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, Error, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// The names under which a development server is reached.
pub const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "podgraft.podgraft-system.svc"];

/// Clocks of API servers may be behind.
const BACKDATED: Duration = Duration::from_secs(3600);
const LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);

/// What was issued, as PEM. The key of the authority is thrown away: nobody can issue anything else in its name.
#[derive(Debug)]
pub struct Issued {
    /// The authority's certificate, for `caBundle`.
    pub authority: String,
    /// The serving certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
}

/// Issues a serving certificate for names and addresses, by an authority of its own.
///
/// # Errors
/// Where a name is neither a DNS name nor an address.
pub fn issue(names: impl IntoIterator<Item = impl Into<String>>) -> Result<Issued, Error> {
    let authority_key = KeyPair::generate()?;
    let mut authority = valid(CertificateParams::new([])?);
    authority.distinguished_name.push(DnType::CommonName, "podgraft development CA");
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];

    let key = KeyPair::generate()?;
    let mut serving = valid(CertificateParams::new(names.into_iter().map(Into::into).collect::<Vec<_>>())?);
    serving.distinguished_name.push(DnType::CommonName, "podgraft");
    serving.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    serving.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    serving.use_authority_key_identifier_extension = true;

    let authority_certificate = authority.self_signed(&authority_key)?;
    let certificate = serving.signed_by(&key, &Issuer::new(authority, authority_key))?;
    Ok(Issued { authority: authority_certificate.pem(), certificate: certificate.pem(), key: key.serialize_pem() })
}

fn valid(mut params: CertificateParams) -> CertificateParams {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(BACKDATED);
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.saturating_sub(BACKDATED);
    params.not_after = epoch + now + LIFETIME;
    params
}
