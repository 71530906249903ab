//! Requests and handshakes that are refused for their form.

use std::sync::Arc;

use podgraft::internals::http::HttpLimits;
use rustls::client::Resumption;
use rustls::pki_types::ServerName;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, HandshakeKind, RootCertStore};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::client::post;
use crate::server::{HANGS, Server};

const HEAD: &str = "POST /preview HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n";

/// What comes back for these bytes, until the server closes.
async fn answer(server: &Server, bytes: impl AsRef<[u8]>) -> String {
    let mut client = server.connect().await;
    // It may be closed before all of it is written.
    let _ = client.send(bytes).await;
    timeout(HANGS, client.rest()).await.expect("not closed")
}

/// The status of the only answer; `None` where the connection is closed without one.
fn status(answer: &str) -> Option<u16> {
    assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{answer}");
    answer.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok())
}

#[tokio::test]
async fn a_head_that_is_not_well_formed_is_refused() {
    let server = Server::start(HttpLimits::default()).await;
    let smuggled = post("/preview", "[smuggled]");
    for odd in [
        "x: a\r\n b\r\n",
        "x: a\0b\r\n",
        "x: a\rb\r\n",
        "x : a\r\n",
        "x\r\n",
        ": a\r\n",
        " x: a\r\n",
        "content-length: 1, 2\r\n",
        "content-length: -1\r\n",
        "content-length: 0x2\r\n",
        "content-length: 99999999999999999999\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: xchunked\r\n",
    ] {
        let answer = answer(&server, format!("{HEAD}{odd}\r\n{smuggled}")).await;
        assert!(matches!(status(&answer), None | Some(400..=431 | 501)), "{odd:?}: {answer}");
        assert!(!answer.contains("smuggled"), "{odd:?}: {answer}");
    }
    let many = format!("{HEAD}{}\r\n", "x: y\r\n".repeat(101));
    assert_eq!(status(&answer(&server, many).await), Some(431));
    let long = format!("POST /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(70 << 10));
    assert!(matches!(status(&answer(&server, long).await), None | Some(414 | 431)));
}

#[tokio::test]
async fn chunks_that_are_not_well_formed_are_refused() {
    let server = Server::start(HttpLimits::default()).await;
    for chunks in [
        "x\r\n[]\r\n0\r\n\r\n",
        "-2\r\n[]\r\n0\r\n\r\n",
        "2\r\n[]x\r\n0\r\n\r\n",
        "2\n[]\r\n0\r\n\r\n",
        "10000000000000000\r\n[]\r\n0\r\n\r\n",
        &format!("2;{}\r\n[]\r\n0\r\n\r\n", "x".repeat(100 << 10)),
        &format!("2\r\n[]\r\n0\r\n{}\r\n", "x: y\r\n".repeat(10_000)),
    ] {
        let answer =
            answer(&server, format!("{HEAD}connection: close\r\ntransfer-encoding: chunked\r\n\r\n{chunks}")).await;
        let shown = &chunks[..chunks.len().min(40)];
        assert!(matches!(status(&answer), None | Some(400..=431)), "{shown:?}: {answer}");
    }
}

#[tokio::test]
async fn no_spelling_of_a_path_reaches_another_one() {
    let server = Server::start(HttpLimits::default()).await;
    for path in [
        "/%70review",
        "/x/../preview",
        "/./preview",
        "//preview",
        "/preview/",
        "/preview%2f",
        "/inject%2frequested",
        "/PREVIEW",
        "preview",
        "*",
    ] {
        let request = post(path, "[]").replacen("host", "connection: close\r\nhost", 1);
        let answer = answer(&server, request).await;
        assert!(matches!(status(&answer), None | Some(400 | 404)), "{path}: {answer}");
    }
    // The absolute form names a host, and no other path.
    let absolute = post("http://other/preview", "[]").replacen("host", "connection: close\r\nhost", 1);
    assert_eq!(status(&answer(&server, absolute).await), Some(200));
    let upgrade = post("/preview", "[]").replacen(
        "host",
        "connection: close, upgrade, http2-settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\nhost",
        1,
    );
    assert!(!answer(&server, upgrade).await.starts_with("HTTP/1.1 101"));
}

/// A ClientHello of this version with these suites and extensions.
fn hello(version: [u8; 2], suites: &[u16], extensions: &[u8]) -> Vec<u8> {
    let mut body = version.to_vec();
    body.extend([7; 32]);
    body.push(0);
    let length = |bytes: usize| u16::try_from(bytes).unwrap().to_be_bytes();
    body.extend(length(suites.len() * 2));
    for suite in suites {
        body.extend(suite.to_be_bytes());
    }
    body.extend([1, 0]);
    body.extend(length(extensions.len()));
    body.extend(extensions);
    let mut record = vec![0x16, 3, 1];
    record.extend(length(body.len() + 4));
    record.extend([1, 0]);
    record.extend(length(body.len()));
    record.extend(body);
    record
}

/// Groups, signature schemes and point formats, so that nothing but version and suites is wrong.
const EXTENSIONS: &[u8] = &[
    0, 10, 0, 6, 0, 4, 0, 29, 0, 23, // x25519, secp256r1
    0, 13, 0, 8, 0, 6, 4, 3, 8, 4, 4, 1, // ECDSA and RSA with SHA-256
    0, 11, 0, 2, 1, 0, // uncompressed points
    0, 23, 0, 0, // extended master secret
];

/// The type of the record that comes back, if any does: 21 is an alert, 22 goes on with the handshake.
async fn record(server: &Server, hello: &[u8]) -> Option<u8> {
    let mut tcp = TcpStream::connect(server.address).await.unwrap();
    tcp.write_all(hello).await.unwrap();
    let mut first = [0];
    let read = timeout(HANGS, tcp.read(&mut first)).await.expect("not closed").unwrap_or(0);
    (read == 1).then_some(first[0])
}

#[tokio::test]
async fn old_versions_and_weak_suites_are_refused() {
    let server = Server::start(HttpLimits::default()).await;
    let strong = [0xC02B, 0xC02F, 0xC02C, 0xC030, 0xCCA9, 0xCCA8];
    assert_eq!(record(&server, &hello([3, 3], &strong, EXTENSIONS)).await, Some(22), "TLS 1.2 is spoken");
    for (what, version, suites) in [
        ("SSL 3.0", [3, 0], &strong[..]),
        ("TLS 1.0", [3, 1], &strong),
        ("TLS 1.1", [3, 2], &strong),
        ("CBC", [3, 3], &[0xC009, 0xC013, 0xC023, 0xC027, 0xC00A, 0xC014]),
        ("RSA key exchange", [3, 3], &[0x009C, 0x009D, 0x002F, 0x0035, 0x003C]),
        ("3DES, RC4, export, none", [3, 3], &[0xC012, 0xC011, 0x0003, 0x0000, 0x0001]),
    ] {
        assert!(matches!(record(&server, &hello(version, suites, EXTENSIONS)).await, None | Some(21)), "{what}");
    }
}

#[tokio::test]
async fn no_session_is_resumed_so_that_none_has_early_data() {
    let server = Server::start(HttpLimits::default()).await;
    for versions in [[&rustls::version::TLS12], [&rustls::version::TLS13]] {
        let mut roots = RootCertStore::empty();
        roots.add(rustls::pki_types::CertificateDer::from_pem_slice(server.authority.as_bytes()).unwrap()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&versions).unwrap();
        let mut config = builder.with_root_certificates(roots).with_no_client_auth();
        config.resumption = Resumption::in_memory_sessions(8);
        let config = Arc::new(config);
        for _ in 0..3 {
            let tcp = TcpStream::connect(server.address).await.unwrap();
            let name = ServerName::from(server.address.ip());
            let mut tls = TlsConnector::from(Arc::clone(&config)).connect(name, tcp).await.unwrap();
            tls.write_all(post("/preview", "[]").replacen("host", "connection: close\r\nhost", 1).as_bytes())
                .await
                .unwrap();
            let mut answer = Vec::new();
            let _ = timeout(HANGS, tls.read_to_end(&mut answer)).await.expect("not closed");
            assert!(answer.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&answer));
            let (_, session) = tls.get_ref();
            assert_eq!(session.handshake_kind(), Some(HandshakeKind::Full));
        }
    }
}
