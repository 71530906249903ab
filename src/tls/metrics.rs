//! The metrics of the serving certificate and of the CA that issues it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Clones share their series. Those of the CA exist only where this process issues the certificate itself.
#[derive(Debug, Clone, Default)]
pub struct Metrics {
    certificate_expiry: Family<Unlabeled, Gauge>,
    ca_expiry: Family<Unlabeled, Gauge>,
    issued: Family<IssuedLabels, Counter>,
    bundles_in_sync: Family<Unlabeled, Gauge>,
    bundles: Arc<Mutex<BundlesRecord>>,
    failures: Family<Unlabeled, Counter>,
}

/// What `ca_bundles_in_sync` depends on.
#[derive(Debug, Default)]
struct BundlesRecord {
    /// `None` where this process writes no `caBundle`.
    are_in_sync: Option<bool>,
    needed_missing: bool,
}

/// The labels of a family of one series, which does not exist before it is first set.
type Unlabeled = [(&'static str, &'static str); 0];

/// What a process issues for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum IssuedKind {
    Pair,
    Ca,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct IssuedLabels {
    what: IssuedKind,
}

impl Metrics {
    /// Registers all series, under names without a prefix.
    pub fn register(&self, r: &mut Registry) {
        let help = "When the serving certificate expires";
        r.register("certificate_expiry_timestamp_seconds", help, self.certificate_expiry.clone());
        let help = "When the CA that signs the serving certificate expires";
        r.register("ca_expiry_timestamp_seconds", help, self.ca_expiry.clone());
        r.register("certificates_issued", "Certificates issued by this replica", self.issued.clone());
        let help = "1 if every webhook configuration that a companion needs exists, and every caBundle contains all current CAs";
        r.register("ca_bundles_in_sync", help, self.bundles_in_sync.clone());
        let help = "Times that the Secret or a caBundle could not be read or written";
        r.register("certificate_failures", help, self.failures.clone());
    }

    /// Creates the series of a process that issues its certificate itself, so that their first change can be seen.
    pub fn begin_self_managed(&self) {
        for what in [IssuedKind::Pair, IssuedKind::Ca] {
            drop(self.issued.get_or_create(&IssuedLabels { what }));
        }
        drop(self.failures.get_or_create(&[]));
        self.set_bundles_in_sync(false);
    }

    /// Records when the serving certificate expires.
    pub fn set_certificate_expiry(&self, at: SystemTime) {
        self.certificate_expiry.get_or_create(&[]).set(unix_seconds(at));
    }

    /// Records when the signing CA expires.
    pub(super) fn set_ca_expiry(&self, at: SystemTime) {
        self.ca_expiry.get_or_create(&[]).set(unix_seconds(at));
    }

    pub(super) fn count_issued(&self, what: IssuedKind) {
        self.issued.get_or_create(&IssuedLabels { what }).inc();
    }

    /// Records whether each `caBundle` that exists holds what it should.
    pub(super) fn set_bundles_in_sync(&self, in_sync: bool) {
        self.update_bundles(|bundles| bundles.are_in_sync = Some(in_sync));
    }

    /// Records whether a webhook configuration does not exist that a companion needs. One that is not needed may be disabled.
    pub fn set_needed_missing(&self, missing: bool) {
        self.update_bundles(|bundles| bundles.needed_missing = missing);
    }

    fn update_bundles(&self, update: impl FnOnce(&mut BundlesRecord)) {
        let mut bundles = self.bundles.lock().unwrap_or_else(PoisonError::into_inner);
        update(&mut bundles);
        if let Some(are_in_sync) = bundles.are_in_sync {
            self.bundles_in_sync.get_or_create(&[]).set((are_in_sync && !bundles.needed_missing).into());
        }
    }

    /// Counts a round that failed, or a `caBundle` that could not be written.
    pub(super) fn count_failure(&self) {
        self.failures.get_or_create(&[]).inc();
    }
}

impl EncodeLabelValue for IssuedKind {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), std::fmt::Error> {
        match self {
            IssuedKind::Pair => "pair",
            IssuedKind::Ca => "ca",
        }
        .encode(encoder)
    }
}

fn unix_seconds(at: SystemTime) -> i64 {
    i64::try_from(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    fn scrape(metrics: &Metrics) -> String {
        let (mut registry, mut text) = (Registry::default(), String::new());
        metrics.register(registry.sub_registry_with_prefix("podgraft"));
        encode(&mut text, &registry).unwrap();
        text
    }

    #[test]
    fn a_ca_that_is_not_managed_here_has_no_series() {
        let metrics = Metrics::default();
        metrics.set_certificate_expiry(UNIX_EPOCH);
        let text = scrape(&metrics);
        for series in ["ca_expiry_timestamp_seconds", "ca_bundles_in_sync", "certificates_issued_total"] {
            assert!(!text.contains(&format!("\npodgraft_{series}")), "{series}: {text}");
        }
        assert!(text.contains("\npodgraft_certificate_expiry_timestamp_seconds"), "{text}");
    }

    #[test]
    fn a_configuration_that_is_needed_and_missing_is_not_in_sync() {
        let metrics = Metrics::default();
        metrics.set_needed_missing(true);
        assert!(!scrape(&metrics).contains("podgraft_ca_bundles_in_sync{}"), "this process writes no caBundle");
        let in_sync = || scrape(&metrics).contains("podgraft_ca_bundles_in_sync{} 1");
        metrics.set_bundles_in_sync(true);
        assert!(!in_sync());
        metrics.set_needed_missing(false);
        assert!(in_sync());
        metrics.set_bundles_in_sync(false);
        assert!(!in_sync());
    }

    #[test]
    fn the_series_of_a_self_managed_ca_exist_from_the_start() {
        let metrics = Metrics::default();
        metrics.begin_self_managed();
        let text = scrape(&metrics);
        for line in [
            "podgraft_ca_bundles_in_sync{} 0",
            "podgraft_certificate_failures_total{} 0",
            r#"podgraft_certificates_issued_total{what="pair"} 0"#,
        ] {
            assert!(text.contains(line), "{line}: {text}");
        }
    }
}
