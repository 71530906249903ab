//! What is counted of the serving certificate and of the authority behind it.

use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// The serving certificate; its authority only where this process looks after it: else there are no such series.
#[derive(Debug, Default)]
pub struct Certificates {
    expiry: Family<Unlabelled, Gauge>,
    authority_expiry: Family<Unlabelled, Gauge>,
    issued: Family<CertificateOutcome, Counter>,
    bundles_in_step: Family<Unlabelled, Gauge>,
    failures: Family<Unlabelled, Counter>,
}

/// A family of one series, which is not there before there is something to say.
type Unlabelled = [(&'static str, &'static str); 0];

/// What a process issues for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssuedMetric {
    /// A serving certificate.
    Pair,
    /// The authority behind it.
    Authority,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CertificateOutcome {
    what: &'static str,
}

impl Certificates {
    /// Begins the series of a process that looks after its certificate.
    pub fn look_after(&self) {
        for what in [IssuedMetric::Pair, IssuedMetric::Authority] {
            drop(self.issued.get_or_create(&what.label()));
        }
        drop(self.failures.get_or_create(&[]));
        self.bundles_in_step(false);
    }

    /// Says until when the serving certificate is valid.
    pub fn expires(&self, at: SystemTime) {
        self.expiry.get_or_create(&[]).set(timestamp(at));
    }

    /// Says until when the authority that signs serving certificates is valid.
    pub fn authority_expires(&self, at: SystemTime) {
        self.authority_expiry.get_or_create(&[]).set(timestamp(at));
    }

    /// Counts what this process issued.
    pub fn issued(&self, what: IssuedMetric) {
        self.issued.get_or_create(&what.label()).inc();
    }

    /// Says whether each `caBundle` is what it should be.
    pub fn bundles_in_step(&self, in_step: bool) {
        self.bundles_in_step.get_or_create(&[]).set(in_step.into());
    }

    /// Counts a time that Secret or `caBundle` could not be looked after.
    pub fn failed(&self) {
        self.failures.get_or_create(&[]).inc();
    }

    /// Adds the metrics to a registry.
    pub fn register(&self, r: &mut Registry) {
        let help = "When the serving certificate expires";
        r.register("certificate_expiry_timestamp_seconds", help, self.expiry.clone());
        let help = "When the authority that signs the serving certificate expires";
        r.register("ca_expiry_timestamp_seconds", help, self.authority_expiry.clone());
        r.register("certificates_issued", "What this process issued for itself", self.issued.clone());
        let help = "Whether each caBundle is what it should be";
        r.register("ca_bundles_in_sync", help, self.bundles_in_step.clone());
        let help = "Times that the Secret or a caBundle could not be read or written";
        r.register("certificate_failures", help, self.failures.clone());
    }
}

fn timestamp(at: SystemTime) -> i64 {
    i64::try_from(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}

impl IssuedMetric {
    fn label(self) -> CertificateOutcome {
        match self {
            IssuedMetric::Pair => CertificateOutcome { what: "pair" },
            IssuedMetric::Authority => CertificateOutcome { what: "authority" },
        }
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    fn scrape(certificates: &Certificates) -> String {
        let mut registry = Registry::with_prefix("podgraft");
        certificates.register(&mut registry);
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn says_nothing_of_an_authority_that_others_look_after() {
        let certificates = Certificates::default();
        certificates.expires(UNIX_EPOCH);
        let text = scrape(&certificates);
        for series in ["ca_expiry_timestamp_seconds", "ca_bundles_in_sync", "certificates_issued_total"] {
            assert!(!text.contains(&format!("\npodgraft_{series}")), "{series}: {text}");
        }
        assert!(text.contains("\npodgraft_certificate_expiry_timestamp_seconds"), "{text}");
    }

    #[test]
    fn an_own_authority_has_its_series_from_the_beginning() {
        let certificates = Certificates::default();
        certificates.look_after();
        let text = scrape(&certificates);
        for line in [
            "podgraft_ca_bundles_in_sync{} 0",
            "podgraft_certificate_failures_total{} 0",
            r#"podgraft_certificates_issued_total{what="pair"} 0"#,
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
