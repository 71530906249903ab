//! Clients that behave as an API server does: HTTP/1.1 over TLS 1.3, and connections that stay open.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};

/// How to reach one server.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    tls: Arc<ClientConfig>,
}

/// An open connection.
pub struct Connection {
    stream: StreamOwned<ClientConnection, TcpStream>,
    /// How many answers it has brought.
    pub answers: usize,
}

/// An answer with status 200.
struct Answer {
    /// Whether the server closes the connection.
    closes: bool,
    bytes: Vec<u8>,
}

/// One connection, which is opened again when the server closes it.
pub struct ReviewClient {
    client: Client,
    connection: Option<Connection>,
}

impl ReviewClient {
    pub fn new(client: &Client) -> Self {
        ReviewClient { client: client.clone(), connection: None }
    }

    /// Sends a review, whose answer must have a patch. Returns how long the answer took, without the time to connect.
    pub fn review(&mut self, request: &[u8]) -> Duration {
        let connection = self.connection.get_or_insert_with(|| self.client.connect());
        let began = Instant::now();
        connection.send(request);
        let answer = connection.read_answer();
        let took = began.elapsed();
        let text = String::from_utf8_lossy(&answer.bytes);
        assert!(text.contains("\"patch\""), "the companion is not injected: {text}");
        if answer.closes {
            self.connection = None;
        }
        took
    }
}

impl Client {
    /// A client that trusts one CA, given as PEM. The server's certificate must be valid for `localhost`.
    pub fn new(address: SocketAddr, ca: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(ca.as_bytes()).expect("a CA")).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
        Client { address, tls: Arc::new(config) }
    }

    /// Opens a connection, and makes its handshake.
    pub fn connect(&self) -> Connection {
        let mut tcp = TcpStream::connect(self.address).expect("a connection");
        tcp.set_nodelay(true).expect("no delay");
        let name = ServerName::try_from("localhost").expect("a name");
        let mut tls = ClientConnection::new(Arc::clone(&self.tls), name).expect("a TLS client");
        tls.complete_io(&mut tcp).expect("a handshake");
        Connection { stream: StreamOwned::new(tls, tcp), answers: 0 }
    }
}

/// The request with which an API server sends a review.
pub fn request(body: &[u8]) -> Vec<u8> {
    let head = format!(
        "POST /inject/requested?timeout=2s HTTP/1.1\r\nhost: localhost\r\nuser-agent: kube-apiserver-admission\r\ncontent-length: {}\r\naccept: application/json, */*\r\ncontent-type: application/json\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

impl Connection {
    /// From now on the client asks again and again whether there is something to read, instead of sleeping until there is.
    /// Otherwise a server that is slower than the client pays for waking it up, and a faster one does not.
    pub fn poll(&self) {
        self.stream.sock.set_nonblocking(true).expect("a socket");
    }

    /// Sends a request and waits for the answer.
    pub fn ask(&mut self, request: &[u8]) {
        self.send(request);
        self.receive();
    }

    /// Sends a request.
    pub fn send(&mut self, mut request: &[u8]) {
        while !request.is_empty() {
            let sent = until_ready(|| self.stream.write(request)).expect("a request");
            request = &request[sent..];
        }
        until_ready(|| self.stream.flush()).expect("a request");
    }

    /// Reads one answer, which must leave the connection open.
    pub fn receive(&mut self) {
        assert!(!self.read_answer().closes, "the server closes the connection");
    }

    /// Reads one answer, which must have status 200: a benchmark does not measure denials of the server.
    fn read_answer(&mut self) -> Answer {
        let mut answer = Vec::with_capacity(8192);
        let mut chunk = [0; 16_384];
        loop {
            let read = until_ready(|| self.stream.read(&mut chunk)).expect("an answer");
            assert!(read > 0, "the server closed: {}", String::from_utf8_lossy(&answer));
            answer.extend_from_slice(&chunk[..read]);
            let Some(end) = answer.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
            let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
            assert!(head.starts_with("http/1.1 200"), "{head}");
            let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")).expect("a length");
            if answer.len() >= end + 4 + length.parse::<usize>().expect("a number") {
                self.answers += 1;
                let closes = head.contains("connection: close");
                return Answer { closes, bytes: answer };
            }
        }
    }
}

/// Repeats what a socket that is polled is not ready for.
fn until_ready<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => thread::yield_now(),
            done => return done,
        }
    }
}
