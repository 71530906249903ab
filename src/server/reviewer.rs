//! Connects the admission port to reviews, and reviews to metrics, log and events.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use tokio::runtime::Handle;

use super::metrics::ServerMetrics;
use crate::admission;
use crate::admission::{Answer, ReviewRecord};
use crate::api;
use crate::events::EventQueue;
use crate::http::{Heartbeat, Offload, Reviewer, Route};
use crate::inject::snapshot::Snapshot;
use crate::inject::verdict::Decision;
use crate::inject::verdict::reason::{Outcome, Reason};
use crate::telemetry;

/// How long the validation of a companion in the preview may take.
const PREVIEW_TIMEOUT: Duration = Duration::from_millis(500);
/// The warning where it takes longer, or cannot start.
const NOT_CHECKED: &str =
    "podgraft: the companion was not validated: validation is busy or took too long; run `podgraft validate`";

/// What is done with the record of each review. Clones share it.
#[derive(Clone)]
pub(super) struct Observer {
    pub(super) metrics: Arc<ServerMetrics>,
    /// `None` where events are disabled.
    pub(super) events: Option<EventQueue>,
}

/// Reviews against the current snapshot, and records each review. Companions in the preview are validated on a blocking
/// thread of the control runtime.
pub(super) fn reviewer(
    snapshot: Arc<ArcSwap<Snapshot>>,
    observer: Observer,
    heartbeat: Arc<Heartbeat>,
    control: Handle,
) -> Reviewer {
    let offload = validation(&snapshot, &observer, control);
    Reviewer::new(move |route, body| {
        heartbeat.during(|| match route {
            Route::Inject(webhook) => {
                let (started, snapshot) = (Instant::now(), snapshot.load());
                admission::review(body, webhook, &snapshot, |record| observer.observe(record, started, &snapshot))
            }
            // The offload selects companions before, so this is a workload.
            Route::Preview => preview(body, &snapshot, &observer, not_checked),
        })
    })
    .with_offload(offload)
}

/// The validation of companions in the preview, which can take longer than a review thread may be blocked.
fn validation(snapshot: &Arc<ArcSwap<Snapshot>>, observer: &Observer, control: Handle) -> Offload {
    let is_companion = |route, body: &[u8]| route == Route::Preview && admission::is_of_a_companion(body);
    let preview_with = |advise: fn(&str, &Snapshot) -> Vec<String>| {
        let (snapshot, observer) = (Arc::clone(snapshot), observer.clone());
        move |_, body: &[u8]| preview(body, &snapshot, &observer, advise)
    };
    Offload::new(is_companion, preview_with(api::advise), preview_with(not_checked), PREVIEW_TIMEOUT, control)
}

fn not_checked(_: &str, _: &Snapshot) -> Vec<String> {
    vec![NOT_CHECKED.to_owned()]
}

fn preview(
    body: &[u8],
    snapshot: &ArcSwap<Snapshot>,
    observer: &Observer,
    advise: impl FnOnce(&str, &Snapshot) -> Vec<String>,
) -> Answer {
    let (started, snapshot) = (Instant::now(), snapshot.load());
    let advise = |object: &str| advise(object, &snapshot);
    admission::preview(body, &snapshot, advise, |record| observer.observe(record, started, &snapshot))
}

impl Observer {
    fn observe(&self, record: &ReviewRecord<'_>, started: Instant, snapshot: &Snapshot) {
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
