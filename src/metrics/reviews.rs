//! What is counted of each review.

use std::sync::OnceLock;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::Registry;

use crate::admission::{ReviewRecord, ReviewResult};
use crate::inject::verdict::reason::{Outcome, Reason};
use crate::inject::verdict::{Decision, Effect, Finding, Verdict, Via};
use crate::webhook::Configuration;

const RESULTS: [ReviewResult; 5] = [
    ReviewResult::Patched,
    ReviewResult::Unchanged,
    ReviewResult::Denied,
    ReviewResult::Unavailable,
    ReviewResult::Unreadable,
];

/// All ways to request a companion.
const VIAS: [Via; 4] = [Via::Required, Via::Pod, Via::NamespaceList, Via::Automatic];

/// Counters of reviews. No label holds a name that a user chose, so no user can create series.
#[derive(Debug)]
pub(super) struct ReviewMetrics {
    reviews: Family<ReviewLabels, Counter>,
    findings: Family<FindingLabels, Counter>,
    durations: Family<WebhookLabel, Histogram, fn() -> Histogram>,
    patches: Histogram,
    /// The series of each webhook. Finding them by their labels would take longer than all else that is counted.
    by_webhook: Vec<WebhookSeries>,
    /// The series of injections, by the place of how the companion was requested in [`VIAS`], from the first one on.
    injected: [OnceLock<Counter>; VIAS.len()],
}

/// The series of reviews of one webhook.
#[derive(Debug)]
struct WebhookSeries {
    webhook: &'static str,
    /// In the order of [`RESULTS`].
    results: [Counter; RESULTS.len()],
    duration: Histogram,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReviewLabels {
    webhook: &'static str,
    result: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FindingLabels {
    reason: &'static str,
    via: &'static str,
    effect: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WebhookLabel {
    webhook: &'static str,
}

impl Default for ReviewMetrics {
    /// All series of reviews and durations, at zero: only a series that exists before its first event shows an increase at
    /// its first event.
    fn default() -> Self {
        let mut metrics = ReviewMetrics {
            reviews: Family::default(),
            findings: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(exponential_buckets(5e-6, 2.0, 16))),
            patches: Histogram::new(exponential_buckets(256.0, 4.0, 8)),
            by_webhook: Vec::new(),
            injected: Default::default(),
        };
        metrics.by_webhook = Configuration::SERVED.map(|webhook| metrics.series_of(webhook.as_str())).into();
        metrics
    }
}

impl ReviewMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        registry.register("reviews", "Reviews, by webhook and result", self.reviews.clone());
        registry.register("findings", "Reasons found in reviews", self.findings.clone());
        registry.register(
            "review_duration_seconds",
            "Time from the end of the request body to the response",
            self.durations.clone(),
        );
        registry.register("patch_bytes", "Length of patches", self.patches.clone());
    }

    /// The series of a webhook, which are created where they do not exist.
    fn series_of(&self, webhook: &'static str) -> WebhookSeries {
        let of = |result: ReviewResult| {
            self.reviews.get_or_create(&ReviewLabels { webhook, result: result.as_str() }).clone()
        };
        let duration = self.durations.get_or_create(&WebhookLabel { webhook }).clone();
        WebhookSeries { webhook, results: RESULTS.map(of), duration }
    }

    pub(super) fn record(&self, record: &ReviewRecord<'_>, took: Duration) {
        if let Some(series) = self.by_webhook.iter().find(|series| series.webhook == record.webhook) {
            let counters = RESULTS.iter().zip(&series.results).filter(|(result, _)| **result == record.result);
            for (_, counter) in counters {
                counter.inc();
            }
            series.duration.observe(took.as_secs_f64());
        }
        if let Some(verdict) = record.verdict {
            self.record_verdict(verdict);
        }
    }

    fn record_verdict(&self, verdict: &Verdict<'_>) {
        if let Decision::Patch(patch) = &verdict.decision {
            #[allow(clippy::cast_precision_loss)] // bytes of one patch are far below 2^52
            self.patches.observe(patch.len() as f64);
        }
        for finding in &verdict.findings {
            match self.injected_of(finding) {
                Some(series) => _ = series.get_or_init(|| self.series_of_finding(finding)).inc(),
                None => _ = self.series_of_finding(finding).inc(),
            }
        }
    }

    /// Where the series of a finding is kept, if it is an injection. Most findings are: hashing their labels would take as
    /// long as all else that is counted.
    fn injected_of(&self, finding: &Finding<'_>) -> Option<&OnceLock<Counter>> {
        if finding.reason != Reason::Outcome(Outcome::Injected) || finding.effect != Effect::Info {
            return None;
        }
        self.injected.get(VIAS.iter().position(|via| finding.via == Some(*via))?)
    }

    /// The series of a finding, which is created where it does not exist.
    fn series_of_finding(&self, finding: &Finding<'_>) -> Counter {
        let via = finding.via.map_or("None", |via| via.as_str());
        let effect = match finding.effect {
            Effect::Info => "Info",
            Effect::Warn => "Warn",
            Effect::Deny => "Deny",
        };
        self.findings.get_or_create(&FindingLabels { reason: finding.reason.label(), via, effect }).clone()
    }
}
