//! What is done with the record of each review: metrics, log and events.

use std::sync::Arc;
use std::time::Instant;

use crate::admission::ReviewRecord;
use crate::events::EventQueue;
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::Decision;
use crate::inject::verdict::reason::{Outcome, Reason};
use crate::server::metrics::ServerMetrics;
use crate::telemetry;

/// What is done with the record of each review. Clones share it.
#[derive(Clone)]
pub(crate) struct Observer {
    pub(crate) metrics: Arc<ServerMetrics>,
    /// `None` where events are disabled.
    pub(crate) events: Option<EventQueue>,
}

impl Observer {
    /// Counts, logs and reports a review.
    pub(super) fn observe(&self, record: &ReviewRecord<'_>, started: Instant, snapshot: &Snapshot) {
        let took = started.elapsed();
        self.metrics.process.review(record, took);
        telemetry::review(record, took);
        count_injections(record, snapshot);
        if let Some(events) = &self.events {
            events.report(record);
        }
    }
}

/// Counts the companions that a review has injected, in the companions themselves.
fn count_injections(record: &ReviewRecord<'_>, snapshot: &Snapshot) {
    let is_patched = |decision: &Decision| matches!(decision, Decision::Patch(_));
    let Some(verdict) = record.verdict.filter(|v| is_patched(&v.decision) && !record.dry_run) else { return };
    for finding in verdict.findings.iter().filter(|f| f.reason == Reason::Outcome(Outcome::Injected)) {
        let name = finding.companion.as_deref().unwrap_or_default();
        let entry = snapshot.companions.resolve(record.namespace, name);
        if let Some(companion) = entry.and_then(|entry| entry.valid()) {
            companion.injections.increment();
        }
    }
}
