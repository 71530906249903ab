//! The served certificate, and the TLS configuration that serves it.

use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig};

use super::client_ca::ClientCa;
use super::pair::Pair;

/// The served pair. It is replaced as a whole: a handshake in progress completes with the pair that it started with, and
/// open connections are not affected. Without a pair, every handshake fails.
#[derive(Debug, Default)]
pub struct Serving(ArcSwapOption<Pair>);

impl Serving {
    /// Serves a pair from the start.
    #[must_use]
    pub fn new(pair: Pair) -> Arc<Self> {
        Arc::new(Serving(ArcSwapOption::from_pointee(pair)))
    }

    /// Serves a pair from the next handshake on.
    pub fn replace(&self, pair: impl Into<Arc<Pair>>) {
        self.0.store(Some(pair.into()));
    }

    /// When the served pair expires; `None` where none is served yet.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.0.load().as_ref().map(|pair| pair.expires())
    }

    /// Checks that the served pair is valid at a point in time, for `/readyz`.
    ///
    /// # Errors
    /// There is no pair, or it has expired.
    pub fn check(&self, now: SystemTime) -> Result<(), String> {
        match self.expires() {
            Some(expires) if expires > now => Ok(()),
            Some(_) => Err(
                "the serving certificate has expired, so API servers reject it; see the log for why it was not renewed"
                    .into(),
            ),
            None => Err("there is no serving certificate yet; see the log for what podgraft waits for".into()),
        }
    }
}

impl ResolvesServerCert for Serving {
    /// Returns the same certificate for every server name: API servers call a webhook by name, by address, or send none.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load().as_ref().map(|pair| pair.certified_key())
    }
}

/// TLS 1.2 and 1.3, with HTTP/1.1 as the only ALPN protocol.
///
/// Sessions are not resumed: API servers do not ask for it, and each new connection has to see the present certificate.
///
/// # Errors
/// This build of rustls has no cipher suite for these versions.
pub fn server_config(serving: Arc<Serving>) -> Result<ServerConfig, Error> {
    server_config_for(serving, None)
}

/// As [`server_config`]; with a client CA, clients must present a certificate that it admits.
///
/// # Errors
/// This build of rustls has no cipher suite for these versions.
pub fn server_config_for(serving: Arc<Serving>, client_ca: Option<Arc<ClientCa>>) -> Result<ServerConfig, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_protocol_versions(&[&TLS13, &TLS12])?;
    let builder = match client_ca {
        Some(client_ca) => builder.with_client_cert_verifier(client_ca),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(serving);
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    Ok(config)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::tls::development;

    #[test]
    fn f12_an_expired_certificate_is_not_ready_but_still_served() {
        let serving = Serving::default();
        assert!(serving.check(SystemTime::now()).is_err_and(|why| why.contains("no serving certificate yet")));
        let issued = development::issue(["localhost"]).unwrap();
        serving.replace(Pair::parse(issued.certificate.as_bytes(), issued.key.as_bytes()).unwrap());
        let expires = serving.expires().unwrap();
        assert_eq!(serving.check(expires - Duration::from_secs(1)), Ok(()));
        assert!(serving.check(expires).is_err_and(|why| why.contains("has expired")));
        assert_eq!(serving.expires(), Some(expires));
    }
}
