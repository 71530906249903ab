//! What is counted. Every label comes out of a closed set: nothing that a user writes can make a new series.

mod certificates;
mod connections;
mod labels;
mod process;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

pub use certificates::{Certificates, IssuedMetric};
pub use connections::ConnectionCounts;
use labels::{
    BuildLabels, KindLabel, OutcomeLabels, ReasonLabel, ResourceLabel, ReviewLabels, SourceLabel, StateLabel,
    StatusLabel, WebhookLabel,
};

use crate::admission::{ReviewRecord, ReviewResult};
use crate::inject::verdict::{Decision, Effect, Verdict};

/// All counters of a process.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    reviews: Family<ReviewLabels, Counter>,
    findings: Family<OutcomeLabels, Counter>,
    durations: Family<WebhookLabel, Histogram, fn() -> Histogram>,
    patches: Histogram,
    refused: Family<StatusLabel, Counter>,
    /// Reviews and background tasks that panicked.
    pub panics: Counter,
    handshakes: Family<KindLabel, Counter>,
    /// The connections of the admission port.
    pub connections: ConnectionCounts,
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

/// What can be loaded anew while the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reloadable {
    /// The serving certificate.
    Certificate,
    /// The companions.
    Companions,
}

const ENTRIES: [&str; 4] = ["requested", "opted-in", "cluster-wide", "preview"];
const RESULTS: [ReviewResult; 5] = [
    ReviewResult::Patched,
    ReviewResult::Unchanged,
    ReviewResult::Denied,
    ReviewResult::Unavailable,
    ReviewResult::Unreadable,
];

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Metrics {
            registry: Registry::default(),
            reviews: Family::default(),
            findings: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(exponential_buckets(5e-6, 2.0, 16))),
            patches: Histogram::new(exponential_buckets(256.0, 4.0, 8)),
            refused: Family::default(),
            panics: Counter::default(),
            handshakes: Family::default(),
            connections: ConnectionCounts::default(),
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
        self.reviews.get_or_create(&ReviewLabels { webhook: record.webhook, result: record.result.as_str() }).inc();
        self.durations.get_or_create(&WebhookLabel { webhook: record.webhook }).observe(took.as_secs_f64());
        if let Some(verdict) = record.verdict {
            self.verdict(verdict);
        }
    }

    /// Counts a request that never became a review.
    pub fn refused(&self, status: u16) {
        self.refused.get_or_create(&StatusLabel { status }).inc();
    }

    /// Counts a TLS handshake that failed. The kind comes out of a closed set.
    pub fn handshake_failed(&self, kind: &'static str) {
        self.handshakes.get_or_create(&KindLabel { kind }).inc();
    }

    /// Counts an attempt to load something anew, and whether what came is used.
    pub fn reloaded(&self, source: Reloadable, used: bool) {
        let result = if used { "used" } else { "rejected" };
        self.reloads.get_or_create(&SourceLabel { source: source.as_str(), result }).inc();
    }

    /// Says how many companions are known, how many of all are broken, and what tells these versions from others.
    pub fn companions(&self, good: usize, broken: usize, fingerprint: u64) {
        self.companions_hash.set(i64::try_from(fingerprint).unwrap_or(i64::MAX));
        for (state, count) in [("valid", good), ("invalid", broken)] {
            self.companions.get_or_create(&StateLabel { state }).set(gauge(count));
        }
    }

    /// Says how many companions of the cluster are not ready for this reason, which comes out of a closed set.
    pub fn companions_not_ready(&self, reason: &'static str, count: usize) {
        self.not_ready.get_or_create(&ReasonLabel { reason }).set(gauge(count));
    }

    /// Says whether reviews may be sent here, as /readyz does.
    pub fn ready(&self, yes: bool) {
        self.ready.set(yes.into());
    }

    /// Says how many Namespaces are known.
    pub fn namespaces(&self, count: usize) {
        self.namespaces.set(gauge(count));
    }

    /// Says how many policies and bindings of required companions are not as they should be.
    pub fn policies_out_of_sync(&self, count: usize) {
        self.policies_out_of_sync.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Says whether a watch works, and when the API server was last heard through it. The resource comes out of a closed
    /// set.
    pub fn watch(&self, resource: &'static str, works: bool, heard: Option<SystemTime>) {
        self.watches.get_or_create(&ResourceLabel { resource }).set(i64::from(!works));
        if let Some(heard) = heard {
            self.watches_heard.get_or_create(&ResourceLabel { resource }).set(timestamp(heard));
        }
    }

    /// Says how many mistakes there are in the manifests now: companions with one stay at their last good version.
    pub fn manifest_errors(&self, count: usize) {
        self.manifest_errors.set(gauge(count));
    }

    /// Adds a counter that somebody else keeps.
    pub fn register_counter(&mut self, name: &str, help: &str, counter: Counter) {
        self.registry.sub_registry_with_prefix("podgraft").register(name, help, counter);
    }

    /// Everything, as OpenMetrics text.
    #[must_use]
    pub fn scrape(&self) -> String {
        let mut text = String::with_capacity(16 << 10);
        // Writing to a String cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }

    fn verdict(&self, verdict: &Verdict<'_>) {
        if let Decision::Patch(patch) = &verdict.decision {
            #[allow(clippy::cast_precision_loss)] // bytes of one patch are far below 2^52
            self.patches.observe(patch.len() as f64);
        }
        for finding in &verdict.findings {
            let via = finding.via.map_or("None", |via| via.as_str());
            let effect = match finding.effect {
                Effect::Info => "Tell",
                Effect::Warn => "Warn",
                Effect::Deny => "Deny",
            };
            self.findings.get_or_create(&OutcomeLabels { reason: finding.reason.label(), via, effect }).inc();
        }
    }

    /// A series that is there before the first event can be watched for its first event.
    fn begin_at_zero(&self) {
        for webhook in ENTRIES {
            drop(self.durations.get_or_create(&WebhookLabel { webhook }));
            for result in RESULTS {
                drop(self.reviews.get_or_create(&ReviewLabels { webhook, result: result.as_str() }));
            }
        }
        for source in [Reloadable::Certificate, Reloadable::Companions] {
            for result in ["used", "rejected"] {
                drop(self.reloads.get_or_create(&SourceLabel { source: source.as_str(), result }));
            }
        }
    }

    fn registered(mut self) -> Self {
        self.registry.register_collector(Box::new(process::Process::default()));
        let r = self.registry.sub_registry_with_prefix("podgraft");
        r.register("reviews", "Reviews, by webhook and what came of them", self.reviews.clone());
        r.register("findings", "Reasons found in reviews", self.findings.clone());
        r.register("review_duration_seconds", "Time from body to answer", self.durations.clone());
        r.register("patch_bytes", "Length of patches", self.patches.clone());
        r.register("http_refused", "Requests that never became reviews, by HTTP status", self.refused.clone());
        r.register("panics", "Reviews and background tasks that failed for a bug", self.panics.clone());
        r.register("tls_handshake_failures", "TLS handshakes that failed", self.handshakes.clone());
        self.connections.register(r);
        self.certificates.register(r);
        r.register("ready", "Whether reviews may be sent here, as /readyz says", self.ready.clone());
        r.register("reloads", "Changes of what is loaded, and whether they are used", self.reloads.clone());
        r.register("companions", "Companions that are known", self.companions.clone());
        let help = "The same in replicas that use the same versions of the same companions";
        r.register("companions_hash", help, self.companions_hash.clone());
        let help = "Companions of the cluster whose newest version is not in use, and why";
        r.register("companions_not_ready", help, self.not_ready.clone());
        r.register("namespaces", "Namespaces that are known", self.namespaces.clone());
        r.register("watch_failing", "Whether a watch does not work at the moment", self.watches.clone());
        let help = "When the API server was last heard through a watch; every two minutes where nothing changes";
        r.register("watch_last_event_timestamp_seconds", help, self.watches_heard.clone());
        let help = "Policies and bindings of required companions that are not as they should be";
        r.register("policies_out_of_sync", help, self.policies_out_of_sync.clone());
        let errors = "Mistakes in the manifests now; a companion with one stays at its last good version";
        r.register("manifest_errors", errors, self.manifest_errors.clone());
        r.register("build", "What is running", Info::new(BuildLabels { version: env!("CARGO_PKG_VERSION") }));
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
    use crate::inject::verdict::reason::Outcome;
    use crate::inject::verdict::{Finding, Via};

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
    fn counts_reviews_and_reasons_without_names() {
        let finding = Finding {
            companion: Some("git-sync".into()),
            via: Some(Via::Pod),
            reason: Outcome::Injected.into(),
            effect: Effect::Info,
            outcome: true,
        };
        let verdict = Verdict { decision: Decision::Patch(b"[]".to_vec()), findings: vec![finding] };
        let metrics = Metrics::default();
        metrics.review(&record(Some(&verdict)), Duration::from_micros(12));
        let text = metrics.scrape();
        assert!(text.contains(r#"podgraft_reviews_total{webhook="requested",result="patched"} 1"#), "{text}");
        assert!(text.contains(r#"podgraft_findings_total{reason="Injected",via="Pod",effect="Tell"} 1"#), "{text}");
        assert!(text.contains(r#"podgraft_review_duration_seconds_count{webhook="requested"} 1"#), "{text}");
        assert!(text.contains("podgraft_patch_bytes_sum 2.0"), "{text}");
        assert!(!text.contains("git-sync") && !text.contains("secret-town"), "{text}");
    }

    #[test]
    fn tells_of_the_process() {
        let text = Metrics::default().scrape();
        for name in ["podgraft_build_info{version=", "process_resident_memory_bytes ", "process_start_time_seconds "] {
            assert!(text.contains(name), "no {name} in {text}");
        }
        assert!(text.ends_with("# EOF\n"));
    }
}
