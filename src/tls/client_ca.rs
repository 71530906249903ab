//! Which clients may connect: those with a certificate of one CA, for one of some names.

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

/// The CA that client certificates must be of, and the names of which they must have one. The CA is replaced as a whole, from
/// the next handshake on.
///
/// A CA alone is not enough: whoever else it has issued a client certificate to would be as good as an API server.
#[derive(Debug)]
pub struct ClientCa {
    names: Vec<String>,
    verifier: ArcSwap<Verifier>,
}

type Verifier = Arc<dyn ClientCertVerifier>;

/// A file with the certificates of a CA, which is followed by its content.
#[derive(Debug)]
pub struct ClientCaFile {
    path: PathBuf,
    seen: io::Result<Vec<u8>>,
    client_ca: Arc<ClientCa>,
}

/// Why a file cannot be used as a CA.
#[derive(Debug, thiserror::Error)]
pub enum ClientCaError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}; --client-ca takes the certificates of a CA in PEM")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It was read, and is no CA.
    #[error("cannot use {path}: {why}; --client-ca takes the certificates of a CA in PEM")]
    Unusable {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
}

impl ClientCa {
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
    /// The CA is not named in the handshake: clients have one certificate for this server, and strangers learn nothing.
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
    /// Reads a CA from a file.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn open(path: PathBuf, names: Vec<String>) -> Result<Self, ClientCaError> {
        let contents = fs::read(&path).map_err(|source| ClientCaError::Unreadable { path: path.clone(), source })?;
        let verifier = ArcSwap::from_pointee(parse(&path, &contents)?);
        Ok(ClientCaFile { path, seen: Ok(contents), client_ca: Arc::new(ClientCa { names, verifier }) })
    }

    /// Follows the file for as long as the process lives: a CA that can be used replaces the one that is in use, anything else
    /// is reported once. It has a thread of its own, so that a file system that hangs keeps nobody else waiting.
    ///
    /// # Errors
    /// Where there can be no further thread.
    pub fn follow(mut self, interval: Duration) -> io::Result<Arc<ClientCa>> {
        let client_ca = Arc::clone(&self.client_ca);
        let follow = move || {
            loop {
                thread::sleep(interval);
                match self.look() {
                    Ok(true) => tracing::info!(path = %self.path.display(), "using a new CA for clients"),
                    Ok(false) => {}
                    Err(error) => tracing::warn!(%error, "the new CA for clients cannot be used, keeping the old one"),
                }
            }
        };
        thread::Builder::new().name("client-ca-file".into()).stack_size(256 << 10).spawn(follow)?;
        Ok(client_ca)
    }

    /// Looks once; whether there is a new CA.
    fn look(&mut self) -> Result<bool, ClientCaError> {
        let read = fs::read(&self.path);
        let same = match (&read, &self.seen) {
            (Ok(now), Ok(before)) => now == before,
            (Err(now), Err(before)) => now.kind() == before.kind(),
            _ => false,
        };
        if same {
            return Ok(false);
        }
        let verifier = match &read {
            Ok(contents) => parse(&self.path, contents),
            Err(error) => {
                let source = io::Error::new(error.kind(), error.to_string());
                Err(ClientCaError::Unreadable { path: self.path.clone(), source })
            }
        };
        self.seen = read;
        self.client_ca.verifier.store(Arc::new(verifier?));
        Ok(true)
    }
}

fn parse(path: &Path, contents: &[u8]) -> Result<Verifier, ClientCaError> {
    let unusable = |why: String| ClientCaError::Unusable { path: path.to_owned(), why };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(contents) {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unusable(error.to_string()))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
    verifier.map_err(|error| unusable(error.to_string()))
}
