//! The registry of the process, its review counters, and what Linux reports about it.
//!
//! Rooms that count something of their own have a type with a `register` method, which takes [`Metrics::registry`].

mod certificates;
mod labels;
mod process;
mod reviews;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub use certificates::{Certificates, IssuedMetric};
use labels::{BuildLabels, ReasonLabel, ResourceLabel, SourceLabel, StateLabel};
use reviews::ReviewMetrics;

use crate::admission::ReviewRecord;

/// The metrics of a process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    reviews: ReviewMetrics,
    /// Reviews and background tasks that panicked.
    pub panics: Counter,
    /// The serving certificate.
    pub certificates: Certificates,
    ready: Gauge,
    reloads: Family<SourceLabel, Counter>,
    companions: Family<StateLabel, Gauge>,
    companions_hash: Gauge,
    not_ready: Family<ReasonLabel, Gauge>,
    namespaces: Gauge,
    watches: Family<ResourceLabel, Gauge>,
    watches_heard: Family<ResourceLabel, Gauge>,
    policies_out_of_sync: Gauge,
    manifest_errors: Gauge,
}

/// What is reloaded while the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reloadable {
    /// The serving certificate.
    Certificate,
    /// The companions.
    Companions,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Metrics {
            registry: Registry::default(),
            reviews: ReviewMetrics::default(),
            panics: Counter::default(),
            certificates: Certificates::default(),
            ready: Gauge::default(),
            reloads: Family::default(),
            companions: Family::default(),
            companions_hash: Gauge::default(),
            not_ready: Family::default(),
            namespaces: Gauge::default(),
            watches: Family::default(),
            watches_heard: Family::default(),
            policies_out_of_sync: Gauge::default(),
            manifest_errors: Gauge::default(),
        };
        metrics.begin_at_zero();
        metrics.registered()
    }
}

impl Metrics {
    /// Counts a review.
    pub fn review(&self, record: &ReviewRecord<'_>, took: Duration) {
        self.reviews.record(record, took);
    }

    /// Counts an attempt to reload something, and whether the new content is used.
    pub fn reloaded(&self, source: Reloadable, used: bool) {
        let result = if used { "used" } else { "rejected" };
        self.reloads.get_or_create(&SourceLabel { source: source.as_str(), result }).inc();
    }

    /// Sets the number of valid and of invalid companions, and a fingerprint of their versions.
    pub fn companions(&self, valid: usize, invalid: usize, fingerprint: u64) {
        self.companions_hash.set(i64::try_from(fingerprint).unwrap_or(i64::MAX));
        for (state, count) in [("valid", valid), ("invalid", invalid)] {
            self.companions.get_or_create(&StateLabel { state }).set(gauge(count));
        }
    }

    /// Sets how many companions of the cluster are not ready for this reason.
    pub fn companions_not_ready(&self, reason: &'static str, count: usize) {
        self.not_ready.get_or_create(&ReasonLabel { reason }).set(gauge(count));
    }

    /// Sets whether /readyz passes.
    pub fn ready(&self, yes: bool) {
        self.ready.set(yes.into());
    }

    /// Sets the number of Namespaces.
    pub fn namespaces(&self, count: usize) {
        self.namespaces.set(gauge(count));
    }

