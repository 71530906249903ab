//! New certificate files, mounted as the kubelet mounts them, while clients send requests without a pause.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use podgraft::internals::http::HttpLimits;
use podgraft::internals::tls::development::DevelopmentCa;
use podgraft::internals::tls::{CertificateFiles, Reload};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tempfile::TempDir;
use tokio::time::timeout;

use crate::client::Tls;
use crate::server::{HANGS, Server, echo, issue};

const INTERVAL: Duration = Duration::from_millis(10);

/// A mounted Secret: its files are links into `..data`, which is a link to the current version.
struct Mount(TempDir);

impl Mount {
    fn new(issued: &DevelopmentCa) -> Self {
        let mount = Mount(tempfile::tempdir().unwrap());
        mount.swap("..1", &issued.certificate, &issued.key);
        for file in ["tls.crt", "tls.key"] {
            symlink(Path::new("..data").join(file), mount.0.path().join(file)).unwrap();
        }
        mount
    }

    /// Replaces the content in one step, and deletes the old one.
    fn swap(&self, version: &str, certificate: &str, key: &str) {
        let path = |name: &str| self.0.path().join(name);
        let old = fs::read_link(path("..data")).ok();
        fs::create_dir(path(version)).unwrap();
        fs::write(path(version).join("tls.crt"), certificate).unwrap();
        fs::write(path(version).join("tls.key"), key).unwrap();
        symlink(version, path("..data_tmp")).unwrap();
        fs::rename(path("..data_tmp"), path("..data")).unwrap();
        if let Some(old) = old {
            fs::remove_dir_all(self.0.path().join(old)).unwrap();
        }
    }
}

fn der(issued: &DevelopmentCa) -> Vec<u8> {
    CertificateDer::from_pem_slice(issued.certificate.as_bytes()).unwrap().to_vec()
}

/// A server whose certificate files are followed, and the reloads that it reports.
async fn follow(mount: &Mount, authority: &str) -> (Server, mpsc::Receiver<Reload>) {
    // Connections are closed after a few requests, so that there are new ones all the time.
    let limits = HttpLimits { requests_per_connection: 3, ..HttpLimits::default() };
    let serving = Arc::default();
    let files = CertificateFiles::open(mount.0.path(), Arc::clone(&serving)).unwrap();
    let server = Server::with(limits, echo(), authority.to_owned(), serving).await;
    let (sender, reloads) = mpsc::channel();
    files.follow(INTERVAL, move |reload| drop(sender.send(reload))).unwrap();
    (server, reloads)
}

async fn next(reloads: mpsc::Receiver<Reload>) -> (Reload, mpsc::Receiver<Reload>) {
    let wait = move || (reloads.recv_timeout(HANGS).expect("no reload was reported"), reloads);
    tokio::task::spawn_blocking(wait).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_replaced_without_a_lost_request() {
    let issues: Vec<DevelopmentCa> = (0..6).map(|_| issue()).collect();
    let mount = Mount::new(&issues[0]);
    let (server, mut reloads) = follow(&mount, &issues[0].authority).await;
    let authorities: Vec<String> = issues.iter().map(|issued| issued.authority.clone()).collect();
    let address = server.address;
    let clients: Vec<_> = (0..4)
        .map(|_| {
            let tls = Tls { authorities: authorities.clone(), ..server.tls() };
            let last = der(&issues[5]);
            tokio::spawn(async move {
                // Until the server presents the last certificate.
                loop {
                    let mut client = tls.connect(address).await.expect("a connection was lost");
                    while !client.post("{}").await.expect("a request was lost").closes() {}
                    if client.certificate() == last {
                        return;
                    }
                }
            })
        })
        .collect();
    for (n, issued) in issues.iter().enumerate().skip(1) {
        mount.swap(&format!("..{}", n + 1), &issued.certificate, &issued.key);
        let reload;
        (reload, reloads) = next(reloads).await;
        assert!(matches!(reload, Reload::Replaced(_)), "{reload:?}");
        let tls = Tls::trusting(&issued.authority);
        let mut client = tls.connect(address).await.expect("the new certificate is not served");
        assert_eq!(client.certificate(), der(issued));
        assert_eq!(client.post("{}").await.unwrap().status, 200);
    }
    for client in clients {
        timeout(HANGS, client).await.expect("a client never saw the last certificate").unwrap();
    }
}

#[tokio::test]
async fn invalid_files_are_not_served_and_the_next_valid_pair_is() {
    let (first, second, third) = (issue(), issue(), issue());
    let mount = Mount::new(&first);
    let (server, mut reloads) = follow(&mount, &first.authority).await;
    let half = &second.certificate[..second.certificate.len() / 2];
    for (version, certificate, key, words) in [
        ("..mismatch", &*second.certificate, &*first.key, "does not belong"),
        ("..half", half, &second.key, "certificate"),
        ("..empty", "", "", "no certificate"),
        ("..garbage", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", &second.key, "cannot be read"),
        ("..no-key", &second.certificate, "", "no private key"),
        ("..swapped", &second.key, &second.certificate, "no certificate"),
    ] {
        mount.swap(version, certificate, key);
        let reload;
        (reload, reloads) = next(reloads).await;
        let Reload::Kept(error) = reload else { panic!("{version} was used") };
        assert!(error.to_string().contains(words), "{version}: {error}");
        assert_eq!(server.connect().await.certificate(), der(&first), "{version}");
    }
    fs::remove_file(mount.0.path().join("tls.crt")).unwrap();
    let reload;
    (reload, reloads) = next(reloads).await;
    assert!(matches!(&reload, Reload::Kept(error) if error.to_string().contains("--cert-dir")), "{reload:?}");
    symlink("..data/tls.crt", mount.0.path().join("tls.crt")).unwrap();
    mount.swap("..good", &third.certificate, &third.key);
    loop {
        let reload;
        (reload, reloads) = next(reloads).await;
        if let Reload::Replaced(_) = reload {
            break;
        }
    }
    assert_eq!(Tls::trusting(&third.authority).connect(server.address).await.unwrap().certificate(), der(&third));
}
