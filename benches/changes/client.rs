//! A client that sends one review after the other, as an API server does.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

use crate::served::Served;

/// One connection, which is opened again when the server closes it.
pub(crate) struct Client {
    address: SocketAddr,
    config: Arc<ClientConfig>,
    connection: Option<StreamOwned<ClientConnection, TcpStream>>,
}

/// A request with a review.
pub(crate) fn request(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /inject/requested?timeout=2s HTTP/1.1\r\nhost: localhost\r\naccept: application/json\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

impl Client {
    pub(crate) fn connect(served: &Served) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(served.ca.as_bytes()).expect("a CA")).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = Arc::new(config.expect("versions").with_root_certificates(roots).with_no_client_auth());
        Client { address: served.admission, config, connection: None }
    }

    /// Sends a review. Returns how long the answer took, without the time to connect.
    pub(crate) fn review(&mut self, request: &[u8]) -> Duration {
        let (address, config) = (self.address, &self.config);
        let connection = self.connection.get_or_insert_with(|| open(address, config));
        let began = Instant::now();
        connection.write_all(request).expect("a request");
        let head = read_answer(connection);
        let took = began.elapsed();
        if head.contains("connection: close") {
            self.connection = None;
        }
        took
    }
}

fn open(address: SocketAddr, config: &Arc<ClientConfig>) -> StreamOwned<ClientConnection, TcpStream> {
    let tcp = TcpStream::connect(address).expect("a connection");
    tcp.set_nodelay(true).expect("no delay");
    let name = ServerName::try_from("localhost").expect("a name");
    let mut connection = StreamOwned::new(ClientConnection::new(Arc::clone(config), name).expect("a TLS client"), tcp);
    connection.conn.complete_io(&mut connection.sock).expect("a handshake");
    connection
}

/// Reads an answer. Returns its head, in lower case.
fn read_answer(connection: &mut StreamOwned<ClientConnection, TcpStream>) -> String {
    let mut answer = Vec::with_capacity(16 << 10);
    let mut chunk = [0; 16 << 10];
    loop {
        let read = connection.read(&mut chunk).expect("an answer");
        assert!(read > 0, "the server closed: {}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&chunk[..read]);
        let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        assert!(head.starts_with("http/1.1 200"), "{}", String::from_utf8_lossy(&answer));
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("a length");
        if answer.len() >= end + 4 + length.parse::<usize>().expect("a number") {
            let body = String::from_utf8_lossy(&answer[end..]);
            assert!(body.contains("\"patch\""), "the companion is not injected: {body}");
            return head;
        }
    }
}
