//! The registry of the process, its review counters, and what Linux reports about it.
//!
//! Rooms that count something of their own have a type with a `register` method, which takes [`Metrics::registry`].

mod process;
mod reviews;

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::admission::ReviewRecord;
use process::Process;
use reviews::ReviewMetrics;

/// The metrics that every server has, and the registry of all others.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    reviews: ReviewMetrics,
    /// Reviews and background tasks that panicked.
    pub panics: Counter,
    ready: Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

impl Default for Metrics {
    fn default() -> Self {
        let (reviews, panics, ready) = (ReviewMetrics::default(), Counter::default(), Gauge::default());
        let mut metrics = Metrics { registry: Registry::default(), reviews, panics, ready };
        metrics.registry.register_collector(Box::new(Process::default()));
        let registry = metrics.registry.sub_registry_with_prefix("podgraft");
        metrics.reviews.register(registry);
        let help = "Reviews and background tasks that panicked, which is a bug";
        registry.register("panics", help, metrics.panics.clone());
        let help = "Whether this replica is ready for reviews, as /readyz reports";
        registry.register("ready", help, metrics.ready.clone());
        let build = Info::new(BuildLabels { version: env!("CARGO_PKG_VERSION") });
        registry.register("build", "Version of podgraft", build);
        metrics
    }
}

impl Metrics {
    /// Counts a review.
    pub fn review(&self, record: &ReviewRecord<'_>, took: Duration) {
        self.reviews.record(record, took);
    }

    /// Sets whether /readyz passes.
    pub fn ready(&self, yes: bool) {
        self.ready.set(yes.into());
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::ReviewResult;
    use crate::inject::verdict::reason::Outcome;
    use crate::inject::verdict::{Decision, Effect, Finding, Verdict, Via};

    fn record<'a>(verdict: Option<&'a Verdict<'a>>) -> ReviewRecord<'a> {
        ReviewRecord {
            webhook: "requested",
            result: ReviewResult::Patched,
            uid: "1-2",
            namespace: "secret-town",
            name: "web",
            dry_run: false,
            owner_references: "",
            verdict,
            complaint: "",
        }
    }

    #[test]
    fn reviews_and_reasons_are_counted_without_names() {
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
