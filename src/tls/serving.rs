//! The certificate that is being served, and the TLS that it is served with.

use std::sync::Arc;
use std::time::SystemTime;

use arc_swap::ArcSwapOption;
use rustls::server::{ClientHello, NoServerSessionStorage, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{Error, ServerConfig};

use super::{ClientCa, Pair};

/// The pair that is being served. Replaced as a whole: handshakes that are under way keep the one that they began with,
/// and connections that stand are not touched. Without any, no handshake succeeds.
#[derive(Debug, Default)]
pub struct Serving(ArcSwapOption<Pair>);

impl Serving {
    /// Begins with a pair.
    #[must_use]
    pub fn new(pair: Pair) -> Arc<Self> {
        Arc::new(Serving(ArcSwapOption::from_pointee(pair)))
    }

    /// Serves another pair from the next handshake on.
    pub fn replace(&self, pair: impl Into<Arc<Pair>>) {
        self.0.store(Some(pair.into()));
    }

    /// When what is being served expires; nothing where nothing is being served yet.
    #[must_use]
    pub fn expires(&self) -> Option<SystemTime> {
        self.0.load().as_ref().map(|pair| pair.expires())
    }

    /// Whether it can be trusted at a point in time.
    ///
    /// # Errors
    /// Says that it cannot, and what to do.
    pub fn check(&self, now: SystemTime) -> Result<(), String> {
        match self.expires() {
            Some(expires) if expires > now => Ok(()),
            Some(_) => Err(
                "the serving certificate has expired, so API servers refuse it; the log says why there is no new one"
                    .into(),
            ),
            None => Err("there is no serving certificate yet; the log says what is being waited for".into()),
        }
    }
}

impl ResolvesServerCert for Serving {
    /// One certificate for every name, for API servers reach a webhook by name, by address and without any.
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.0.load().as_ref().map(|pair| pair.certified_key())
    }
}

/// TLS 1.2 and 1.3, and HTTP/1.1 as the only protocol in it.
///
/// Sessions are not resumed: API servers do not ask for it, and a new certificate is to be seen by each new connection.
///
/// # Errors
/// Where this build of rustls has no cipher suite for those versions.
pub fn server_config(serving: Arc<Serving>) -> Result<ServerConfig, Error> {
    server_config_for(serving, None)
}

/// The same; with a CA for clients only those are admitted that present a certificate of it.
///
/// # Errors
/// Where this build of rustls has no cipher suite for those versions.
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
    fn f12_what_has_expired_is_not_ready_and_is_served_on_for_the_api_server_judges() {
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
