//! A CA and a serving certificate for development and for tests.

use std::time::{Duration, SystemTime};

use rcgen::Error;
use rustls::client::verify_server_name;
use rustls::server::ParsedCertificate;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};

use super::ca::Ca;

/// The DNS names and IP addresses of a development server.
pub const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", "podgraft.podgraft-system.svc"];

const LIFETIME: Duration = Duration::from_secs(365 * 24 * 3600);

/// A CA certificate and a serving pair, as PEM. The key of the CA is discarded, so nothing else can be issued by it.
#[derive(Debug)]
pub struct DevelopmentCa {
    /// The certificate of the CA, for `caBundle`.
    pub authority: String,
    /// The serving certificate.
    pub certificate: String,
    /// The key of the serving certificate.
    pub key: String,
}

/// Whether a name is a DNS name or an IP address.
#[must_use]
pub fn is_name(name: &str) -> bool {
    ServerName::try_from(name).is_ok()
}

/// Whether a serving certificate, as PEM, is valid for a name.
#[must_use]
pub fn is_valid_for(certificate: &[u8], name: &str) -> bool {
    let Ok(certificate) = CertificateDer::from_pem_slice(certificate) else { return false };
    let (Ok(name), Ok(parsed)) = (ServerName::try_from(name), ParsedCertificate::try_from(&certificate)) else {
        return false;
    };
    verify_server_name(&parsed, &name).is_ok()
}

/// Issues a serving certificate, valid for a year, by a new CA.
///
/// # Errors
/// A name is neither a DNS name nor an IP address.
pub fn issue(names: impl IntoIterator<Item = impl Into<String>>) -> Result<DevelopmentCa, Error> {
    let now = SystemTime::now();
    let ca = Ca::new("podgraft development CA", now, LIFETIME)?;
    let issued = ca.issue(names.into_iter().map(Into::into).collect(), now, now + LIFETIME)?;
    let key = issued.key.pem().to_owned();
    Ok(DevelopmentCa { authority: ca.anchor.pem(), certificate: issued.certificate, key })
}
