//! A client that can misbehave: it writes the bytes that it is given.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// One connection.
pub(crate) struct Client(BufReader<TlsStream<TcpStream>>);

/// One answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Names and values in lower case, one a line.
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Reply {
    /// Whether the server closes the connection after it.
    pub(crate) fn closes(&self) -> bool {
        self.headers.contains("connection: close\n")
    }
}

/// How a client speaks TLS.
pub(crate) struct Tls {
    pub(crate) authorities: Vec<String>,
    pub(crate) versions: Vec<&'static rustls::SupportedProtocolVersion>,
    pub(crate) protocols: &'static [&'static str],
    pub(crate) name: Option<&'static str>,
    /// A certificate and its key, in PEM.
    pub(crate) identity: Option<(String, String)>,
}

impl Tls {
    pub(crate) fn trusting(authority: &str) -> Self {
        Tls {
            authorities: vec![authority.to_owned()],
            versions: vec![&TLS13, &TLS12],
            protocols: &["http/1.1"],
            name: None,
            identity: None,
        }
    }

    fn config(&self) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        for authority in &self.authorities {
            roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider).with_protocol_versions(&self.versions).unwrap();
        let builder = builder.with_root_certificates(roots);
        let mut config = match &self.identity {
            Some((certificate, key)) => {
                let certificate = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
                builder.with_client_auth_cert(vec![certificate], key).unwrap()
            }
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = self.protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
        config
    }

    /// Connects; without a name by address, which sends no SNI.
    pub(crate) async fn connect(&self, to: SocketAddr) -> io::Result<Client> {
        self.over(TcpStream::connect(to).await?).await
    }

    /// Performs the TLS handshake on an open connection.
    pub(crate) async fn over(&self, tcp: TcpStream) -> io::Result<Client> {
        let name = match self.name {
            Some(name) => ServerName::try_from(name).unwrap(),
            None => ServerName::from(tcp.peer_addr()?.ip()),
        };
        let tls = TlsConnector::from(Arc::new(self.config())).connect(name, tcp).await?;
        Ok(Client(BufReader::new(tls)))
    }
}

/// A request as an API server writes it.
pub(crate) fn post(path: &str, body: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: podgraft\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

impl Client {
    pub(crate) async fn post(&mut self, body: &str) -> io::Result<Reply> {
        self.send(&post("/inject/requested", body)).await?;
        self.reply().await
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.write_all(bytes.as_ref()).await?;
        self.0.flush().await
    }

    pub(crate) async fn reply(&mut self) -> io::Result<Reply> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.0.read_line(&mut head).await? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("closed after {head:?}")));
            }
        }
        let headers = head.to_ascii_lowercase().replace("\r\n", "\n");
        let number = |text: &str| text.split_ascii_whitespace().next().unwrap().parse().unwrap();
        let length = headers.split_once("content-length:").map_or(0, |(_, rest)| number(rest));
        let status = number(&headers["http/1.1 ".len()..]);
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok(Reply { status: u16::try_from(status).unwrap(), headers, body: String::from_utf8(body).unwrap() })
    }

    /// Waits until the server closes, and says what came before that.
    pub(crate) async fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        // A connection may be cut off without a farewell.
        let _ = self.0.read_to_end(&mut rest).await;
        String::from_utf8_lossy(&rest).into_owned()
    }

    /// The certificate that the server showed, as DER.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        self.0.get_ref().get_ref().1.peer_certificates().unwrap()[0].to_vec()
    }

    pub(crate) fn protocol(&self) -> Option<Vec<u8>> {
        self.0.get_ref().get_ref().1.alpn_protocol().map(Vec::from)
    }

    /// Goes away without a word, so that the server sees a reset.
    pub(crate) fn reset(self) {
        let tcp = self.0.into_inner().into_inner().0;
        tcp.set_zero_linger().unwrap();
    }
}
