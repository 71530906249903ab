//! Clients that must present a certificate.

use std::fs;
use std::time::Duration;

use podgraft::internals::http::{HandshakeFault, HttpLimits};
use podgraft::internals::tls::{ClientCaFile, Pair, Serving, server_config_for};
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::version::{TLS12, TLS13};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

use crate::client::Tls;
use crate::server::{HANGS, Server, echo, issue};

pub(crate) const NAME: &str = "api-server.podgraft";

/// A CA that issues client certificates.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    pub(crate) pem: String,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Ca { issuer: Issuer::new(params, key), pem }
    }

    fn issue(&self, common_name: &str, names: &[&str], usage: ExtendedKeyUsagePurpose) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(names.iter().map(ToString::to_string).collect::<Vec<_>>()).unwrap();
        params.distinguished_name.push(DnType::CommonName, common_name);
        params.extended_key_usages = vec![usage];
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    pub(crate) fn client(&self, common_name: &str, names: &[&str]) -> (String, String) {
        self.issue(common_name, names, ExtendedKeyUsagePurpose::ClientAuth)
    }
}

/// A server that admits clients with a certificate of this CA, which it reads from a file.
async fn server(ca: &Ca) -> (Server, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.crt");
    fs::write(&path, &ca.pem).unwrap();
    let names = vec!["kube-apiserver-1".to_owned(), NAME.to_owned()];
    let client_ca = ClientCaFile::open(path, names).unwrap().follow(Duration::from_millis(10)).unwrap();
    let issued = issue();
    let pair = Pair::parse(issued.certificate.as_bytes(), issued.key.as_bytes()).unwrap();
    let tls = server_config_for(Serving::new(pair), Some(client_ca)).unwrap();
    (Server::with_tls(HttpLimits::default(), echo(), issued.authority, tls).await, folder)
}

/// Whether a client with this certificate is answered.
async fn is_answered(server: &Server, tls: &Tls) -> bool {
    let Ok(mut client) = tls.connect(server.address).await else { return false };
    client.post("{}").await.is_ok_and(|reply| reply.status == 200)
}

#[tokio::test]
async fn only_clients_with_a_certificate_of_the_ca_and_one_of_the_names_are_answered() {
    let (ours, other) = (Ca::new(), Ca::new());
    let (server, _folder) = server(&ours).await;
    let mut refused = 0;
    for (what, identity, answered) in [
        ("the common name", Some(ours.client(NAME, &[])), true),
        ("a DNS name", Some(ours.client("anything", &["else.example", NAME])), true),
        ("another of the names", Some(ours.client("kube-apiserver-1", &[])), true),
        ("no certificate", None, false),
        ("another CA", Some(other.client(NAME, &[NAME])), false),
        ("another name", Some(ours.client("system:node:a", &["else.example"])), false),
        ("a longer name", Some(ours.client(&format!("{NAME}.evil"), &[])), false),
        ("a certificate for servers", Some(ours.issue(NAME, &[NAME], ExtendedKeyUsagePurpose::ServerAuth)), false),
    ] {
        for versions in [vec![&TLS12], vec![&TLS13]] {
            let tls = Tls { identity: identity.clone(), versions, ..server.tls() };
            assert_eq!(is_answered(&server, &tls).await, answered, "{what}");
            refused += u64::from(!answered);
        }
    }
    server.wait_for(|metrics| metrics.handshake_failures(HandshakeFault::ClientCertificate), refused).await;
}

#[tokio::test]
async fn a_new_ca_is_used_from_the_next_handshake_on_and_a_bad_one_is_not() {
    let (before, after) = (Ca::new(), Ca::new());
    let (server, folder) = server(&before).await;
    let (old, new) = (before.client(NAME, &[]), after.client(NAME, &[]));
    let tls = |identity: &(String, String)| Tls { identity: Some(identity.clone()), ..server.tls() };
    fs::write(folder.path().join("ca.crt"), "no certificate").unwrap();
    sleep(Duration::from_millis(100)).await;
    assert!(is_answered(&server, &tls(&old)).await && !is_answered(&server, &tls(&new)).await);
    fs::write(folder.path().join("ca.crt"), &after.pem).unwrap();
    let replaced = timeout(HANGS, async { while !is_answered(&server, &tls(&new)).await {} });
    replaced.await.expect("the new CA is never used");
    assert!(!is_answered(&server, &tls(&old)).await);
}

#[test]
fn a_file_without_a_certificate_is_no_ca() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.crt");
    let words = |path: &std::path::Path| {
        ClientCaFile::open(path.to_owned(), vec![NAME.to_owned()]).map(drop).unwrap_err().to_string()
    };
    assert!(words(&path).contains("--client-ca"));
    fs::write(&path, "").unwrap();
    assert!(words(&path).contains("--client-ca"));
}
