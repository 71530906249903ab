//! A certificate that an operator brings along, which may expire soon.

use std::fs::write;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, date_time_ymd,
};

use crate::cluster::OWN;

/// Writes `ca.crt`, and `tls.crt` and `tls.key` that it has issued, which expire after some seconds; and `other-ca.crt`, which
/// has issued nothing.
pub fn issue(folder: &Path, seconds: u64) {
    let authority = ca();
    write(folder.join("ca.crt"), &authority.0).expect("a file");
    write(folder.join("other-ca.crt"), ca().0).expect("a file");
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new(vec![format!("podgraft.{OWN}.svc")]).expect("a name");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970");
    params.not_before = date_time_ymd(1970, 1, 1);
    params.not_after = date_time_ymd(1970, 1, 1) + (now + Duration::from_secs(seconds));
    let certificate = params.signed_by(&key, &authority.1).expect("a certificate");
    write(folder.join("tls.crt"), certificate.pem()).expect("a file");
    write(folder.join("tls.key"), key.serialize_pem()).expect("a file");
}

/// The certificate of a new CA, and what issues with it.
fn ca() -> (String, Issuer<'static, KeyPair>) {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::new([]).expect("no names");
    params.distinguished_name.push(DnType::CommonName, "an operator's CA");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    (params.self_signed(&key).expect("a certificate").pem(), Issuer::new(params, key))
}
