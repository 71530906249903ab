//! The HTTPS client of `podgraft probe`: one request per connection.

use std::error::Error;
use std::fmt;
use std::net::Ipv6Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper::{Request, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::cli::input;

/// The maximum `timeoutSeconds` of a webhook.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The answer to one review.
#[derive(Debug)]
pub(super) enum ServerAnswer {
    /// An AdmissionReview.
    Review(Value),
    /// The server cannot review this object now; it may be able to review others. The message says who answered, and why.
    Unavailable(String),
}

/// Parses the URL of a server.
pub(super) fn server_url(text: &str) -> Result<Uri, String> {
    // The environment variables of Kubernetes contain IPv6 addresses without brackets.
    let bare = text.strip_prefix("https://").filter(|host| host.parse::<Ipv6Addr>().is_ok());
    let url = bare.map_or(text.to_owned(), |address| format!("https://[{address}]"));
    let uri: Option<Uri> = url.parse().ok();
    let is_server = |uri: &Uri| uri.scheme_str() == Some("https") && uri.host().is_some();
    uri.filter(is_server).ok_or_else(|| "must be https://<host> or https://<host>:<port>".to_owned())
}

/// A client of one server, which verifies its certificate.
pub(super) struct ReviewClient {
    authority: String,
    name: ServerName<'static>,
    connector: TlsConnector,
    runtime: Runtime,
}

impl ReviewClient {
    /// A client of the server at `url`, whose certificate must be signed by `ca` for `name`, or for the host of the URL.
    /// `identity` is the files of a client certificate and its key.
    pub(super) fn new(
        url: &Uri,
        ca: &Path,
        name: Option<&str>,
        identity: Option<(&Path, &Path)>,
    ) -> anyhow::Result<Self> {
        let host = url.host().unwrap_or_default().trim_matches(['[', ']']);
        let name = name.unwrap_or(host);
        let mut roots = RootCertStore::empty();
        for certificate in certificates("--ca", ca)? {
            roots.add(certificate).with_context(|| format!("--ca {}: invalid certificate", ca.display()))?;
        }
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = match identity {
            Some((certificate, key)) => present(config, certificate, key)?,
            None => config.with_no_client_auth(),
        };
        Ok(ReviewClient {
            authority: format!("{}:{}", url.host().unwrap_or_default(), url.port_u16().unwrap_or(443)),
            name: ServerName::try_from(name.to_owned()).with_context(|| format!("invalid server name {name}"))?,
            connector: TlsConnector::from(Arc::new(config)),
            runtime: Builder::new_current_thread().enable_all().build().context("cannot start the runtime")?,
        })
    }

    /// Sends a review and returns the answer.
    pub(super) fn post(&self, path: &str, body: String) -> anyhow::Result<ServerAnswer> {
        let exchange = async { timeout(TIMEOUT, self.exchange(path, body)).await };
        let (status, body) = self
            .runtime
            .block_on(exchange)
            .with_context(|| format!("{} did not answer within {TIMEOUT:?}", self.authority))??;
        let message = || format!("{} answered {status}: {}", self.authority, String::from_utf8_lossy(&body).trim_end());
        match status {
            200 => serde_json::from_slice(&body)
                .map(ServerAnswer::Review)
                .context("the response is not an AdmissionReview"),
            503 => Ok(ServerAnswer::Unavailable(message())),
            _ => bail!(message()),
        }
    }

    async fn exchange(&self, path: &str, body: String) -> anyhow::Result<(u16, Bytes)> {
        let server = &self.authority;
        let unreachable = |e| failed(format_args!("cannot reach {server}"), e, "is the server running?");
        let tcp = TcpStream::connect(server).await.map_err(unreachable)?;
        let untrusted =
            |e| failed(format_args!("TLS handshake with {server} failed"), e, "is its certificate signed by --ca?");
        let tls = self.connector.connect(self.name.clone(), tcp).await.map_err(untrusted)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(tls)).await?;
        tokio::spawn(connection);
        let request = Request::post(path)
            .header(header::HOST, &self.authority)
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONNECTION, "close")
            .body(Full::new(Bytes::from(body)))?;
        let closed = |e| {
            let what = format_args!("{server} closed the connection");
            failed(what, e, "does the server require a client certificate (--cert, --key)?")
        };
        let response = sender.send_request(request).await.map_err(closed)?;
        let status = response.status().as_u16();
        Ok((status, response.into_body().collect().await?.to_bytes()))
    }
}

/// An error with its causes, followed by a hint.
fn failed(what: impl fmt::Display, error: impl Error + Send + Sync + 'static, hint: &str) -> anyhow::Error {
    anyhow!("{what}: {:#}; {hint}", anyhow::Error::new(error))
}

/// Adds a client certificate to the configuration.
fn present(
    config: ConfigBuilder<ClientConfig, WantsClientCert>,
    certificate: &Path,
    key: &Path,
) -> anyhow::Result<ClientConfig> {
    let chain = certificates("--cert", certificate)?;
    let bytes = input::read(key).map_err(|error| anyhow!("--key: {error}"))?;
    let private_key = PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|_| anyhow!("--key {}: no PEM private key found", key.display()))?;
    config
        .with_client_auth_cert(chain, private_key)
        .with_context(|| format!("--key {} is not the key of --cert {}", key.display(), certificate.display()))
}

/// The certificates in the file that a flag names, at least one.
fn certificates(flag: &str, path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let bytes = input::read(path).map_err(|error| anyhow!("{flag}: {error}{}", missing_hint(flag, path)))?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.with_context(|| format!("{flag} {}: invalid PEM", path.display()))?;
    ensure!(!found.is_empty(), "{flag} {}: no PEM certificate found", path.display());
    Ok(found)
}

/// The remedy for a user who has no CA yet.
fn missing_hint(flag: &str, path: &Path) -> &'static str {
    if flag != "--ca" || path.exists() {
        return "";
    }
    "; `podgraft certs` creates one for a server on this machine, and `podgraft probe --help` shows how to read that of a cluster"
}
