//! Whether an API server trusts a serving certificate.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::tls::ca::TrustAnchor;

/// Verifies a chain as a client does that trusts these CAs: for each of the names, at a point in time.
///
/// The verifier does not check the validity period of CAs, so those that are not valid yet are left out here, as Go's
/// verifier would reject them.
pub(in crate::tls) fn is_trusted<'a>(
    anchors: impl IntoIterator<Item = &'a TrustAnchor>,
    chain: &[CertificateDer<'static>],
    names: &[String],
    now: SystemTime,
) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(anchors.into_iter().filter(|anchor| anchor.has_begun(now)).map(TrustAnchor::der));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let Ok(verifier) = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build() else {
        return false;
    };
    let Some((certificate, intermediates)) = chain.split_first() else { return false };
    let now = UnixTime::since_unix_epoch(now.duration_since(UNIX_EPOCH).unwrap_or_default());
    let is_accepted = |name: &String| {
        let Ok(name) = ServerName::try_from(name.as_str()) else { return false };
        verifier.verify_server_cert(certificate, intermediates, &name, &[], now).is_ok()
    };
    names.iter().all(is_accepted)
}
