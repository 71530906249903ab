//! What replicas share: CAs, and the serving pair that one of them issued.

use std::sync::Arc;
use std::time::SystemTime;

use super::policy::RotationPolicy;
use crate::tls::ca::{Ca, PrivateKeyPem, TrustAnchor};
use crate::tls::pair::Pair;
use crate::tls::trust::is_trusted;

/// The content of the Secret. What is absent, was unreadable, or does not belong to the rest is `None`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct CaState {
    /// The CA that issues pairs.
    pub(super) signing: Option<Ca>,
    /// The CA that signs next. API servers trust it already, or are about to.
    pub(super) next: Option<Ca>,
    /// CAs that signed earlier and are still trusted, sorted. Their keys are not kept.
    pub(super) others: Vec<TrustAnchor>,
    /// The serving certificate.
    pub(super) pair: Option<IssuedPair>,
}

/// A serving pair, and the PEM text that it was parsed from.
#[derive(Debug, Clone)]
pub(super) struct IssuedPair {
    pub(super) certificate: Arc<str>,
    pub(super) key: PrivateKeyPem,
    pub(super) pair: Arc<Pair>,
}

impl CaState {
    /// Every CA that API servers have to trust.
    pub(super) fn anchors(&self) -> impl Iterator<Item = &TrustAnchor> {
        let issuers = self.signing.iter().chain(&self.next).map(|ca| &ca.anchor);
        issuers.chain(&self.others)
    }

    /// Adds a CA to those that are trusted, unless it is among them.
    pub(super) fn trust(&mut self, anchor: &TrustAnchor) {
        if self.anchors().all(|known| known != anchor) {
            self.others.push(anchor.clone());
            self.others.sort();
        }
    }

    /// Whether a client that trusts these CAs accepts the pair for every name of the Service.
    pub(super) fn pair_is_trusted(&self, policy: &RotationPolicy, now: SystemTime) -> bool {
        self.pair.as_ref().is_some_and(|issued| is_trusted(self.anchors(), issued.pair.chain(), &policy.names, now))
    }
}

impl IssuedPair {
    /// Parses a pair from PEM; `None` where certificate and key cannot be read or do not belong together.
    pub(super) fn parse(certificate: &[u8], key: &[u8]) -> Option<Self> {
        let pair = Arc::new(Pair::parse(certificate, key).ok()?);
        let (certificate, key) = (std::str::from_utf8(certificate).ok()?, std::str::from_utf8(key).ok()?);
        Some(IssuedPair { certificate: certificate.into(), key: PrivateKeyPem::new(key), pair })
    }
}

impl PartialEq for IssuedPair {
    fn eq(&self, other: &Self) -> bool {
        self.certificate == other.certificate && self.key == other.key
    }
}