    /// Sets how many policies and bindings of required companions differ from the desired ones.
    pub fn policies_out_of_sync(&self, count: usize) {
        self.policies_out_of_sync.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Sets whether a watch works, and when its last event arrived.
    pub fn watch(&self, resource: &'static str, works: bool, heard: Option<SystemTime>) {
        self.watches.get_or_create(&ResourceLabel { resource }).set(i64::from(!works));
        if let Some(heard) = heard {
            self.watches_heard.get_or_create(&ResourceLabel { resource }).set(timestamp(heard));
        }
    }

    /// Sets the number of errors in the manifests.
    pub fn manifest_errors(&self, count: usize) {
        self.manifest_errors.set(gauge(count));
    }

    /// Where other rooms register what they count. It adds the prefix `podgraft`.
    pub fn registry(&mut self) -> &mut Registry {
        self.registry.sub_registry_with_prefix("podgraft")
    }

    /// All metrics, in the OpenMetrics text format.
    #[must_use]
    pub fn scrape(&self) -> String {
        let mut text = String::with_capacity(16 << 10);
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    /// Only a series that exists before its first event shows an increase at its first event.
    fn begin_at_zero(&self) {
        for source in [Reloadable::Certificate, Reloadable::Companions] {
            for result in ["used", "rejected"] {
                drop(self.reloads.get_or_create(&SourceLabel { source: source.as_str(), result }));
            }
        }
    }

    fn registered(mut self) -> Self {
        self.registry.register_collector(Box::new(process::Process::default()));
        let r = self.registry.sub_registry_with_prefix("podgraft");
        self.reviews.register(r);
        r.register("panics", "Reviews and background tasks that panicked, which is a bug", self.panics.clone());
        self.certificates.register(r);
        r.register("ready", "Whether this replica is ready for reviews, as /readyz reports", self.ready.clone());
        r.register(
            "reloads",
            "Reloads of companions and certificate, and whether the new content is used",
            self.reloads.clone(),
        );
        r.register("companions", "Companions, by state", self.companions.clone());
        let help =
            "Fingerprint of the versions in use; equal in replicas that use the same versions of the same companions";
        r.register("companions_hash", help, self.companions_hash.clone());
        let help = "Companions of the cluster whose newest version is not in use, by reason";
        r.register("companions_not_ready", help, self.not_ready.clone());
        r.register("namespaces", "Known Namespaces", self.namespaces.clone());
        r.register("watch_failing", "Whether a watch is failing", self.watches.clone());
        let help = "Time of the last event of a watch; without changes there is one about every two minutes";
        r.register("watch_last_event_timestamp_seconds", help, self.watches_heard.clone());
        let help = "Policies and bindings of required companions that differ from the desired ones";
        r.register("policies_out_of_sync", help, self.policies_out_of_sync.clone());
        let errors = "Errors in the manifests; a companion with one stays at its last valid version";
        r.register("manifest_errors", errors, self.manifest_errors.clone());
        r.register("build", "Version of podgraft", Info::new(BuildLabels { version: env!("CARGO_PKG_VERSION") }));
        self
    }
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn timestamp(at: SystemTime) -> i64 {
    i64::try_from(at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}

impl Reloadable {
    fn as_str(self) -> &'static str {
        match self {
            Reloadable::Certificate => "certificate",
            Reloadable::Companions => "companions",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::ReviewResult;
    use crate::inject::verdict::reason::Reason;
    use crate::inject::verdict::{Decision, Effect, Finding, Verdict, Via};

    fn record<'a>(verdict: Option<&'a Verdict<'a>>) -> ReviewRecord<'a> {
        ReviewRecord {
            webhook: "requested",
            result: ReviewResult::Patched,
            uid: "1-2",
            namespace: "secret-town",
            name: "web",
            dry_run: false,
            verdict,
            complaint: "",
        }
    }

    #[test]
    fn reviews_and_reasons_are_counted_without_names() {
        let finding = Finding {
            companion: Some("git-sync".into()),
            via: Some(Via::Pod),
            reason: Reason::Injected,
            effect: Effect::Info,
            outcome: true,
        };
        let verdict = Verdict { decision: Decision::Patch(b"[]".to_vec()), findings: vec![finding] };
        let metrics = Metrics::default();
        metrics.review(&record(Some(&verdict)), Duration::from_micros(12));
        let text = metrics.scrape();
        assert!(text.contains(r#"podgraft_reviews_total{webhook="requested",result="patched"} 1"#), "{text}");
        assert!(text.contains(r#"podgraft_findings_total{reason="Injected",via="Pod",effect="Info"} 1"#), "{text}");
        assert!(text.contains(r#"podgraft_review_duration_seconds_count{webhook="requested"} 1"#), "{text}");
        assert!(text.contains("podgraft_patch_bytes_sum 2.0"), "{text}");
        assert!(!text.contains("git-sync") && !text.contains("secret-town"), "{text}");
    }

    #[test]
    fn a_scrape_describes_the_process() {
        let text = Metrics::default().scrape();
        for name in ["podgraft_build_info{version=", "process_resident_memory_bytes ", "process_start_time_seconds "] {
            assert!(text.contains(name), "no {name} in {text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
