//! What is spoken, and what is not.

use podgraft::internals::http::{HandshakeFault, HttpLimits};
use rustls::version::{TLS12, TLS13};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::client::{Tls, post};
use crate::server::{HANGS, Server};

#[tokio::test]
async fn tls_1_2_and_1_3_with_and_without_a_name() {
    let server = Server::start(HttpLimits::default()).await;
    for versions in [vec![&TLS12], vec![&TLS13], vec![&TLS13, &TLS12]] {
        for name in [None, Some("localhost"), Some("podgraft.podgraft-system.svc")] {
            let mut client =
                Tls { versions: versions.clone(), name, ..server.tls() }.connect(server.address).await.unwrap();
            assert_eq!(client.post("{}").await.unwrap().status, 200, "{versions:?} {name:?}");
        }
    }
}

#[tokio::test]
async fn http_1_1_is_the_only_protocol() {
    let server = Server::start(HttpLimits::default()).await;
    let both = Tls { protocols: &["h2", "http/1.1"], ..server.tls() }.connect(server.address).await.unwrap();
    assert_eq!(both.protocol().unwrap(), b"http/1.1");
    let mut none = Tls { protocols: &[], ..server.tls() }.connect(server.address).await.unwrap();
    assert_eq!(none.post("{}").await.unwrap().status, 200);
    let only_h2 = Tls { protocols: &["h2"], ..server.tls() }.connect(server.address).await;
    assert!(only_h2.err().unwrap().to_string().contains("NoApplicationProtocol"));
    server.wait_for(|metrics| metrics.handshake_failures(HandshakeFault::Protocol), 1).await;
}

#[tokio::test]
async fn http_2_without_asking_is_refused() {
    let server = Server::start(HttpLimits::default()).await;
    let mut client = server.connect().await;
    client.send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let answer = timeout(HANGS, client.rest()).await.unwrap();
    assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer:?}");
    server.wait_until_empty().await;
}

#[tokio::test]
async fn what_is_not_tls_is_closed() {
    let server = Server::start(HttpLimits::default()).await;
    let mut tcp = TcpStream::connect(server.address).await.unwrap();
    tcp.write_all(b"GET / HTTP/1.1\r\nhost: podgraft\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = timeout(HANGS, tcp.read_to_end(&mut answer)).await.expect("not closed");
    assert!(!answer.starts_with(b"HTTP"));
    server.wait_for(|metrics| metrics.handshake_failures(HandshakeFault::NotTls), 1).await;
    server.wait_until_empty().await;
}

#[tokio::test]
async fn whoever_does_not_trust_the_certificate_is_counted() {
    let server = Server::start(HttpLimits::default()).await;
    let stranger = Tls::trusting(&crate::server::issue().authority);
    assert!(stranger.connect(server.address).await.is_err());
    server.wait_for(|metrics| metrics.handshake_failures(HandshakeFault::Alert), 1).await;
}

#[tokio::test]
async fn a_hundred_pipelined_requests_are_answered_in_order() {
    let server = Server::start(HttpLimits::default()).await;
    let mut client = server.connect().await;
    let requests: String = (0..100).map(|n| post("/preview", &format!("[{n}]"))).collect();
    client.send(requests).await.unwrap();
    for n in 0..100 {
        assert_eq!(client.reply().await.unwrap().body, format!("[{n}]"));
    }
}

#[tokio::test]
async fn a_connection_is_retired_after_so_many_answers() {
    let server = Server::start(HttpLimits { requests_per_connection: 3, ..HttpLimits::default() }).await;
    let mut client = server.connect().await;
    for last in [false, false, true] {
        assert_eq!(client.post("{}").await.unwrap().closes(), last);
    }
    assert_eq!(timeout(HANGS, client.rest()).await.unwrap(), "");
}

#[tokio::test]
async fn a_large_review_is_answered_whole() {
    let server = Server::start(HttpLimits::default()).await;
    let mut client = server.connect().await;
    let body = "x".repeat((7 << 20) - 1);
    let reply = client.post(&body).await.unwrap();
    assert!(reply.status == 200 && reply.body == body);
    // And the connection is as good as before.
    assert_eq!(client.post("{}").await.unwrap().body, "{}");
}

#[tokio::test]
async fn a_body_in_chunks_is_answered() {
    let server = Server::start(HttpLimits::default()).await;
    let mut client = server.connect().await;
    let head =
        "POST /preview HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    client.send(format!("{head}1\r\n[\r\n1\r\n]\r\n0\r\n\r\n")).await.unwrap();
    assert_eq!(client.reply().await.unwrap().body, "[]");
}
