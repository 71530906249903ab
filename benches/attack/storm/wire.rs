//! Connections to the server, each from an address of its own choice.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// How clients reach the server.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) admission: SocketAddr,
    pub(crate) admin: SocketAddr,
    tls: Arc<ClientConfig>,
}

/// One answer.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Whether the server closes the connection after it.
    pub(crate) closes: bool,
}

/// One connection, encrypted or not.
pub(crate) struct Client<S>(BufReader<S>);

impl Target {
    /// Trusts a CA, given as PEM.
    pub(crate) fn new(admission: SocketAddr, admin: SocketAddr, authority: &str) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).expect("a CA")).expect("a root");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.expect("versions").with_root_certificates(roots).with_no_client_auth();
        Target { admission, admin, tls: Arc::new(config) }
    }

    /// A TCP connection to the admission port. A small window keeps what is not read in the server.
    pub(crate) async fn tcp(&self, from: IpAddr, window: Option<u32>) -> io::Result<TcpStream> {
        connect(from, self.admission, window).await
    }

    /// A TLS connection to the admission port.
    pub(crate) async fn tls(&self, from: IpAddr) -> io::Result<Client<TlsStream<TcpStream>>> {
        self.tls_over(self.tcp(from, None).await?).await
    }

    pub(crate) async fn tls_over(&self, tcp: TcpStream) -> io::Result<Client<TlsStream<TcpStream>>> {
        let name = ServerName::from(self.admission.ip());
        let connecting = TlsConnector::from(Arc::clone(&self.tls)).connect(name, tcp);
        let tls = timeout(Duration::from_secs(10), connecting).await.map_err(|_| io::ErrorKind::TimedOut)??;
        Ok(Client(BufReader::new(tls)))
    }

    /// A connection to the admin port.
    pub(crate) async fn plain(&self, from: IpAddr) -> io::Result<Client<TcpStream>> {
        Ok(Client(BufReader::new(connect(from, self.admin, None).await?)))
    }
}

async fn connect(from: IpAddr, to: SocketAddr, window: Option<u32>) -> io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    if let Some(window) = window {
        socket.set_recv_buffer_size(window)?;
    }
    socket.bind(SocketAddr::new(from, 0))?;
    timeout(Duration::from_secs(5), socket.connect(to)).await.map_err(|_| io::ErrorKind::TimedOut)?
}

/// A request with a body, as an API server writes it.
pub(crate) fn post(path: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

/// A request without a body.
pub(crate) fn get(path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n").into_bytes()
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }

    /// Sends a request and reads the answer, which must be there in time.
    pub(crate) async fn ask(&mut self, request: &[u8], within: Duration) -> io::Result<Reply> {
        let asked = async {
            self.send(request).await?;
            self.reply().await
        };
        timeout(within, asked).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    async fn reply(&mut self) -> io::Result<Reply> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.0.read_u8().await?);
        }
        let head = String::from_utf8_lossy(&head).to_ascii_lowercase();
        let status = head.get(9..12).and_then(|text| text.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok()).unwrap_or(0);
        let read = tokio::io::copy(&mut (&mut self.0).take(length), &mut tokio::io::sink()).await?;
        if read < length {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(Reply { status, closes: head.contains("\r\nconnection: close\r\n") })
    }
}
