//! What the admission port counts: connections, TLS handshakes, and requests that never became a review.

use std::fmt;

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The metrics of one port. They record whether they are registered or not.
#[derive(Debug, Default)]
pub struct HttpMetrics {
    open: Gauge,
    rejected: Counter,
    evicted: Family<EvictionLabel, Counter>,
    accept_failures: Counter,
    handshake_failures: Family<HandshakeLabel, Counter>,
    refused: Family<StatusLabel, Counter>,
    panics: Counter,
}

/// Why a connection was closed although its client had not ended it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Eviction {
    /// It had not sent a valid review yet.
    Unproven,
    /// Its address had more connections than any other, and more than every address may keep.
    Address,
    /// It had been idle for a while.
    Idle,
    /// It did not send its body, or did not read its answer, while others waited for the memory.
    Slow,
}

/// Why a TLS handshake failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HandshakeFault {
    /// It took too long, or its slot was needed for another connection.
    Timeout,
    /// The peer closed the connection.
    Closed,
    /// The bytes were not TLS.
    NotTls,
    /// There is no application protocol (ALPN) in common: the peer offers HTTP/2 only, for example.
    Protocol,
    /// There is no TLS version, cipher suite or key exchange group in common.
    Version,
    /// The peer sent an alert, usually because it does not trust the certificate.
    Alert,
    /// The client presented no certificate of the required CA, or one with another name.
    ClientCertificate,
    /// Anything else.
    Other,
}

impl HttpMetrics {
    /// Metrics that count reviews which panic in `panics`, a counter that other parts of the process share.
    #[must_use]
    pub fn new(panics: Counter) -> Self {
        HttpMetrics { panics, ..HttpMetrics::default() }
    }

    /// Adds all but the counter of panics, which its owner registers.
    pub fn register(&self, registry: &mut Registry) {
        let help = "Requests that never became reviews, by HTTP status";
        registry.register("http_refused", help, self.refused.clone());
        registry.register("tls_handshake_failures", "TLS handshakes that failed", self.handshake_failures.clone());
        registry.register("connections", "Open connections of the admission port", self.open.clone());
        let help = "Connections closed on accept because no slot was free";
        registry.register("connections_rejected", help, self.rejected.clone());
        let help = "Connections closed to make room or to free memory, by kind";
        registry.register("connections_evicted", help, self.evicted.clone());
        registry.register("accept_failures", "Connections that could not be accepted", self.accept_failures.clone());
    }

    /// The connections that are open now.
    #[must_use]
    pub fn open(&self) -> i64 {
        self.open.get()
    }

    /// How many connections were closed at once because every slot was taken.
    #[must_use]
    pub fn rejected(&self) -> u64 {
        self.rejected.get()
    }

    /// How many connections were evicted for this reason.
    #[must_use]
    pub fn evicted(&self, reason: Eviction) -> u64 {
        self.evicted.get(&EvictionLabel { kind: reason }).map_or(0, |counter| counter.get())
    }

    /// How many handshakes failed for this reason.
    #[must_use]
    pub fn handshake_failures(&self, fault: HandshakeFault) -> u64 {
        self.handshake_failures.get(&HandshakeLabel { kind: fault }).map_or(0, |counter| counter.get())
    }

    /// How many requests were refused with this HTTP status before they became a review.
    #[must_use]
    pub fn refused(&self, status: u16) -> u64 {
        self.refused.get(&StatusLabel { status }).map_or(0, |counter| counter.get())
    }

    /// How many reviews panicked. Each also counts as refused with 500.
    #[must_use]
    pub fn panics(&self) -> u64 {
        self.panics.get()
    }

    pub(super) fn record_opened(&self) {
        self.open.inc();
    }

    pub(super) fn record_closed(&self) {
        self.open.dec();
    }

    pub(super) fn record_rejected(&self) {
        self.rejected.inc();
    }

    pub(super) fn record_eviction(&self, reason: Eviction) {
        self.evicted.get_or_create(&EvictionLabel { kind: reason }).inc();
    }

    pub(super) fn record_accept_failure(&self) {
        self.accept_failures.inc();
    }

    pub(super) fn record_handshake_failure(&self, fault: HandshakeFault) {
        self.handshake_failures.get_or_create(&HandshakeLabel { kind: fault }).inc();
    }

    pub(super) fn record_refusal(&self, status: u16) {
        self.refused.get_or_create(&StatusLabel { status }).inc();
    }

    pub(super) fn record_panic(&self) {
        self.panics.inc();
    }
}

impl Eviction {
    /// Every reason.
    pub const ALL: [Eviction; 4] = [Eviction::Unproven, Eviction::Address, Eviction::Idle, Eviction::Slow];

    /// The value of the label `kind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Eviction::Unproven => "unproven",
            Eviction::Address => "address",
            Eviction::Idle => "idle",
            Eviction::Slow => "slow",
        }
    }
}

impl HandshakeFault {
    /// The value of the label `kind`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            HandshakeFault::Timeout => "timeout",
            HandshakeFault::Closed => "closed",
            HandshakeFault::NotTls => "not-tls",
            HandshakeFault::Protocol => "protocol",
            HandshakeFault::Version => "version",
            HandshakeFault::Alert => "alert",
            HandshakeFault::ClientCertificate => "client-certificate",
            HandshakeFault::Other => "other",
        }
    }
}

impl EncodeLabelValue for Eviction {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.as_str().encode(encoder)
    }
}

impl EncodeLabelValue for HandshakeFault {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.as_str().encode(encoder)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EvictionLabel {
    kind: Eviction,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HandshakeLabel {
    kind: HandshakeFault,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: u16,
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[test]
    fn labels_are_the_stable_names_and_readers_create_no_series() {
        let metrics = HttpMetrics::default();
        metrics.record_eviction(Eviction::Slow);
        metrics.record_handshake_failure(HandshakeFault::NotTls);
        metrics.record_refusal(413);
        assert_eq!((metrics.evicted(Eviction::Slow), metrics.evicted(Eviction::Address)), (1, 0));
        let mut registry = Registry::default();
        metrics.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        for line in [
            r#"connections_evicted_total{kind="slow"} 1"#,
            r#"tls_handshake_failures_total{kind="not-tls"} 1"#,
            r#"http_refused_total{status="413"} 1"#,
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
        assert!(!text.contains("address"), "{text}");
    }
}
