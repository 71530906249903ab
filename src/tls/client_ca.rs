//! Client certificates: which CA must have issued them, and for which names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// The CA that must have issued a client certificate, and the names of which the certificate must have one. A new CA takes
/// effect from the next handshake on.
///
/// The names are needed because the CA may have issued client certificates to others than API servers.
#[derive(Debug)]
pub struct ClientCa {
    names: Vec<String>,
    verifier: ArcSwap<Verifier>,
}

type Verifier = Arc<dyn ClientCertVerifier>;

/// A file with the certificates of a CA, which is read again at an interval.
#[derive(Debug)]
pub struct ClientCaFile {
    path: PathBuf,
    /// The outcome of the last read, so that the same file, valid or not, is reported once.
    last_read: io::Result<Vec<u8>>,
    client_ca: Arc<ClientCa>,
}

/// Why a file cannot be used as a CA.
#[derive(Debug, thiserror::Error)]
pub enum ClientCaError {
    /// The file cannot be read.
    #[error("cannot read {path}: {cause}; --client-ca must be a PEM file with the certificates of a CA")]
    Unreadable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the file system.
        cause: io::Error,
    },
    /// The file has no certificate, or one that cannot be parsed.
    #[error("cannot use {path}: {reason}; --client-ca must be a PEM file with the certificates of a CA")]
    Unusable {
        /// The path of the file.
        path: PathBuf,
        /// The error of the parser.
        reason: String,
    },
}

impl ClientCa {
    /// Whether the common name or a DNS name of a certificate is one of the names.
    fn admits(&self, certificate: &CertificateDer<'_>) -> bool {
        let Ok((_, certificate)) = parse_x509_certificate(certificate) else { return false };
        let is_ours = |name: &str| self.names.iter().any(|ours| ours.eq_ignore_ascii_case(name));
        let mut common_names = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
        if common_names.any(is_ours) {
            return true;
        }
        let alternatives = certificate.subject_alternative_name().ok().flatten();
        let mut alternatives = alternatives.iter().flat_map(|names| &names.value.general_names);
        alternatives.any(|name| matches!(name, GeneralName::DNSName(name) if is_ours(name)))
    }
}

impl ClientCertVerifier for ClientCa {
    /// The handshake does not name the CA: API servers have one certificate for this server, and other clients learn nothing.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verified = self.verifier.load().verify_client_cert(end_entity, intermediates, now)?;
        if self.admits(end_entity) {
            Ok(verified)
        } else {
            Err(Error::InvalidCertificate(CertificateError::NotValidForName))
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.load().verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verifier.load().verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.verifier.load().supported_verify_schemes()
    }
}

impl ClientCaFile {
    /// Reads a CA from a PEM file.
    ///
    /// # Errors
    /// The file cannot be read, or is not a CA.
    pub fn open(path: PathBuf, names: Vec<String>) -> Result<Self, ClientCaError> {
        let contents = fs::read(&path).map_err(|cause| ClientCaError::Unreadable { path: path.clone(), cause })?;
        let verifier = ArcSwap::from_pointee(parse(&path, &contents)?);
        Ok(ClientCaFile { path, last_read: Ok(contents), client_ca: Arc::new(ClientCa { names, verifier }) })
    }

    /// Reads the file at an interval, until the process ends. A valid CA replaces the one in use; anything else is reported
    /// once. It runs on a thread of its own, so that a file system that hangs blocks nothing else.
    ///
    /// # Errors
    /// The thread cannot be started.
    pub fn follow(mut self, interval: Duration) -> io::Result<Arc<ClientCa>> {
        let client_ca = Arc::clone(&self.client_ca);
        let follow = move || {
            loop {
                thread::sleep(interval);
                match self.poll() {
                    Ok(true) => tracing::info!(path = %self.path.display(), "using a new client CA"),
                    Ok(false) => {}
                    Err(error) => tracing::warn!(%error, "cannot use the new client CA; the previous one stays"),
                }
            }
        };
        thread::Builder::new().name("client-ca-file".into()).stack_size(256 << 10).spawn(follow)?;
        Ok(client_ca)
    }

    /// Reads the file; returns whether it has a new CA.
    fn poll(&mut self) -> Result<bool, ClientCaError> {
        let read = fs::read(&self.path);
        let is_unchanged = match (&read, &self.last_read) {
            (Ok(now), Ok(before)) => now == before,
            (Err(now), Err(before)) => now.kind() == before.kind(),
            _ => false,
        };
        if is_unchanged {
            return Ok(false);
        }
        let verifier = match &read {
            Ok(contents) => parse(&self.path, contents),
            Err(error) => {
                let source = io::Error::new(error.kind(), error.to_string());
                Err(ClientCaError::Unreadable { path: self.path.clone(), cause: source })
            }
        };
        self.last_read = read;
        self.client_ca.verifier.store(Arc::new(verifier?));
        Ok(true)
    }
}

fn parse(path: &Path, contents: &[u8]) -> Result<Verifier, ClientCaError> {
    let unusable = |reason: String| ClientCaError::Unusable { path: path.to_owned(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(contents) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    verifier.map_err(|error| unusable(error.to_string()))
}
